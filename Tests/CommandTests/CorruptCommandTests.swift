import Datasets
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// The three files that `datasets corrupt` writes belong together: the truth is that of the labels beside it.
@Suite("datasets corrupt, its files")
struct CorruptCommandTests {
  private let folder: TemporaryFolder

  /// Classes with names so long that the truth is the largest of the files.
  init() throws {
    folder = try TemporaryFolder()
    var stream = RandomStream(seed: 1, purpose: "corrupt files")
    let writer = try HDF5Writer(path: folder.path("mine.h5"))
    try writer.write(
      (0..<800).map { _ in Float(stream.normal()) }, shape: [400, 2], to: "features")
    try writer.write((0..<400).map { Int64($0 % 2) }, shape: [400], to: "labels")
    let names = ["a", "b"].map { String(repeating: $0, count: 200) }
    try writer.setAttribute("classNames", .strings(names))
    try writer.finish()
  }

  /// `corrupt`, whose files may have so many blocks of 512 bytes.
  private func corrupt(seed: Int, blocks: Int? = nil) throws -> ShellLine {
    try ShellLine(
      (blocks.map { "ulimit -f \($0); " } ?? "")
        + "exec timeout 120 \"$0\" corrupt mine.h5 --count 300 --checked 20 --seed \(seed) "
        + "--output out", "datasets", in: folder.path)
  }

  private func contents() throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("out"))
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: URL(fileURLWithPath: folder.path("out/\($0)"))))
      })
  }

  @Test(
    "Files of one's own under the names that are written are kept",
    arguments: [
      "train.h5", "checked.h5", "truth.csv",
    ])
  func foreignFilesAreKept(name: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder.path("out"), withIntermediateDirectories: true)
    _ = try folder.write(Array("index,label\n0,cat\n".utf8), to: "out/\(name)")
    let refused = try corrupt(seed: 0)
    #expect(refused.code == 64 && refused.text.contains("has not made"), "\(refused.text)")
    #expect(
      try String(contentsOfFile: folder.path("out/\(name)"), encoding: .utf8)
        == "index,label\n0,cat\n")
    #expect(try folder.names(in: "out") == [name])
  }

  @Test("What is made of generated images says that they are generated")
  func generatedStaysGenerated() throws {
    try SyntheticDigits.dataset(count: 200, split: "train", seed: 3).save(folder.path("digits.h5"))
    let result = try CommandRunner.run(
      "datasets",
      [
        "corrupt", folder.path("digits.h5"), "--count", "100", "--checked", "40", "--output",
        folder.path("made"),
      ])
    #expect(result.exitCode == 0, "\(result.standardError)")
    for name in ["train.h5", "checked.h5"] {
      #expect(try LabelledSamples.load(hdf5: folder.path("made/\(name)")).isSynthetic)
    }
    #expect(try corrupt(seed: 0).code == 0)
    #expect(try LabelledSamples.load(hdf5: folder.path("out/train.h5")).isSynthetic == false)
  }

  @Test("A command waits while another one names files in its folder")
  func waits() throws {
    #expect(try corrupt(seed: 0).code == 0)
    let old = try contents()
    var lock: FileLock? = try FileLock(for: folder.path("out/truth.csv"))
    let command = try CommandRunner.start(
      "datasets",
      [
        "corrupt", folder.path("mine.h5"), "--count", "300", "--checked", "20", "--seed", "1",
        "--output", folder.path("out"),
      ])
    usleep(1_500_000)
    #expect(command.isRunning)
    for (name, bytes) in old {
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("out/\(name)"))) == bytes)
    }
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(try command.wait().exitCode == 0)
    let new = try contents()
    #expect(Set(new.keys) == Set(old.keys))
    for (name, bytes) in old { #expect(new[name] != bytes, "\(name)") }
  }

  @Test("A signal while the files get their names waits until all have them")
  func stopped() throws {
    let sets = try (0..<2).map { seed -> [String: Data] in
      #expect(try corrupt(seed: seed).code == 0)
      return try contents()
    }
    // In most rounds the signal comes when the older truth is gone and the new one not there yet.
    for round in 0..<12 {
      let command = try CommandRunner.start(
        "datasets",
        [
          "corrupt", folder.path("mine.h5"), "--count", "300", "--checked", "20", "--seed",
          "\(round % 2)", "--output", folder.path("out"),
        ])
      let deadline = Date().addingTimeInterval(20)
      while access(folder.path("out/truth.csv"), F_OK) == 0, command.isRunning, Date() < deadline {}
      command.send(signal: SIGTERM)
      let result = try command.wait()
      #expect([0, 143].contains(result.exitCode), "\(result.standardError)")
      let left = try contents()
      #expect(sets.contains(left), "round \(round): \(left.keys.sorted())")
    }
  }

  @Test("Where the last of the files finds no room, all of the older set stay")
  func noRoom() throws {
    let first = try corrupt(seed: 0)
    #expect(first.code == 0, "\(first.text)")
    let old = try contents()
    #expect(Set(old.keys) == ["train.h5", "checked.h5", "truth.csv"])
    // The truth has more than 120 kB, the others fit into 40.
    let second = try corrupt(seed: 1, blocks: 100)
    #expect(second.code == 1 && second.text.contains("File too large"), "\(second.text)")
    #expect(second.text.contains("truth.csv"), "\(second.text)")
    #expect(try contents() == old)
    let third = try corrupt(seed: 1)
    #expect(third.code == 0, "\(third.text)")
    let new = try contents()
    #expect(Set(new.keys) == Set(old.keys))
    for (name, bytes) in old { #expect(new[name] != bytes, "\(name)") }
  }
}
