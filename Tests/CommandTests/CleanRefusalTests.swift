import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// `hyper-cleaning clean` when it cannot do what it is told, or is ended: one sentence, and nothing is lost.
@Suite("hyper-cleaning clean, refusals")
struct CleanRefusalTests {
  private let example: CleanExample

  init() throws { example = try CleanExample() }

  @Test func badInputGetsOneSentence() throws {
    _ = try example.writeUsual()
    let usual = example.samples(45, seed: 2)
    let train = example.samples(150, seed: 1)

    try example.write(usual.filter { $0.label != 2 }, to: "checked.h5")
    try refused("has no sample of class \"2\"")
    try example.write(
      usual.filter { $0.label != 2 } + usual.filter { $0.label == 2 }.prefix(1), to: "checked.h5")
    try refused("has only one sample of class \"2\"")
    try example.write(usual, to: "checked.h5")
    try example.write(
      train.filter { $0.label != 1 } + train.filter { $0.label == 1 }.prefix(1), to: "mine.h5")
    try refused("has only one sample of class \"1\"")
    try example.write(train.filter { $0.label == 1 }, to: "mine.h5")
    try refused("All labels of the file \(example.folder.path("mine.h5")) are of one class")

    var unusable = train
    unusable[7].features[1] = .nan
    try example.write(unusable, to: "mine.h5")
    try refused("holds nan in sample 7 (value 1 of it)")
    try example.write(
      train.map { CleanExample.Sample(features: $0.features + [1], label: $0.label) },
      to: "mine.h5", width: 3)
    try refused("has the shape [2] and one of")

    var overlapping = train
    overlapping[30].features = usual[3].features
    overlapping[99].features = usual[40].features
    try example.write(overlapping, to: "mine.h5")
    try refused("2 samples of the file \(example.folder.path("checked.h5")) are also in")
    try refused("3 = 30, 40 = 99")
    // Whoever leaves out what is named is done.
    overlapping[50].features = usual[3].features
    overlapping[51].features = usual[3].features
    try example.write(overlapping, to: "mine.h5")
    try refused("leave training samples 30, 50 to 51 and 99 out of the training data")
    // However often one sample occurs, as a blank image may.
    var blank = usual
    for index in 0..<12 {
      blank[index].features = [9, 9]
      overlapping[index].features = [9, 9]
    }
    try example.write(overlapping, to: "mine.h5")
    try example.write(blank, to: "checked.h5")
    try refused("13 samples of the file \(example.folder.path("checked.h5")) are also in")
    try refused("0 = 0, 0 = 1, 0 = 2, 0 = 3, 0 = 4 and 140 more)")
    try refused("leave training samples 0 to 11 and 99 out of")
    try example.write(usual, to: "checked.h5")
    try example.write(
      train.map { CleanExample.Sample(features: [1, 2], label: $0.label) }, to: "mine.h5")
    try refused("All 150 samples of the file \(example.folder.path("mine.h5")) are equal")
    try refused("does not exist", ["--train", example.folder.path("nowhere.h5")], exitCode: 66)
    try refused("There is no file, folder or data set", ["--train", "mnits"], exitCode: 66)
    try refused("The option --keep wants", ["--keep", "0"], exitCode: 64)
    #expect(!FileManager.default.fileExists(atPath: example.folder.path("out")))
  }

