// swift-tools-version: 6.0
import Foundation
import PackageDescription

// MARK: - What this machine offers

/// oneDNN is optional: used where its header is installed, unless `BDA_BACKEND=portable` is set.
let environment = ProcessInfo.processInfo.environment
let oneDNNHeaders = [
  "/usr/include/oneapi/dnnl/dnnl.h", "/usr/include/dnnl.h", "/usr/local/include/dnnl.h",
  "/usr/local/include/oneapi/dnnl/dnnl.h",
]
let oneDNNHeader =
  environment["BDA_BACKEND"] == "portable"
  ? nil : oneDNNHeaders.first { FileManager.default.fileExists(atPath: $0) }
let hasOneDNN = oneDNNHeader != nil

/// Kernels are compiled for the vector units of the host; `BDA_TUNE=generic` builds for any machine
/// of the architecture (and lets another package depend on this one, which unsafe flags forbid).
let tuning: [SwiftSetting] =
  environment["BDA_TUNE"] == "generic" ? [] : [.unsafeFlags(["-Xcc", "-march=native"])]

/// Tests look into these modules in release builds, too. None of them is part of a library product.
let testable: [SwiftSetting] = [.unsafeFlags(["-enable-testing"])]

let backendDependencies: [Target.Dependency] = hasOneDNN ? ["COneDNN"] : []
let backendTargets: [Target] = hasOneDNN ? [.systemLibrary(name: "COneDNN")] : []
let backendSettings: [SwiftSetting] = hasOneDNN ? [.define("BDA_ONEDNN")] : []

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

// MARK: - Targets

/// System libraries: a module map and a shim header each (design: C types never leave one module).
/// `CInstructions` is headers alone: what processors do and Swift has no word for.
let cTargets: [Target] =
  backendTargets + [
    .systemLibrary(name: "CInstructions"),
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev", "pkg-config"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
  ]

/// Numbers, data and methods.
let coreTargets: [Target] = [
  .target(name: "Files"),
  .target(
    name: "Tensors", dependencies: backendDependencies + ["CInstructions"],
    swiftSettings: tuning + backendSettings),
  .target(
    name: "Datasets", dependencies: ["Files", "Tensors", "CHDF5", "CZlib", "CPNG"],
    swiftSettings: tuning),
  .target(name: "Autodiff", dependencies: ["Tensors"], swiftSettings: tuning),
  .target(name: "Networks", dependencies: ["Tensors", "Autodiff"], swiftSettings: tuning),
  .target(name: "Bilevel", dependencies: ["Tensors", "Autodiff"], swiftSettings: tuning),
]

/// Evidence, what all commands share, and the meeting point.
let evidenceTargets: [Target] = [
  .target(name: "Results", dependencies: ["Files"]),
  .target(name: "Reporting", dependencies: ["Files", "Results"], swiftSettings: testable),
  .target(name: "Commands", dependencies: ["Files", argumentParser], swiftSettings: testable),
  .target(
    name: "Experiments",
    dependencies: [
      "Files", "Commands", "Tensors", "Datasets", "Autodiff", "Networks", "Bilevel", "Results",
      argumentParser, yams,
    ],
    swiftSettings: tuning + testable),
]

/// What every experiment imports; all of it is declared, since a module that is imported but not
/// declared is not recompiled when it changes, and the executable keeps the old layout of its types and
/// the old code that was inlined. That goes for modules that come along with an imported one, too.
let experimentDependencies: [Target.Dependency] = [
  "Files", "Commands", "Tensors", "Datasets", "Autodiff", "Bilevel", "Results", "Experiments",
  argumentParser,
]

/// What one experiment works with and other programs could use: its problem, data, baselines and
/// evaluation, and what becomes of what it has learned.
let experimentLibraries: [Target] = [
  .target(
    name: "LabelCleaning", dependencies: experimentDependencies + ["Networks"],
    swiftSettings: tuning + testable),
  .target(
    name: "RepresentationLearning", dependencies: experimentDependencies + ["Networks"],
    swiftSettings: tuning + testable),
  .target(
    name: "FewShotLearning", dependencies: experimentDependencies + ["Networks"],
    swiftSettings: tuning + testable),
]

