import CHDF5
import Datasets
import Foundation
import FuzzReaders
import TestSupport
import Testing

/// Mutated files, thousands of them: every reader ends with a value or with a sentence, soon.
///
/// The replay of some seconds is always the same. `BDA_FUZZ_SECONDS` makes each reader go on for that
/// long with other inputs; `BDA_FUZZ_START` says where to begin. The last input is then kept in the
/// system's temporary folder as `bda-fuzz-<reader>`, for the case that it ends the process.
@Suite("Mutated files", .serialized)
struct FuzzTests {
  /// A reader, real small files of it, and what makes a changed file plausible again.
  struct Subject: Sendable, CustomTestStringConvertible {
    var name: String
    var inputs: Int
    var seeds: @Sendable () throws -> [[UInt8]]
    var repair: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// Reads the bytes, of which a file at the path has the same.
    var read: @Sendable (_ bytes: [UInt8], _ path: String) throws -> Void
    var needsFile = false
    var testDescription: String { name }
  }

  static let subjects: [Subject] = [
    Subject(
      name: "IDX", inputs: 4_000, seeds: { [FuzzSeeds.idx] },
      read: { bytes, path in _ = try IDXFile.parse(bytes, path: path) }),
    Subject(
      name: "compressed IDX", inputs: 600, seeds: { [FuzzSeeds.idx] },
      repair: { Gzip.compress($0) }, read: { _, path in _ = try IDXFile.read(path) },
      needsFile: true),
    Subject(
      name: "gzip", inputs: 1_500, seeds: { [Gzip.compress(FuzzSeeds.idx)] },
      read: { bytes, path in _ = try Gzip.decompress(bytes, limit: 1 << 20, path: path) }),
    Subject(
      name: "tar", inputs: 1_500, seeds: { FuzzSeeds.tars }, repair: FuzzRepair.tar,
      read: { bytes, path in
        for entry in try TarArchive.entries(of: bytes, path: path) {
          try #require(entry.range.upperBound <= bytes.count && !entry.name.contains(".."))
        }
      }),
    Subject(
      name: "zip", inputs: 1_500, seeds: { FuzzSeeds.zips },
      read: { bytes, path in _ = try ZipArchive.entries(of: bytes, path: path) }),
    Subject(
      name: "CIFAR", inputs: 200, seeds: { [FuzzSeeds.cifar] },
      read: { bytes, path in _ = try CIFARFewShotImages.records(of: bytes, path: path) }),
    Subject(
      name: "PNG", inputs: 1_500, seeds: { try FuzzSeeds.pngs() }, repair: FuzzRepair.png,
      read: { bytes, path in _ = try PNGImage.decode(bytes, path: path) }),
    Subject(
      name: "split", inputs: 400, seeds: { [FuzzSeeds.split] },
      read: { _, path in _ = try ClassSplit.read(path, names: ["a", "b", "c"]) }, needsFile: true),
    Subject(
      name: "HDF5", inputs: 700, seeds: { try FuzzSeeds.hdf5s() },
      read: { _, path in try FuzzReader.readHDF5(path) }, needsFile: true),
  ]

  @Test(arguments: subjects) func endInValuesOrSentences(subject: Subject) throws {
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["BDA_FUZZ_SECONDS"].flatMap { Double($0) }
    let only = environment["BDA_FUZZ_ONLY"]
    if let only, only != subject.name { return }
    let folder = try TemporaryFolder()
    let seeds = try subject.seeds()
    for seed in seeds {
      // The real file is right, or the mutations would say nothing.
      let path = try folder.write(subject.repair(seed), to: "real")
      #expect(throws: Never.self) { try subject.read(subject.repair(seed), path) }
    }
    let start = ContinuousClock.now
    var index = environment["BDA_FUZZ_START"].flatMap { Int($0) } ?? 0
    let first = index
    var refused = 0
    func isDone() -> Bool {
      guard let seconds else { return index - first >= subject.inputs }
      return ContinuousClock.now - start >= .seconds(seconds)
    }
    while !isDone() {
      var mutator = Mutator(seed: 0, purpose: subject.name, index)
      let changed = mutator.mutated(mutator.pick(seeds))
      let bytes = mutator.pick([true, false]) ? subject.repair(changed) : changed
      var path = "input \(index)"
      if subject.needsFile { path = try folder.write(bytes, to: "input") }
      if seconds != nil {
        let kept = FileManager.default.temporaryDirectory
          .appendingPathComponent("bda-fuzz-\(subject.name)")
        try Data(bytes).write(to: kept)
      }
      let begin = ContinuousClock.now
      do {
        try subject.read(bytes, path)
      } catch let error as DatasetError {
        refused += 1
        #expect(
          error.message.hasSuffix(".") && error.message.contains(path) && error.exitCode >= 65,
          "input \(index): \(error.message)")
      }
      let duration = ContinuousClock.now - begin
      #expect(duration < .seconds(5), "input \(index) took \(duration)")
      index += 1
    }
    #expect(refused * 5 > index - first, "only \(refused) of \(index - first) were refused")
    if seconds != nil { print("\(subject.name): inputs \(first) to \(index), \(refused) refused") }
  }
}

