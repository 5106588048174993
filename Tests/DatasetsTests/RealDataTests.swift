import Datasets
import Foundation
import TestSupport
import Testing

/// Where the real files may be: `BDA_MIRROR`, else a folder beside the package.
private let mirror: DataFolder? = {
  let named = ProcessInfo.processInfo.environment["BDA_MIRROR"] ?? ""
  let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let beside = package.appendingPathComponent("../shared/datasets").standardized.path
  let folder = DataFolder(path: named.isEmpty ? beside : named)
  let isComplete = ImageSource.all.flatMap { source in
    source.files.map { (try? folder.existingOriginal($0, of: source)) != nil }
  }.allSatisfy { $0 }
  if !isComplete {
    print("Skipping the tests on real data: \(folder.path) does not hold it (set BDA_MIRROR).")
  }
  return isComplete ? folder : nil
}()

@Suite("Real data", .enabled(if: mirror != nil, "The real files are not there (set BDA_MIRROR)."))
struct RealDataTests {
  @Test(arguments: ImageSource.all.map(\.name))
  func testSplitsConvertAndVerify(name: String) throws {
    let mirror = try #require(mirror)
    let source = try #require(ImageSource.named(name))
    let split = try #require(source.splits.last)
    let folder = try TemporaryFolder()
    let data = DataFolder(path: folder.path)
    _ = try data.convert(split, of: source, mirror: mirror, command: "a test")
    let dataset = try data.verifyReady(split, of: source)
    let shape = name == "cifar-10-subset" ? [9_874, 32, 32, 3] : [10_000, 28, 28]
    #expect(dataset.shape == shape && dataset.classCount == 10)
    if name == "mnist" {
      // Counted in the published label file.
      let counts = (0..<10).map { digit in dataset.labels.count(where: { Int($0) == digit }) }
      #expect(counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    }
  }

  @Test func trainingFilesHaveTheirDigests() throws {
    let mirror = try #require(mirror)
    for source in ImageSource.all {
      for file in source.files { _ = try mirror.verifyOriginal(file, of: source) }
    }
  }
}