  private func refused(
    _ sentence: String, _ arguments: [String] = [], exitCode: Int32 = 65
  ) throws {
    var command = [
      "clean", "--train", example.folder.path("mine.h5"), "--checked",
      example.folder.path("checked.h5"),
      "--output", example.folder.path("out"),
    ]
    if let index = command.firstIndex(of: arguments.first ?? "-") {
      command[index + 1] = arguments[1]
    } else {
      command += arguments
    }
    let result = try CommandRunner.run("hyper-cleaning", command, timeout: 60)
    #expect(result.exitCode == exitCode, "\(sentence): \(result.standardError)")
    #expect(
      result.standardError.contains(sentence), "Not '\(sentence)' but: \(result.standardError)")
    let errors = result.standardError.split(separator: "\n").filter { $0.contains("rror:") }
    #expect(errors.count == 1, "\(result.standardError)")
  }

  @Test func whatFailsLeavesTheOldResultWhole() throws {
    _ = try example.writeUsual()
    #expect(try example.clean().exitCode == 0)
    let before = try Data(contentsOf: URL(fileURLWithPath: example.folder.path("out/weights.csv")))
    try example.write(example.samples(45, seed: 2).filter { $0.label != 2 }, to: "checked.h5")
    #expect(try example.clean().exitCode == 65)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: example.folder.path("out/weights.csv"))) == before)
    #expect(try example.folder.names(in: "out").contains("record.json"))

    // A file that cannot be written is known before anything is computed, or written.
    _ = try example.writeUsual()
    try FileManager.default.removeItem(atPath: example.folder.path("out/suspects.html"))
    try FileManager.default.createDirectory(
      atPath: example.folder.path("out/suspects.html"), withIntermediateDirectories: false)
    let result = try example.clean()
    #expect(result.exitCode == 1 && result.standardError.contains("suspects.html"))
    #expect(
      try example.folder.names(in: "out") == [
        "clean.h5", "record.json", "suspects.html", "weights.csv", "weights.h5",
      ])
  }

  @Test func interruptionLeavesNothing() throws {
    let isWrong = try example.writeUsual(count: 30_000)
    #expect(isWrong.count == 30_000)
    let command = try CommandRunner.start(
      "hyper-cleaning",
      [
        "clean", "--train", example.folder.path("mine.h5"), "--checked",
        example.folder.path("checked.h5"),
        "--output", example.folder.path("out"), "--method", "rhg",
      ])
    let deadline = Date().addingTimeInterval(60)
    while !command.standardErrorSoFar.contains("expected time"), Date() < deadline {
      usleep(20_000)
    }
    command.send(signal: SIGTERM)
    let result = try command.wait(timeout: 120)
    #expect(result.exitCode == 143, "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: example.folder.path("out/record.json")))
  }

  @Test("Images of 16 bits beside images of 8 are refused")
  func scales() throws {
    for (name, factor) in [("mine.h5", 257.0), ("checked.h5", 1)] {
      var stream = RandomStream(seed: factor == 1 ? 1 : 2, purpose: "scales")
      let writer = try HDF5Writer(path: example.folder.path(name))
      try writer.write(
        (0..<30 * 9).map { _ in (stream.uniform() * 255).rounded() * factor }, shape: [30, 3, 3],
        to: "images")
      try writer.write((0..<30).map { Int64($0 % 3) }, shape: [30], to: "labels")
      try writer.finish()
    }
    let result = try example.clean()
    #expect(result.exitCode == 65)
    #expect(result.standardError.contains("store both on one scale"), "\(result.standardError)")
  }

  @Test("A file that the data leads into is kept, too")
  func sourcesAreKept() throws {
    _ = try example.writeUsual()
    let files = FileManager.default
    try files.createDirectory(atPath: example.folder.path("out"), withIntermediateDirectories: true)
    try files.moveItem(
      atPath: example.folder.path("mine.h5"), toPath: example.folder.path("out/clean.h5"))
    let link = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Corpora/hdf5/features-of-another-file.h5").path
    try files.copyItem(atPath: link, toPath: example.folder.path("out/link.h5"))
    let before = try Data(contentsOf: URL(fileURLWithPath: example.folder.path("out/clean.h5")))
    let result = try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", example.folder.path("out/link.h5"), "--checked",
        example.folder.path("checked.h5"),
        "--output", example.folder.path("out"),
      ], timeout: 60)
    #expect(result.exitCode == 64, "\(result.standardError)")
    #expect(result.standardError.contains("would take the place of the input"))
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: example.folder.path("out/clean.h5"))) == before)
  }

  @Test("What cannot be reached is not called absent, and nobody is told to make it again")
  func unreachable() throws {
    _ = try example.writeUsual()
    let (long, circle) = (String(repeating: "x", count: 300), "circle")
    try FileManager.default.createSymbolicLink(
      atPath: example.folder.path(circle), withDestinationPath: circle)
    for (name, reason) in [(long, "File name too long"), (circle, "leads round in a circle")] {
      let result = try CommandRunner.run(
        "hyper-cleaning",
        [
          "clean", "--train", name, "--checked", example.folder.path("checked.h5"), "--output",
          example.folder.path("out"),
        ], currentDirectory: example.folder.url)
      #expect(result.exitCode == 66, "\(result.standardError)")
      #expect(result.standardError.contains(reason), "\(result.standardError)")
      #expect(!result.standardError.contains("datasets fetch"), "\(result.standardError)")
    }
  }

  @Test(
    "A data folder that is closed does not lack its data",
    .enabled(
      if: DatasetsCommandTests.hasOther, "There is nobody else who can run the products."))
  func closedFolder() throws {
    _ = try example.writeUsual()
    let folder = example.folder
    _ = try folder.write([1], to: "data/synthetic-digits-train.h5")
    #expect(chmod(folder.path, 0o755) == 0 && chmod(folder.path("data"), 0o700) == 0)
    let result = try ShellLine(
      "exec timeout 60 \(LimitTests.limitedUser) \"$0\" clean --train synthetic-digits-train "
        + "--data '\(folder.path("data"))' --checked '\(folder.path("checked.h5"))' --output "
        + "'\(folder.path("out"))'", "hyper-cleaning")
    #expect(result.code == 66 && result.text.contains("Permission denied"), "\(result.text)")
    #expect(!result.text.contains("datasets fetch"), "\(result.text)")
  }

  /// Other files that the fuzzer found read the same way; of this one the library cannot clear up.
  @Test("Nothing is said of a damaged file but the sentence, not by libhdf5 at its end either")
  func damageIsOneSentence() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Corpora/hdf5/chunk-of-4-gigabytes.h5").path
    let result = try CommandRunner.run(
      "hyper-cleaning",
      ["clean", "--train", file, "--checked", file, "--output", example.folder.path("out")],
      timeout: 60)
    #expect(result.exitCode == 65)
    let lines = result.standardError.split(separator: "\n")
    #expect(lines.count == 1, "\(result.standardError)")
    #expect(result.standardError.contains("the file is damaged"), "\(result.standardError)")
    // Its first call of the library is for the version, long before.
    let verified = try CommandRunner.run("datasets", ["verify", file])
    #expect(verified.exitCode == 65)
    #expect(
      verified.standardError.split(separator: "\n").count == 1, "\(verified.standardError)")
  }
}
