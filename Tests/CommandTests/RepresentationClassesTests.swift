import Datasets
import Experiments
import Tensors
import TestSupport
import Testing

@testable import RepresentationLearning

/// A label is a position among the names of its own file: it must be the same class in the training and
/// the test file.
@Suite("Classes of training and test files")
struct RepresentationClassesTests {
  private let temporary: TemporaryFolder
  private let folder: DataFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try NumberedImages.write(train: 100, test: 40, to: temporary.path)
  }

  private func path(_ split: String) -> String { folder.readyPath(name: "numbered", split: split) }

  /// A file whose classes have names, given in the order of those of the training file; each image is of
  /// the class that it says it is of.
  private func save(_ split: String, names: [String], order: [Int] = [0, 1, 2, 3, 4]) throws {
    let isTestFile = split == "test"
    let usual = try NumberedImages.dataset(count: isTestFile ? 40 : 100, isTestFile: isTestFile)
    try ImageDataset(
      name: "numbered", split: split, shape: usual.shape, images: usual.images,
      labels: usual.labels.map { label in
        UInt8(order.firstIndex(of: Int(label)) ?? 0)
      }, classNames: order.map { names[$0] }, provenance: usual.provenance
    ).save(path(split))
  }

  /// A file without names, whose labels are below a number.
  private func saveUnnamed(_ split: String, below count: Int) throws {
    let writer = try HDF5Writer(path: path(split))
    let images = (0..<60 * 4).map { UInt8($0 * 37 % 251) }
    try writer.write(images, shape: [60, 2, 2], to: "images")
    try writer.write((0..<60).map { Int64($0 % count) }, shape: [60], to: "labels")
    try writer.finish()
  }

  private func refusal() throws -> DatasetError? {
    var settings = RepresentationSettings()
    settings.data.name = "numbered"
    settings.data.perClass = 2
    settings.data.validation = 20
    do { _ = try RepresentationData<Double>(settings, folder: folder, seed: 0) } catch {
      return try #require(error as? DatasetError, "\(error)")
    }
    return nil
  }

  @Test("The same classes in another order are refused, and so are others, naming the first")
  func otherOrder() throws {
    let names = ["cat", "dog", "owl", "fox", "elk"]
    try save("train", names: names)
    try save("test", names: names)
    #expect(try refusal() == nil)
    try save("test", names: names, order: [0, 1, 3, 2, 4])
    let error = try #require(try refusal())
    #expect(error.exitCode == 65)
    #expect(
      error.message
        == "The label 2 is \"owl\" in \(path("train")) and \"fox\" in \(path("test")): store the "
        + "same classNames in both, and labels that count in them.")
    try save("test", names: ["cat", "dog", "owl", "fox", "bat"])
    #expect(try #require(try refusal()).message.contains("The label 4 is \"elk\" in"))
  }

  @Test("Names that are equal as texts and not as bytes are two")
  func spelling() throws {
    try save("train", names: ["caf\u{e9}", "b", "c", "d", "e"])
    try save("test", names: ["cafe\u{301}", "b", "c", "d", "e"])
    let message = try #require(try refusal()).message
    #expect(message.contains(#"is "caf\u{00E9}" in"#), "\(message)")
    #expect(message.contains(#"and "cafe\u{0301}" in"#), "\(message)")
  }

  @Test("Where a file has no names they are 0, 1, ...; the last classes may have no test images")
  func unnamed() throws {
    try saveUnnamed("train", below: 5)
    for count in [5, 4] {
      try saveUnnamed("test", below: count)
      #expect(try refusal() == nil, "\(count) classes")
    }
    try saveUnnamed("test", below: 6)
    #expect(try #require(try refusal()).message.contains("in 6 classes"))
    // Digits that are not in their order.
    let digits = ["0", "1", "2", "3", "4"]
    try save("test", names: digits)
    #expect(try refusal() == nil)
    try save("test", names: digits, order: [1, 0, 2, 3, 4])
    #expect(try #require(try refusal()).message.contains("The label 0 is \"0\" in"))
    // Names beside numbers are no contradiction.
    try save("test", names: ["cat", "dog", "owl", "fox", "elk"])
    #expect(try refusal() == nil)
  }

  @Test("One class, and a class without images, are refused with what to do")
  func classesWithoutImages() throws {
    try saveUnnamed("train", below: 1)
    try saveUnnamed("test", below: 1)
    #expect(try #require(try refusal()).message.contains("nothing to tell apart"))
    try save("train", names: ["a", "b", "c", "d", "e", "f"], order: [0, 1, 2, 3, 4, 5])
    #expect(
      try #require(try refusal()).message.contains(
        "The class 5 (\"f\") of \(path("train")) has no images"))
  }

  @Test("Held-out images of the training file have its classes")
  func trainingFile() throws {
    try save("train", names: ["a", "b", "c", "d", "e"])
    try save("test", names: ["e", "d", "c", "b", "a"])
    #expect(try refusal() != nil)
    var settings = RepresentationSettings()
    settings.data.name = "numbered"
    settings.data.perClass = 2
    settings.data.validation = 20
    settings.data.testsOnTrainingFile = true
    let data = try RepresentationData<Double>(settings, folder: folder, seed: 0)
    #expect(data.test?.labels.isEmpty == false)
  }
}
