import Datasets
import Files
import Foundation
import TestSupport
import Testing

/// Data sets whose splits are one file of records, as CIFAR-10 is: planes become pixels, and back.
@Suite("Records of CIFAR-10")
struct CIFARRecordsTests {
  private let folder: TemporaryFolder
  private let bytes: [UInt8]
  private let source: ImageSource

  init() throws {
    folder = try TemporaryFolder()
    // Three records whose samples differ from plane to plane and from pixel to pixel.
    var bytes: [UInt8] = []
    for record in 0..<3 {
      bytes.append(UInt8(record % 2))
      for sample in 0..<3_072 {
        let value: Int = 7 * sample + sample / 1_024 + 31 * record
        bytes.append(UInt8(truncatingIfNeeded: value))
      }
    }
    self.bytes = bytes
    let file = SourceFile(
      name: "part.bin", byteCount: bytes.count, sha256: SHA256.hexadecimal(bytes))
    source = ImageSource(
      name: "small-subset", folder: "small", classNames: ["a", "b"],
      splits: [ImageSource.Split(name: "train", images: file, labels: file)], addresses: [],
      licence: "none")
  }

  @Test func planesBecomePixelsAndBack() throws {
    let records = try CIFARRecords.parse(bytes, labelBytes: 1, path: "part.bin")
    #expect(records.labels == [0, 1, 0])
    for (record, pixel, channel) in [(0, 0, 0), (0, 0, 2), (1, 1_023, 1), (2, 517, 2)] {
      let planar = bytes[3_073 * record + 1 + 1_024 * channel + pixel]
      #expect(records.pixels[3_072 * record + 3 * pixel + channel] == planar)
    }
    #expect(records.packed == bytes)
    let error = datasetError {
      _ = try CIFARRecords.parse(Array(bytes.dropLast()), labelBytes: 1, path: "part.bin")
    }
    #expect(error?.message.contains("no whole number of records") == true)
  }

  @Test func aMirrorsFileIsConvertedAndVerifiedDownToItsPixels() throws {
    _ = try folder.write(Gzip.compress(bytes), to: "mirror/small/part.bin.gz")
    let data = DataFolder(path: folder.path("data"))
    let mirror = DataFolder(path: folder.path("mirror"))
    let split = source.splits[0]
    let outcome = try data.convert(split, of: source, mirror: mirror, command: "a test")
    #expect(outcome == .converted(path: folder.path("data/small-subset-train.h5"), count: 3))
    let dataset = try data.verifyReady(split, of: source)
    #expect(dataset.shape == [3, 32, 32, 3] && dataset.name == "small-subset")
    let again = try data.convert(split, of: source, mirror: mirror, command: "a test")
    #expect(again == .alreadyThere(path: folder.path("data/small-subset-train.h5")))

    var other = dataset.images
    other[5] ^= 1
    try ImageDataset(
      name: source.name, split: "train", shape: dataset.shape, images: other,
      labels: dataset.labels, classNames: source.classNames, provenance: ImageProvenance()
    ).save(folder.path("data/small-subset-train.h5"))
    let error = datasetError { _ = try data.verifyReady(split, of: source) }
    #expect(error?.kind == .digestMismatch)
  }

  @Test func whatOnlyMirrorsHaveIsNotDownloaded() throws {
    let data = DataFolder(path: folder.path("data"))
    let error = datasetError {
      _ = try data.fetch(
        source.splits[0].images, of: source, from: .published, transport: { _, _ in })
    }
    #expect(error?.message.contains("small/part.bin.gz: give it with --mirror") == true)
    #expect(!ImageSource.published.contains { $0.addresses.isEmpty })
  }
}
