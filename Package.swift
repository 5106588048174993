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

let backendDependencies: [Target.Dependency] = hasOneDNN ? ["COneDNN"] : []
let backendTargets: [Target] = hasOneDNN ? [.systemLibrary(name: "COneDNN")] : []
let backendSettings: [SwiftSetting] = hasOneDNN ? [.define("BDA_ONEDNN")] : []

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

// MARK: - Targets

/// System libraries: a module map and a shim header each (design: C types never leave one module).
let cTargets: [Target] =
  backendTargets + [
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev", "pkg-config"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
  ]

/// Numbers, data and methods.
let coreTargets: [Target] = [
  .target(
    name: "Tensors", dependencies: backendDependencies, swiftSettings: tuning + backendSettings),
  .target(
    name: "Datasets", dependencies: ["Tensors", "CHDF5", "CZlib", "CPNG"], swiftSettings: tuning),
  .target(name: "Autodiff", dependencies: ["Tensors"], swiftSettings: tuning),
  .target(name: "Networks", dependencies: ["Autodiff"], swiftSettings: tuning),
  .target(name: "Bilevel", dependencies: ["Autodiff"], swiftSettings: tuning),
]

/// Evidence, and the meeting point.
let evidenceTargets: [Target] = [
  .target(name: "Results"),
  .target(name: "Reporting", dependencies: ["Results"]),
  .target(
    name: "Experiments",
    dependencies: ["Datasets", "Networks", "Bilevel", "Results", argumentParser, yams],
    swiftSettings: tuning),
]

let executableTargets: [Target] = [
  .executableTarget(
    name: "counter-example", dependencies: ["Experiments", argumentParser], swiftSettings: tuning),
  .executableTarget(
    name: "hyper-cleaning", dependencies: ["Experiments", argumentParser], swiftSettings: tuning),
  .executableTarget(
    name: "hyper-representation", dependencies: ["Experiments", argumentParser],
    swiftSettings: tuning),
  .executableTarget(
    name: "few-shot", dependencies: ["Experiments", argumentParser], swiftSettings: tuning),
  .executableTarget(name: "datasets", dependencies: ["Datasets", argumentParser]),
  .executableTarget(name: "report", dependencies: ["Reporting", argumentParser]),
  // Rows of the speed table that no experiment's `hypergradient` command covers.
  .executableTarget(
    name: "performance-row", dependencies: ["Experiments", argumentParser],
    path: "experiments/performance/Row", swiftSettings: tuning),
]

let testTargets: [Target] = [
  .target(name: "TestSupport", dependencies: ["Tensors", "Results"], path: "Tests/TestSupport"),
  .testTarget(
    name: "TensorsTests", dependencies: ["Tensors", "TestSupport"], swiftSettings: backendSettings),
  // CHDF5 directly: the tests write what the wrapper never would (odd types, damaged layouts).
  .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "CHDF5", "TestSupport"]),
  .testTarget(name: "AutodiffTests", dependencies: ["Autodiff", "TestSupport"]),
  .testTarget(name: "NetworksTests", dependencies: ["Networks", "TestSupport"]),
  .testTarget(name: "BilevelTests", dependencies: ["Bilevel", "Datasets", "TestSupport"]),
  .testTarget(name: "ResultsTests", dependencies: ["Results", "TestSupport"]),
  .testTarget(name: "ReportingTests", dependencies: ["Reporting", "TestSupport"]),
  .testTarget(name: "ExperimentsTests", dependencies: ["Experiments", "TestSupport"]),
  .testTarget(
    name: "CommandTests",
    dependencies: [
      "Bilevel", "Experiments", "Networks", "Datasets", "Results", "TestSupport",
      "counter-example", "hyper-cleaning", "hyper-representation", "few-shot", "datasets",
      "report",
    ]),
]

let package = Package(
  name: "bilevel-descent-aggregation",
  products: [
    .library(name: "Bilevel", targets: ["Bilevel", "Autodiff", "Tensors"]),
    .executable(name: "counter-example", targets: ["counter-example"]),
    .executable(name: "hyper-cleaning", targets: ["hyper-cleaning"]),
    .executable(name: "hyper-representation", targets: ["hyper-representation"]),
    .executable(name: "few-shot", targets: ["few-shot"]),
    .executable(name: "datasets", targets: ["datasets"]),
    .executable(name: "report", targets: ["report"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.3.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: cTargets + coreTargets + evidenceTargets + executableTargets + testTargets,
  swiftLanguageModes: [.v6]
)
