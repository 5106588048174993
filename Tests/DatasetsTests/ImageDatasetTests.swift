import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Image data sets")
struct ImageDatasetTests {
  private func small(channels: Int = 1) throws -> ImageDataset {
    let shape = channels == 1 ? [6, 4, 3] : [6, 4, 3, channels]
    let count = shape.reduce(1, *)
    return try ImageDataset(
      name: "small", split: "train", shape: shape,
      images: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 11) },
      labels: [0, 1, 2, 2, 1, 0], classNames: ["null", "eins", "zw\u{f6}lf"],
      provenance: ImageProvenance(
        source: "a test", sourceDigests: ["sha256:00 a", "sha256:11 b"], command: "none",
        tool: "tests", isSynthetic: true))
  }

  @Test(arguments: [1, 3]) func roundTrip(channels: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("small-train.h5")
    let dataset = try small(channels: channels)
    try dataset.save(path)
    let loaded = try ImageDataset.load(path)
    #expect(loaded.path == path)
    #expect(loaded.images == dataset.images && loaded.labels == dataset.labels)
    #expect(loaded.shape == dataset.shape && loaded.channels == channels)
    #expect(loaded.classNames == dataset.classNames && loaded.provenance == dataset.provenance)
    #expect(loaded.name == "small" && loaded.split == "train" && loaded.isSynthetic)
    #expect(loaded.contentDigest == dataset.contentDigest)
    // The same data set is the same bytes, and nothing else is in the folder.
    let first = try Data(contentsOf: URL(fileURLWithPath: path))
    try dataset.save(path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    #expect(try folder.names() == ["small-train.h5"])
  }

  @Test func featuresAreFractionsOf255() throws {
    let dataset = try small()
    let features: Tensor<Double> = dataset.features(at: [5, 0])
    #expect(features.shape == [2, 12])
    for column in 0..<12 {
      #expect(features[0, column] == Double(dataset.images[60 + column]) / 255)
      #expect(features[1, column] == Double(dataset.images[column]) / 255)
    }
    #expect(dataset.features(as: Float.self).shape == [6, 12])
    #expect(dataset.labels(at: [3, 1]) == [2, 1])
  }

  @Test func peopleMayBringTheirOwnFiles() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("mine.h5")
    let writer = try HDF5Writer(path: path)
    try writer.write([0, 255, 3, 4].map { Int32($0) }, shape: [2, 1, 2], to: "images")
    try writer.write([0, 4] as [Float], shape: [2], to: "labels")
    try writer.finish()
    let dataset = try ImageDataset.load(path)
    #expect(dataset.images == [0, 255, 3, 4] && dataset.labels == [0, 4])
    #expect(dataset.name == "mine" && dataset.classNames == ["0", "1", "2", "3", "4"])
    #expect(!dataset.isSynthetic)
  }

  /// A file with one thing wrong: what is written, and the part of the sentence that names it.
  struct Bad: Sendable, CustomTestStringConvertible {
    let sentence: String
    let write: @Sendable (HDF5Writer) throws -> Void
    var testDescription: String { sentence }
  }

  static let bad: [Bad] = [
    Bad(sentence: "has no object named 'images'") { writer in
      try writer.write([0] as [UInt8], shape: [1], to: "labels")
    },
    Bad(sentence: "has no object named 'labels'") { writer in
      try writer.write([0] as [UInt8], shape: [1, 1, 1], to: "images")
    },
    Bad(sentence: "'images' in the file") { writer in
      try writer.write([0, 1] as [UInt8], shape: [1, 2], to: "images")
      try writer.write([0] as [UInt8], shape: [1], to: "labels")
    },
    Bad(sentence: "has the shape [1, 1], and [count] is needed") { writer in
      try writer.write([0] as [UInt8], shape: [1, 1, 1], to: "images")
      try writer.write([0] as [UInt8], shape: [1, 1], to: "labels")
    },
    Bad(sentence: "There are 1 images and 2 labels") { writer in
      try writer.write([0] as [UInt8], shape: [1, 1, 1], to: "images")
      try writer.write([0, 1] as [UInt8], shape: [2], to: "labels")
    },
    Bad(sentence: "There are no images") { writer in
      try writer.write([] as [UInt8], shape: [0, 2, 2], to: "images")
      try writer.write([] as [UInt8], shape: [0], to: "labels")
    },
    Bad(sentence: "have no pixels") { writer in
      try writer.write([] as [UInt8], shape: [2, 0, 2], to: "images")
      try writer.write([0, 0] as [UInt8], shape: [2], to: "labels")
    },
    Bad(sentence: "Label 2 at position 1") { writer in
      try writer.write([0, 0] as [UInt8], shape: [2, 1, 1], to: "images")
      try writer.write([1, 2] as [UInt8], shape: [2], to: "labels")
      try writer.setAttribute("classNames", .strings(["a", "b"]))
    },
    Bad(sentence: "'labels'") { writer in
      try writer.write([0, 0] as [UInt8], shape: [2, 1, 1], to: "images")
      try writer.write([1, -2] as [Int64], shape: [2], to: "labels")
    },
    Bad(sentence: "holds 0.5 at position 1, which is not a whole number") { writer in
      try writer.write([0, 0.5] as [Float], shape: [2, 1, 1], to: "images")
      try writer.write([1, 2] as [UInt8], shape: [2], to: "labels")
    },
    Bad(sentence: "at position 1, which is outside 0...") { writer in
      try writer.write([0, 0] as [UInt8], shape: [2, 1, 1], to: "images")
      try writer.write([1, 1e30] as [Double], shape: [2], to: "labels")
    },
    Bad(sentence: "holds 256 at position 0, which is outside 0...255") { writer in
      try writer.write([256, 0] as [Int16], shape: [2, 1, 1], to: "images")
      try writer.write([1, 2] as [UInt8], shape: [2], to: "labels")
    },
    Bad(sentence: "not the recorded abc") { writer in
      try writer.write([9] as [UInt8], shape: [1, 1, 1], to: "images")
      try writer.write([0] as [UInt8], shape: [1], to: "labels")
      try writer.setAttribute("contentDigest", .string("abc"))
    },
    Bad(sentence: "'/@name'") { writer in
      try writer.write([9] as [UInt8], shape: [1, 1, 1], to: "images")
      try writer.write([0] as [UInt8], shape: [1], to: "labels")
      try writer.setAttribute("name", .integer(3))
    },
  ]

  @Test(arguments: bad) func eachWrongFileHasItsSentence(bad: Bad) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("bad.h5")
    let writer = try HDF5Writer(path: path)
    try bad.write(writer)
    try writer.finish()
    let error = datasetError { _ = try ImageDataset.load(path) }
    #expect(error?.message.contains(bad.sentence) == true, "\(error?.message ?? "no error")")
    #expect(error?.message.contains(path) == true)
    #expect(error.map { isSentence($0.message) } == true)
    #expect(error?.exitCode == 65)
  }

  @Test func everyTruncationIsFound() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("small.h5")
    try small().save(path)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for count in stride(from: 0, to: bytes.count, by: 61) {
      let cut = try folder.write(Array(bytes[..<count]), to: "cut.h5")
      let error = datasetError { _ = try ImageDataset.load(cut) }
      #expect(error?.kind == .malformed, "\(count) bytes: \(error?.message ?? "no error")")
      #expect(error?.message.contains(cut) == true)
    }
  }

  /// A flipped bit is either found or did not touch pixels and labels.
  @Test func noFlippedBitChangesPixelsOrLabels() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("small.h5")
    let dataset = try small()
    try dataset.save(path)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var random = RandomStream(seed: 5, purpose: "bit flips")
    var found = 0
    for _ in 0..<1_500 {
      var damaged = bytes
      damaged[random.integer(below: bytes.count)] ^= 1 << UInt8(random.integer(below: 8))
      let file = try folder.write(damaged, to: "flipped.h5")
      do {
        let loaded = try ImageDataset.load(file)
        #expect(loaded.images == dataset.images && loaded.labels == dataset.labels)
      } catch {
        found += 1
        #expect(error.message.contains(file))
      }
    }
    // Most of so small a file is reserved space, where a flip changes nothing.
    #expect(found > 40, "only \(found) of 1,500 flips were found")
  }

  @Test func anAbsentSetNamesTheCommandThatMakesIt() throws {
    let folder = try TemporaryFolder()
    let data = DataFolder(path: folder.path)
    for (name, command) in [
      ("mnist", "datasets fetch mnist && datasets convert mnist"),
      ("synthetic-digits", "datasets synthesise"), ("other", "datasets list"),
    ] {
      let error = datasetError { _ = try data.load(name: name, split: "train") }
      #expect(error?.kind == .missing && error?.exitCode == 66)
      #expect(error?.message.contains(command) == true)
    }
  }
}
