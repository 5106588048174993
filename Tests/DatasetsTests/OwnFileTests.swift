import Datasets
import Foundation
import TestSupport
import Testing

/// Files that people write themselves: what is understood otherwise than it is stored is said.
@Suite("Values of own files")
struct OwnFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(
    images: [Int32], labels: [UInt8], names: [String]? = nil,
    _ more: (HDF5Writer) throws -> Void = { _ in }
  ) throws -> String {
    let path = folder.path("own-train.h5")
    let writer = try HDF5Writer(path: path)
    try writer.write(images, shape: [labels.count, 1, images.count / labels.count], to: "images")
    try writer.write(labels, shape: [labels.count], to: "labels")
    if let names { try writer.setAttribute("classNames", .strings(names)) }
    try more(writer)
    try writer.finish()
    return path
  }

  private func note(_ dataset: ImageDataset, _ words: String) {
    #expect(dataset.notes.count == 1, "\(dataset.notes)")
    #expect(dataset.notes.allSatisfy { isSentence($0) })
    #expect(dataset.notes.first?.contains(words) == true, "\(dataset.notes)")
    #expect(dataset.notes.first?.contains(dataset.path ?? "?") == true)
  }

  @Test func imagesOfZeroAndOneAreBlackAndWhiteAndSaid() throws {
    let dataset = try ImageDataset.load(try file(images: [0, 1, 1, 0], labels: [0, 1]))
    #expect(dataset.images == [0, 255, 255, 0])
    #expect(dataset.features(as: Double.self).scalars == [0, 1, 1, 0])
    note(dataset, "hold only 0 and 1, which are read as 0 and 255")
  }

  @Test func whatThisPackageWroteStaysAsItIs() throws {
    let path = folder.path("mine.h5")
    let dataset = try ImageDataset(
      name: "mine", split: "train", shape: [2, 1, 2], images: [0, 1, 1, 0], labels: [0, 1],
      classNames: ["a", "b"], provenance: ImageProvenance())
    try dataset.save(path)
    let loaded = try ImageDataset.load(path)
    #expect(loaded.images == [0, 1, 1, 0] && loaded.contentDigest == dataset.contentDigest)
    note(loaded, "on a scale that ends with 255")
  }

  @Test func ordinaryFilesHaveNoNotes() throws {
    #expect(try ImageDataset.load(try file(images: [0, 2, 255, 9], labels: [1, 0])).notes.isEmpty)
    // Nothing but background is no image of 0 and 1.
    #expect(try ImageDataset.load(try file(images: [0, 0, 0, 0], labels: [0, 1])).notes.isEmpty)
    let named = try file(images: [9, 9], labels: [1, 2], names: ["a", "b", "c"])
    #expect(try ImageDataset.load(named).notes.isEmpty)
  }

  @Test func labelsFromOneAreSaid() throws {
    let dataset = try ImageDataset.load(
      try file(images: [9, 9, 9, 9], labels: [1, 2, 3, 4]))
    // They stay, since the other split is read by itself and must get the same classes.
    #expect(dataset.labels == [1, 2, 3, 4] && dataset.classCount == 5)
    note(dataset, "run from 1 to 4, so that class 0 has no images")
  }

  @Test func gapsAreSaidAndTheMarkOfNoLabelIsRefused() throws {
    let gaps = try ImageDataset.load(try file(images: [9, 9, 9], labels: [0, 1, 7]))
    note(gaps, "make 8 classes, of which 5 have no images in it, the first of them 2")
    let path = try file(images: [9, 9, 9], labels: [0, 255, 1])
    let error = datasetError { _ = try ImageDataset.load(path) }
    #expect(error?.message.contains("Label 255 at position 1 in the file \(path)") == true)
    #expect(error.map { isSentence($0.message) } == true && error?.exitCode == 65)
    let all = (0...255).map { UInt8($0) }
    let every = try ImageDataset.load(try file(images: all.map { Int32($0) }, labels: all))
    #expect(every.classCount == 256 && every.notes.isEmpty)
  }

  @Test(arguments: [(HDF5Attribute.integer(1), true), (.string("false"), false), (.real(1), true)])
  func theAttributeSyntheticIsATruthValue(value: HDF5Attribute, expected: Bool) throws {
    let path = try file(images: [9, 8], labels: [0, 1]) { try $0.setAttribute("synthetic", value) }
    #expect(try ImageDataset.load(path).isSynthetic == expected)
  }

  @Test func dataFoldersAndFilesMayBeLinks() throws {
    let path = try file(images: [3, 4], labels: [0, 1])
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder.path("data"), withIntermediateDirectories: true)
    try manager.createSymbolicLink(
      atPath: folder.path("data/linked-train.h5"), withDestinationPath: path)
    try manager.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: folder.path("data"))
    let data = DataFolder(path: folder.path("link"))
    #expect(try data.load(name: "linked", split: "train").images == [3, 4])
    #expect(try data.readyFiles() == [folder.path("link/linked-train.h5")])
    try manager.removeItem(atPath: path)
    let error = datasetError { _ = try data.load(name: "linked", split: "train") }
    #expect(error?.exitCode == 66 && error?.message.contains("leads to \(path)") == true)
  }
}
