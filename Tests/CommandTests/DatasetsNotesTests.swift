import Datasets
import Foundation
import TestSupport
import Testing

/// `datasets verify` and `datasets list` say what readers noticed in files and folders of one's own.
@Suite("What datasets says of own files")
struct DatasetsNotesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func datasets(_ arguments: String...) throws -> CommandResult {
    try CommandRunner.run(
      "datasets", arguments, environment: ["BDA_DATA_DIR": folder.path("data")])
  }

  /// The PNG file of an image with a further chunk before its pixels (`gAMA`, `tRNS`).
  private func png(_ name: String, _ content: [UInt8]) throws -> [UInt8] {
    let plain = try PNGImage(width: 2, height: 1, channels: 1, pixels: [0, 200]).encoded()
    let chunk = Array(name.utf8) + content
    var sum: UInt32 = 0xffff_ffff
    for byte in chunk {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? 0xedb8_8320 ^ (sum >> 1) : sum >> 1 }
    }
    func four(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    return plain[..<33] + four(UInt32(content.count)) + chunk + four(~sum) + plain[33...]
  }

  @Test("Labels from one and images of 0 and 1 are said by verify")
  func files() throws {
    let writer = try HDF5Writer(path: folder.path("data/own-train.h5"))
    try writer.write([0, 1, 1, 0] as [Int32], shape: [2, 1, 2], to: "images")
    try writer.write([1, 2] as [UInt8], shape: [2], to: "labels")
    try writer.finish()
    for arguments in [
      ["verify"], ["verify", "own"], ["verify", folder.path("data/own-train.h5")],
    ] {
      let result = try CommandRunner.run(
        "datasets", arguments, environment: ["BDA_DATA_DIR": folder.path("data")])
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardOutput.contains("own-train.h5"))
      #expect(result.standardError.contains("hold only 0 and 1"), "\(result.standardError)")
      #expect(result.standardError.contains("run from 1 to 2"), "\(result.standardError)")
    }
  }

  @Test("Gamma, transparency and empty folders of a tree are said; list says what names show")
  func trees() throws {
    _ = try folder.write(
      try png("gAMA", [0, 1, 0x86, 0xa0]), to: "data/mine-images/a/gamma.png")
    _ = try folder.write(try png("tRNS", [0, 200]), to: "data/mine-images/b/clear.png")
    _ = try folder.write(try png("gAMA", [0, 0, 0xb1, 0x8f]), to: "data/mine-images/b/screen.png")
    _ = try folder.write([1], to: "data/mine-images/empty/notes.txt")
    let list = try datasets("list")
    #expect(list.exitCode == 0)
    #expect(
      list.standardOutput.contains(/mine +- +- +yes +3 PNG +2 +own/), "\(list.standardOutput)")
    #expect(list.standardError.contains("The folder empty below"))
    for name in ["mine", folder.path("data/mine-images")] {
      let result = try datasets("verify", name)
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardOutput.contains("3 images of 2 classes"), "\(result.standardOutput)")
      let notes = result.standardError
      #expect(notes.contains("1 image below"))
      #expect(notes.contains("(a/gamma.png) asks for a gamma"), "\(notes)")
      #expect(notes.contains("(b/clear.png) is transparent in places"), "\(notes)")
      #expect(!notes.contains("screen.png") && notes.contains("The folder empty below"))
    }
    #expect(try datasets("verify").standardOutput.contains("3 images of 2 classes"))
    // What has no classes is missing data.
    try FileManager.default.createDirectory(
      atPath: folder.path("data/none-images"), withIntermediateDirectories: true)
    #expect(try datasets("verify").exitCode == 66)
  }

  private static let canProtect =
    (try? ShellLine(
      "d=$(mktemp -d) && { chattr +i $d && chattr -i $d; code=$?; rmdir $d; exit $code; }", "sh"))?
    .code == 0

  @Test(
    "A tree that cannot be written has the system's reason and its own name",
    .enabled(if: canProtect, "Nobody can protect a folder from the superuser here."))
  func protectedFolder() throws {
    let path = folder.path("data")
    let result = try ShellLine(
      "mkdir '\(path)' && chattr +i '\(path)'; \"$0\" synthesise --kind alphabets --data '\(path)'; "
        + "code=$?; chattr -i '\(path)'; exit $code", "datasets")
    #expect(result.code == 1, "\(result.text)")
    for part in ["synthetic-alphabets-images", "(Operation not permitted)"] {
      #expect(result.text.contains(part), "\(result.text)")
    }
    #expect(!result.text.contains(".partial"), "\(result.text)")
  }

  @Test("A tree that a signal cuts short leaves none of its files")
  func interruptedTree() throws {
    let command = try CommandRunner.start(
      "datasets",
      [
        "synthesise", "--kind", "alphabets", "--alphabets", "99", "--characters", "40", "--data",
        folder.path("cut"),
      ])
    let deadline = Date().addingTimeInterval(60)
    func unfinished() -> [String] {
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path("cut"))
      return (names ?? []).filter { $0.hasSuffix(".partial") }
    }
    while unfinished().isEmpty, Date() < deadline { usleep(1_000) }
    #expect(unfinished().count == 1)
    command.send(signal: SIGTERM)
    let result = try command.wait()
    #expect(result.exitCode == 143, "\(result.standardError)")
    #expect(result.standardError.contains("nothing unfinished was kept"))
    #expect(!result.standardError.contains("error:"), "\(result.standardError)")
    #expect(unfinished().isEmpty)
  }
}