/// Real small files, and their repair after a change.
enum FuzzSeeds {
  static let idx = IDXFile(shape: [2, 3, 4], values: (0..<24).map { UInt8($0) }).bytes
  static let split = Array(
    "{\"train\": [\"a\"], \"validation\": [\"b\"], \"test\": [\"c\"]}".utf8)

  static var tars: [[UInt8]] {
    [
      SampleArchives.tar([
        .init(name: "a/1.png", bytes: [1, 2, 3]),
        .init(name: "x", bytes: Array("long/name.png\0".utf8), kind: "L"),
        .init(name: "b", bytes: [4]),
      ]),
      SampleArchives.tar([
        .init(
          name: "x", bytes: SampleArchives.pax("path", "c/d.png") + SampleArchives.pax("size", "2"),
          kind: "x"),
        .init(name: "b", bytes: [4, 5]),
        .init(name: "folder/", kind: "5"),
        .init(name: "e", bytes: [6], size: [0x80] + [UInt8](repeating: 0, count: 10) + [1]),
      ]),
    ]
  }

  static var zips: [[UInt8]] {
    let content = (0..<300).map { UInt8($0 / 10) }
    return [
      SampleArchives.zip("set/a/1.png", [9, 8, 7]),
      SampleArchives.zip("b", content, packed: SampleArchives.deflated(content)),
    ]
  }

  static let cifar = (0..<2 * 3_074).map { UInt8(truncatingIfNeeded: $0) }

  static func pngs() throws -> [[UInt8]] {
    let samples = (0..<48).map { UInt8($0 * 5) }
    return [
      try PNGImage(width: 4, height: 4, channels: 3, pixels: samples).encoded(),
      try PNGImage(width: 8, height: 6, channels: 1, pixels: samples).encoded(bilevel: true),
      PNGFormTests.png(width: 4, colourType: 6, samples: samples),
      PNGFormTests.png(
        width: 8, colourType: 0, samples: samples,
        before: [("gAMA", [0, 1, 0, 0]), ("tRNS", [0, 5]), ("tEXt", Array("a\0b".utf8))]),
      SampleFiles.greySixteenBits([0, 0x8080, 0xffff]),
    ]
  }

  /// Files of several layouts, one of them in the library's newest form.
  static func hdf5s() throws -> [[UInt8]] {
    let folder = try TemporaryFolder()
    let path = folder.path("seed.h5")
    let dataset = try ImageDataset(
      name: "seed", split: "train", shape: [3, 4, 4],
      images: (0..<48).map { UInt8($0 * 5) }, labels: [0, 1, 2], classNames: ["a", "b", "c"],
      provenance: ImageProvenance(source: "a test"))
    try dataset.save(path)
    var files = [[UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))]
    let writer = try HDF5Writer(path: path)
    try writer.write((0..<48).map { Int32($0) }, shape: [3, 4, 4], to: "images")
    try writer.write([0, 1, 2] as [Float], shape: [3], to: "labels")
    try writer.finish()
    files.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    let access = accessWithoutLocks()
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110)
    let file = H5Fcreate(path, bda_truncate(), 0, access)
    for (name, shape) in [("images", [3, 4, 4]), ("labels", [3])] as [(String, [hsize_t])] {
      let space = H5Screate_simple(Int32(shape.count), shape, nil)
      let array = H5Dcreate2(file, name, bda_stored_uint8(), space, 0, 0, 0)
      let values = (0..<Int(shape.reduce(1, *))).map { UInt8($0) }
      H5Dwrite(array, bda_native_uint8(), 0, 0, 0, values)
      H5Dclose(array)
      H5Sclose(space)
    }
    H5Fclose(file)
    H5Pclose(access)
    files.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    return files
  }
}