let executableTargets: [Target] = [
  .executableTarget(
    name: "counter-example", dependencies: experimentDependencies, swiftSettings: tuning + testable),
  .executableTarget(
    name: "hyper-cleaning", dependencies: experimentDependencies + ["Networks", "LabelCleaning"],
    swiftSettings: tuning + testable),
  .executableTarget(
    name: "hyper-representation",
    dependencies: experimentDependencies + ["Networks", "RepresentationLearning"],
    swiftSettings: tuning + testable),
  .executableTarget(
    name: "few-shot", dependencies: experimentDependencies + ["Networks", "FewShotLearning"],
    swiftSettings: tuning + testable),
  .executableTarget(
    name: "datasets", dependencies: ["Files", "Commands", "Datasets", argumentParser]),
  .executableTarget(
    name: "sweep", dependencies: ["Files", "Commands", "Experiments", argumentParser]),
  .executableTarget(
    name: "report", dependencies: ["Files", "Commands", "Results", "Reporting", argumentParser]),
]

/// Readers as fuzzing drives them, for tests that replay and, where asked for, for libFuzzer.
let fuzzTargets: [Target] =
  [
    .target(
      name: "FuzzReaders",
      dependencies: [
        "Files", "Commands", "Tensors", "Datasets", "Autodiff", "Bilevel", "Results", "Experiments",
      ],
      path: "Tests/FuzzReaders")
  ]
  + (environment["BDA_FUZZ"] == "1"
    ? [.executableTarget(name: "fuzz", dependencies: ["FuzzReaders"], path: "Tests/fuzz")] : [])

/// Tests of commands, files and records wait for processes and compare texts: optimising them would
/// take longer than they run. Tests of numbers loop over them, and are optimised.
let unoptimised: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

let testTargets: [Target] = [
  .target(
    name: "TestSupport", dependencies: ["Files", "Tensors", "Autodiff", "Bilevel", "Results"],
    path: "Tests/TestSupport"),
  .testTarget(
    name: "FilesTests", dependencies: ["Files", "TestSupport"], swiftSettings: unoptimised),
  .testTarget(
    name: "CommandsTests", dependencies: ["Files", "Commands", "TestSupport", argumentParser],
    swiftSettings: unoptimised),
  .testTarget(
    name: "TensorsTests", dependencies: ["Tensors", "TestSupport"], swiftSettings: backendSettings),
  // CHDF5 directly: the tests write what the wrapper never would (odd types, damaged layouts).
  .testTarget(
    name: "DatasetsTests",
    dependencies: ["Files", "Tensors", "Datasets", "CHDF5", "TestSupport", "FuzzReaders"],
    swiftSettings: unoptimised),
  .testTarget(name: "AutodiffTests", dependencies: ["Tensors", "Autodiff", "TestSupport"]),
  .testTarget(
    name: "NetworksTests", dependencies: ["Tensors", "Autodiff", "Networks", "TestSupport"]),
  .testTarget(
    name: "BilevelTests",
    dependencies: ["Tensors", "Autodiff", "Bilevel", "Datasets", "TestSupport"]),
  .testTarget(
    name: "ResultsTests", dependencies: ["Files", "Results", "TestSupport"],
    swiftSettings: unoptimised),
  .testTarget(
    name: "ReportingTests",
    dependencies: ["Tensors", "Autodiff", "Bilevel", "Results", "Reporting", "TestSupport"],
    swiftSettings: unoptimised),
  .testTarget(
    name: "ExperimentsTests",
    dependencies: [
      "Files", "Commands", "Tensors", "Datasets", "Autodiff", "Networks", "Bilevel", "Results",
      "Experiments", "LabelCleaning", "RepresentationLearning", "FewShotLearning",
      "counter-example", "TestSupport", "FuzzReaders", argumentParser,
    ],
    swiftSettings: unoptimised),
  .testTarget(
    name: "CommandTests",
    dependencies: [
      "Files", "Commands", "Tensors", "Autodiff", "Bilevel", "Experiments", "Networks", "Datasets",
      "Results", "LabelCleaning", "RepresentationLearning", "FewShotLearning", "TestSupport",
      "counter-example", "hyper-cleaning", "hyper-representation", "few-shot", "datasets", "report",
      "sweep",
    ],
    swiftSettings: unoptimised),
]

/// Each module for other packages; its own dependencies come along.
let libraries: [Product] = ["Tensors", "Autodiff", "Networks", "Bilevel", "Datasets", "Results"]
  .map { .library(name: $0, targets: [$0]) }

let executables: [Product] = executableTargets.map {
  .executable(name: $0.name, targets: [$0.name])
}

let package = Package(
  name: "bilevel-descent-aggregation",
  products: libraries + executables,
  // Pinned here and not by Package.resolved, whose commit ids differ between mirrors.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: cTargets + coreTargets + evidenceTargets + experimentLibraries + executableTargets
    + fuzzTargets + testTargets,
  swiftLanguageModes: [.v6]
)
