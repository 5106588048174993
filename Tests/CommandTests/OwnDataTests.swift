import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// What happens to files that a person brought, whatever is in them.
@Suite("Data of one's own")
struct OwnDataTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Vectors round a point for each class, moved by an offset.
  private func write(
    _ name: String, labels: [Int64], offset: Double = 0, names: [String]? = nil, seed: UInt64
  ) throws {
    var stream = RandomStream(seed: seed, purpose: "data of one's own")
    let writer = try HDF5Writer(path: folder.path(name))
    var values: [Double] = []
    for label in labels {
      // Any integer may be a label.
      let place = Int(label % 3) + 3
      for feature in 0..<3 {
        values.append(offset + Double(5 * ((place + feature) % 3)) + stream.normal())
      }
    }
    try writer.write(values, shape: [labels.count, 3], to: "features")
    try writer.write(labels, shape: [labels.count], to: "labels")
    if let names { try writer.setAttribute("classNames", .strings(names)) }
    try writer.finish()
  }

  private func clean(_ train: String, _ output: String, _ more: [String] = []) throws
    -> CommandResult
  {
    try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path(train), "--checked", folder.path("checked.h5"),
        "--output", folder.path(output), "--method", "validation-only",
      ] + more, timeout: 120)
  }

  private static let usual = (0..<120).map { Int64($0 % 3) }

  @Test("A second round of cleaning, and labels made wrong on purpose, spare what they read")
  func inputsAreKept() throws {
    try write("mine.h5", labels: Self.usual, seed: 1)
    try write("checked.h5", labels: Array(Self.usual.prefix(30)), seed: 2)
    #expect(try clean("mine.h5", "out").exitCode == 0)
    let cleaned = try Data(contentsOf: URL(fileURLWithPath: folder.path("out/clean.h5")))
    let again = try clean("out/clean.h5", "out")
    #expect(again.exitCode == 64, "\(again.standardError)")
    #expect(again.standardError.contains("would take the place of the input"))
    #expect(try clean("out/clean.h5", "second").exitCode == 0)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("out/clean.h5"))) == cleaned)

    try FileManager.default.moveItem(
      atPath: folder.path("mine.h5"), toPath: folder.path("second/train.h5"))
    let source = try Data(contentsOf: URL(fileURLWithPath: folder.path("second/train.h5")))
    let corrupted = try CommandRunner.run(
      "datasets",
      [
        "corrupt", folder.path("second/train.h5"), "--count", "60", "--checked", "30", "--output",
        folder.path("second"),
      ])
    #expect(corrupted.exitCode == 64, "\(corrupted.standardError)")
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("second/train.h5"))) == source)
  }

  @Test(
    "Whatever integers the checked part has for a class of its own, labels keep their names",
    arguments: [-5, 1_000_000_000_000, .max, 3] as [Int64])
  func codes(_ code: Int64) throws {
    try write("mine.h5", labels: Self.usual, names: ["ant", "bee", "cat"], seed: 1)
    try write(
      "checked.h5", labels: Array(Self.usual.prefix(30)) + [code, code].map { $0 }, seed: 2)
    let result = try clean("mine.h5", "out")
    #expect(result.exitCode == 0, "\(result.standardError)")
    let file = try HDF5File.open(folder.path("out/clean.h5"))
    let names = try #require(try file.texts("classNames"))
    let index = try file.readIntegers("index").values
    let labels = try file.readIntegers("labels").values
    #expect(index.count > 100)
    for (sample, label) in zip(index, labels) {
      #expect(names[Int(label)] == ["ant", "bee", "cat"][Int(sample % 3)])
    }
  }

  @Test("Classes that a folder names and a file numbers keep their names")
  func foldersAndNumbers() throws {
    var stream = RandomStream(seed: 4, purpose: "data of one's own")
    func pixels(_ bright: Bool) -> [UInt8] {
      (0..<16).map { _ in UInt8((bright ? 150 : 20) + stream.integer(below: 80)) }
    }
    for (name, bright) in [("cat", false), ("dog", true)] {
      for image in 0..<12 {
        let picture = PNGImage(width: 4, height: 4, channels: 1, pixels: pixels(bright))
        _ = try folder.write(try picture.encoded(), to: "mine/\(name)/\(image).png")
      }
    }
    let writer = try HDF5Writer(path: folder.path("checked.h5"))
    let labels = (0..<18).map { Int64($0 % 3) }
    try writer.write(labels.flatMap { pixels($0 == 2) }, shape: [18, 4, 4], to: "images")
    try writer.write(labels, shape: [18], to: "labels")
    // The class that the folder lacks comes first, and its number is that of another's position.
    try writer.setAttribute("classNames", .strings(["bird", "cat", "dog"]))
    try writer.finish()
    let result = try clean("mine", "out")
    #expect(result.exitCode == 0, "\(result.standardError)")
    let rows = try String(contentsOfFile: folder.path("out/weights.csv"), encoding: .utf8)
      .split(separator: "\n").dropFirst().map { $0.split(separator: ",").map(String.init) }
    let file = try HDF5File.open(folder.path("out/clean.h5"))
    let names = try #require(try file.texts("classNames"))
    let index = try file.readIntegers("index").values
    for (sample, label) in zip(index, try file.readIntegers("labels").values) {
      #expect(names[Int(label)] == rows[Int(sample)][1])
    }
    #expect(index.count > 10)
  }

  @Test("Grey images are grey images, with an extent of 1 for the channel and without")
  func greyWithAChannel() throws {
    var stream = RandomStream(seed: 4, purpose: "data of one's own")
    for (name, extra, count) in [("mine.h5", [1], 60), ("checked.h5", [], 20)] {
      let labels = (0..<count).map { Int64($0 % 2) }
      let pixels = labels.flatMap { label in
        (0..<16).map { _ in UInt8((label == 1 ? 150 : 20) + Int64(stream.integer(below: 80))) }
      }
      let writer = try HDF5Writer(path: folder.path(name))
      try writer.write(pixels, shape: [count, 4, 4] + extra, to: "images")
      try writer.write(labels, shape: [count], to: "labels")
      try writer.finish()
    }
    let result = try clean("mine.h5", "out")
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      try HDF5File.open(folder.path("out/clean.h5")).shape(of: "images").dropFirst() == [4, 4, 1])
  }

  @Test("Numbers that are large beside their differences are told apart, and are not constant")
  func largeNumbers() throws {
    try write("mine.h5", labels: Self.usual, offset: 1e9, seed: 1)
    try write("checked.h5", labels: Array(Self.usual.prefix(30)), offset: 1e9, seed: 2)
    let result = try clean("mine.h5", "out")
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(!result.standardError.contains("constant"), "\(result.standardError)")
    let right = result.standardError.split(separator: "\n").first { $0.contains("held-out") }
    #expect(right?.contains(" 100 % of held-out") == true, "\(result.standardError)")
  }

  @Test("What cannot be written or keeps nothing is said before anything is computed")
  func soon() throws {
    try write("mine.h5", labels: Self.usual, seed: 1)
    try write("checked.h5", labels: Array(Self.usual.prefix(30)), seed: 2)
    _ = try folder.write([1], to: "file")
    let file = try clean("mine.h5", "file")
    #expect(file.exitCode == 1 && !file.standardError.contains("held-out"))
    let none = try clean("mine.h5", "out", ["--keep", "0.001"])
    #expect(none.exitCode == 64 && none.standardError.contains("give at least 0.0083"))
    #expect(!none.standardError.contains("held-out"), "\(none.standardError)")
  }
}
