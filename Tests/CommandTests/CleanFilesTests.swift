import Datasets
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// The five files that `clean` writes belong together: all are of one result, or it is plain that they
/// are not.
@Suite("hyper-cleaning clean, its files")
struct CleanFilesTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for (name, count) in [("mine.h5", 400), ("checked.h5", 45)] {
      var stream = RandomStream(seed: UInt64(count), purpose: "clean files")
      let writer = try HDF5Writer(path: folder.path(name))
      let features = (0..<2 * count).map { Float(5 * ($0 / 2 % 2)) + Float(stream.normal()) }
      try writer.write(features, shape: [count, 2], to: "features")
      try writer.write((0..<count).map { Int64($0 % 2) }, shape: [count], to: "labels")
      try writer.finish()
    }
  }

  /// `clean`, whose files may have so many blocks of 512 bytes.
  private func clean(_ options: String, blocks: Int? = nil) throws -> ShellLine {
    try ShellLine(
      (blocks.map { "ulimit -f \($0); " } ?? "")
        + "exec timeout 120 \"$0\" clean --train mine.h5 --checked checked.h5 --output out "
        + "--method validation-only \(options)", "hyper-cleaning", in: folder.path)
  }

  private func contents() throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("out"))
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: folder.path("out/\($0)"))))
      })
  }

  @Test("Where one of the files finds no room, all of the older result stay")
  func noRoom() throws {
    let first = try clean("--keep 0.9")
    #expect(first.code == 0, "\(first.text)")
    let old = try contents()
    #expect(old.count == 5)
    let largest = try #require(old.values.map(\.count).max())
    // The others fit.
    let second = try clean("--keep 0.8", blocks: largest / 512 - 1)
    #expect(second.code == 1 && second.text.contains("File too large"), "\(second.text)")
    #expect(try contents() == old)
    let third = try clean("--keep 0.8")
    #expect(third.code == 0, "\(third.text)")
    let new = try contents()
    #expect(Set(new.keys) == Set(old.keys) && new["clean.h5"] != old["clean.h5"])
  }

  @Test("A pipe under the name of the record gets the record, and stays")
  func recordIntoAPipe() throws {
    let path = folder.path("out/record.json")
    _ = try folder.write([], to: "out/clean.h5")
    #expect(mkfifo(path, 0o600) == 0)
    // Open for both, so that nobody waits for the other end.
    let reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    #expect(reader >= 0)
    defer { close(reader) }
    let result = try clean("")
    #expect(result.code == 0, "\(result.text)")
    #expect(PathState(path) == .other)
    var byte: UInt8 = 0
    #expect(read(reader, &byte, 1) == 1)
    #expect(byte == UInt8(ascii: "{"))
  }

  @Test("The page of many classes lists disagreements, and says among how many classes")
  func manyClasses() throws {
    let classes = 14
    for (name, count) in [("mine.h5", 280), ("checked.h5", 70)] {
      var stream = RandomStream(seed: UInt64(count), purpose: "clean files")
      let writer = try HDF5Writer(path: folder.path(name))
      let features = (0..<count * classes).map { index in
        (index / classes % classes == index % classes ? 5 : 0) + Float(stream.normal())
      }
      try writer.write(features, shape: [count, classes], to: "features")
      // Every tenth label of the larger file is wrong.
      let labels = (0..<count).map { Int64(($0 + (count > 70 && $0 % 10 == 4 ? 1 : 0)) % classes) }
      try writer.write(labels, shape: [count], to: "labels")
      try writer.finish()
    }
    let result = try clean("")
    #expect(result.code == 0, "\(result.text)")
    let page = try String(contentsOfFile: folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.contains(" most frequent disagreements among 14 classes.</p>"))
  }
}
