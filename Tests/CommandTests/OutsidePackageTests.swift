import Foundation
import TestSupport
import Testing

/// A package outside this one depends on the libraries by path and uses them.
///
/// By default on `Results` alone, which builds in a minute; with BDA_TEST_OUTSIDE=all on all six,
/// which takes as long as building the suite anew.
@Suite("A package outside this one")
struct OutsidePackageTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let asksForAll =
    ProcessInfo.processInfo.environment["BDA_TEST_OUTSIDE"] == "all"

  /// A program that uses each product, and says what it found.
  // The word `import` is put in, so that nobody takes these for imports of the test itself.
  private static let program = """
    \("import") Results
    let record: Value = ["b": 1, "a": 2.5]
    print("Results", record.canonicalText)
    """

  private static let programOfAll =
    program + """

      \("import") Autodiff
      \("import") Bilevel
      \("import") Datasets
      \("import") Networks
      \("import") Tensors
      let digits = SyntheticDigits.dataset(count: 3, split: "train", seed: 1)
      let features: Tensor<Float> = digits.features()
      let network = FullyConnectedNetwork(widths: [784, 10], activation: .identity)
      var stream = RandomStream(seed: 1, purpose: "outside")
      let x: [Tensor<Float>] = network.glorotParameters(using: &stream)
      let logits = network(.constant(features), parameters: x.map { .constant($0) }).value
      print("all", logits.shape, MethodCatalogue.standard.methods.count)
      """

  private func swift(
    _ arguments: [String], in folder: TemporaryFolder
  ) throws -> (code: Int32, text: String) {
    let swift = try CapturedOutput(
      of: "/usr/bin/env", ["swift"] + arguments,
      environment: ProcessInfo.processInfo.environment
        .filter { !$0.key.hasPrefix("BDA_") }.merging(["BDA_TUNE": "generic"]) { $1 },
      folder: folder.path)
    return (swift.code, swift.text)
  }

  @Test("It builds and runs", .timeLimit(.minutes(20)))
  func builds() throws {
    let products =
      Self.asksForAll
      ? ["Tensors", "Autodiff", "Networks", "Bilevel", "Datasets", "Results"] : ["Results"]
    let folder = try TemporaryFolder()
    let listed = products.map { ".product(name: \"\($0)\", package: \"suite\")" }
    let manifest = """
      // swift-tools-version: 6.0
      \("import") PackageDescription
      let package = Package(
        name: "outside",
        dependencies: [.package(name: "suite", path: "\(Self.root.path)")],
        targets: [
          .executableTarget(
            name: "outside", dependencies: [\(listed.joined(separator: ", "))])
        ],
        swiftLanguageModes: [.v6])
      """
    _ = try folder.write(Array(manifest.utf8), to: "Package.swift")
    _ = try folder.write(
      Array((Self.asksForAll ? Self.programOfAll : Self.program).utf8),
      to: "Sources/outside/main.swift")
    let resolved = try? swift(["package", "resolve"], in: folder)
    guard let resolved, resolved.code == 0 else {
      print(
        "Skipped: no package outside can be resolved here, so nothing was built: "
          + (resolved?.text.suffix(300) ?? "there is no command swift."))
      return
    }
    let built = try swift(["build", "--product", "outside"], in: folder)
    #expect(built.code == 0, "\(built.text.suffix(2000))")
    let ran = try swift(["run", "--skip-build", "outside"], in: folder)
    #expect(ran.code == 0)
    #expect(ran.text.contains("Results {\"a\":2.5,\"b\":1}"), "\(ran.text)")
    if Self.asksForAll { #expect(ran.text.contains("all [3, 10] "), "\(ran.text)") }
  }
}
