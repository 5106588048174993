import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

/// `hyper-cleaning clean` on small data of its own: three classes of vectors, some labels wrong.
@Suite("hyper-cleaning clean")
struct CleanCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What a file holds.
  private struct Sample {
    var features: [Float]
    var label: Int64
  }

  /// Samples of three classes round three points of the plane, far enough apart.
  private func samples(_ count: Int, seed: UInt64) -> [Sample] {
    var stream = RandomStream(seed: seed, purpose: "clean tests")
    let centres: [[Double]] = [[0, 0], [6, 0], [0, 6]]
    return (0..<count).map { index in
      Sample(
        features: centres[index % 3].map { Float($0 + stream.normal()) }, label: Int64(index % 3))
    }
  }

  private func write(
    _ samples: [Sample], to name: String, names: [String]? = nil, width: Int = 2
  ) throws {
    let writer = try HDF5Writer(path: folder.path(name))
    try writer.write(
      samples.flatMap(\.features), shape: [samples.count, width], to: "features")
    try writer.write(samples.map(\.label), shape: [samples.count], to: "labels")
    if let names { try writer.setAttribute("classNames", .strings(names)) }
    try writer.finish()
  }

  /// Every tenth label wrong; returns which.
  private func writeUsual(count: Int = 150, names: [String]? = nil) throws -> [Bool] {
    var train = samples(count, seed: 1)
    var isWrong = [Bool](repeating: false, count: count)
    for index in stride(from: 4, to: count, by: 10) {
      train[index].label = (train[index].label + 1) % 3
      isWrong[index] = true
    }
    try write(train, to: "mine.h5", names: names)
    try write(samples(45, seed: 2), to: "checked.h5", names: names)
    return isWrong
  }

  private func clean(_ arguments: [String] = [], timeout: Double = 120) throws -> CommandResult {
    try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path("mine.h5"), "--checked", folder.path("checked.h5"),
        "--output", folder.path("out"),
      ] + arguments, timeout: timeout)
  }

  private func rows() throws -> [[String]] {
    try String(contentsOfFile: folder.path("out/weights.csv"), encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",").map { String($0) } }
  }

  @Test("Features that say nothing of the classes lead to no calls and to no estimates")
  func nothingKnown() throws {
    var stream = RandomStream(seed: 5, purpose: "clean tests")
    func noise(_ count: Int) -> [Sample] {
      (0..<count).map { _ in
        Sample(
          features: (0..<6).map { _ in Float(stream.normal()) },
          label: Int64(stream.integer(below: 3)))
      }
    }
    try write(noise(300), to: "mine.h5", width: 6)
    try write(noise(60), to: "checked.h5", width: 6)
    let result = try clean()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardOutput.hasPrefix(
        "0 of 300 labels are suspect, and how many are wrong is not known"),
      "\(result.standardOutput)")
    #expect(result.standardError.contains("no better than their frequencies do"))
    let rows = try rows()
    let issue = try #require(rows[0].firstIndex(of: "is_label_issue"))
    let score = try #require(rows[0].firstIndex(of: "label_score"))
    let weight = try #require(rows[0].firstIndex(of: "weight"))
    for row in rows.dropFirst() {
      #expect(row[issue] == rows[1][issue] && Double(row[weight]) == 1)
      #expect(try #require(Double(row[score])) >= 0.5)
    }
    let record = try RunRecord(readingFrom: folder.path("out/record.json"))
    #expect(record.final["suspects"] == 0 && record.final["expectedNoiseRate"]?.isNaN == true)
    let page = try String(contentsOfFile: folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.contains("How many labels are wrong is not known."))
    #expect(!page.contains("How many to check by hand"))
  }

  @Test("Images of two values are judged alike, whichever scale and type they are stored in")
  func binaryImages() throws {
    var stream = RandomStream(seed: 7, purpose: "binary images")
    let labels = (0..<90).map { Int64($0 % 2) }
    let isSet = labels.map { label in
      (0..<64).map { stream.uniform() < ($0 / 32 == Int(label) ? 0.8 : 0.2) }
    }
    func scores<Element: HDF5Element & Numeric>(
      _ most: Element, divisor: String
    ) throws -> [String] {
      for (name, part) in [("mine.h5", 0..<60), ("checked.h5", 60..<90)] {
        let writer = try HDF5Writer(path: folder.path(name))
        try writer.write(
          part.flatMap { isSet[$0].map { $0 ? most : 0 } }, shape: [part.count, 8, 8],
          to: "images")
        // Every sixth of those to clean is wrong.
        try writer.write(
          part.map { name == "mine.h5" && $0 % 6 == 0 ? 1 - labels[$0] : labels[$0] },
          shape: [part.count], to: "labels")
        try writer.finish()
      }
      let result = try clean()
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardError.contains("pixels divided by \(divisor)"))
      return try rows().map { $0.joined(separator: ",") }
    }
    let expected = try scores(UInt8(255), divisor: "255")
    #expect(try scores(UInt8(1), divisor: "1") == expected)
    #expect(try scores(Float(1), divisor: "1") == expected)
    #expect(try scores(Float(2), divisor: "2") == expected)
  }

  @Test func wrongLabelsAreFoundAndEveryFileSaysTheSame() throws {
    let isWrong = try writeUsual(names: ["ant", "bee", "<cat>"])
    try write(samples(60, seed: 3), to: "test.h5", names: ["ant", "bee", "<cat>"])
    let result = try clean(["--test", folder.path("test.h5")])
    #expect(result.exitCode == 0, "\(result.standardError)")
    for text in ["expected memory:", "expected time:", "step size", "chosen on them"] {
      #expect(result.standardError.contains(text), "It lacks '\(text)': \(result.standardError)")
    }
    #expect(
      try folder.names(in: "out") == [
        "clean.h5", "record.json", "suspects.html", "weights.csv", "weights.h5",
      ])

    let rows = try rows()
    #expect(
      rows[0] == [
        "index", "given_label", "predicted_label", "label_score", "is_label_issue", "weight",
        "rank",
      ])
    #expect(rows.count == 151)
    let suspects = rows.dropFirst().map { $0[4] == "True" }
    #expect(suspects == isWrong)
    #expect(rows[5][1] != rows[5][2] && rows[1][1...2] == ["ant", "ant"])
    let scores = rows.dropFirst().map { Double($0[3]) ?? .nan }
    #expect(scores.allSatisfy { (0...1).contains($0) })
    #expect(Set(rows.dropFirst().map { $0[6] }) == Set((1...150).map { "\($0)" }))

    let file = try HDF5File.open(folder.path("out/weights.h5"))
    #expect(try file.strings("classNames") == ["ant", "bee", "<cat>"])
    #expect(try file.read("is_label_issue", as: UInt8.self).values == isWrong.map { $0 ? 1 : 0 })
    let stored = try file.read("label_score", as: Double.self).values
    #expect(zip(stored, scores).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(
      try file.readIntegers("rank").values.map { "\($0)" } == rows.dropFirst().map { $0[6] })

    let kept = try LabelledSamples.load(hdf5: folder.path("out/clean.h5"))
    #expect(kept.count == 135 && kept.classes.map(\.name) == ["ant", "bee", "<cat>"])

    let page = try String(contentsOfFile: folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.contains("15 of 150 labels are suspect") && page.contains("&lt;cat&gt;"))
    for text in ["http://", "https://", "<script", "<cat>"] {
      #expect(!page.contains(text), "The page holds \(text).")
    }
    let record = try RunRecord(readingFrom: folder.path("out/record.json"))
    #expect(record.final["suspects"] == 15 && record.datasets.count == 3)
    #expect(record.final["testAccuracy"] ?? 0 > 0.95)
  }

  @Test func suspectsMayBeRelabelledOrAShareKept() throws {
    let isWrong = try writeUsual()
    #expect(try clean(["--relabel", "--quiet"]).exitCode == 0)
    let relabelled = try HDF5File.open(folder.path("out/clean.h5"))
    #expect(
      try relabelled.readIntegers("labels").values == (0..<150).map { Int64($0 % 3) },
      "Every wrong label is put right.")
    #expect(try clean(["--keep", "0.5"]).exitCode == 0)
    let kept = try HDF5File.open(folder.path("out/clean.h5")).readIntegers("index").values
    #expect(kept.count == 75 && kept.allSatisfy { !isWrong[Int($0)] })
  }

  @Test(arguments: CleanMethodNames.all)
  func everyMethodFindsThem(method: String) throws {
    let isWrong = try writeUsual()
    let result = try clean(["--method", method])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let ranks = try rows().dropFirst().map { Int($0[6]) ?? 0 }
    let found = zip(ranks, isWrong).count { $0 <= 15 && $1 }
    #expect(found >= 14, "\(method) ranks \(found) of 15 wrong labels first.")
    let record = try RunRecord(readingFrom: folder.path("out/record.json"))
    #expect(record.method.name == method)
  }

  /// Of features that say nothing no method predicts checked samples better than by chance, log 3 nats,
  /// unless it has learned from those that it is judged by.
  @Test(arguments: CleanMethodNames.all)
  func heldOutSamplesAreHeldOut(method: String) throws {
    var stream = RandomStream(seed: 7, purpose: "clean tests")
    func meaningless(_ count: Int) -> [Sample] {
      (0..<count).map { index in
        Sample(features: (0..<100).map { _ in Float(stream.normal()) }, label: Int64(index % 3))
      }
    }
    try write(meaningless(1500), to: "mine.h5", width: 100)
    try write(meaningless(90), to: "checked.h5", width: 100)
    let result = try clean(["--method", method])
    let line = result.standardError.split(separator: "\n").first {
      $0.hasPrefix("\(method): ") && $0.contains(" nats")
    }
    let words = try #require(line, "\(result.standardError)").split(separator: " ")
    let unit = try #require(words.firstIndex { $0.hasPrefix("nats") })
    let loss = try #require(Double(words[unit - 1]))
    #expect(loss > 1.06, "\(method): \(line ?? "")")
  }

  @Test func imagesAreShownAndFoldersNamed() throws {
    var stream = RandomStream(seed: 9, purpose: "pictures")
    for (part, each) in [("mine", 12), ("checked", 6)] {
      for (label, name) in ["dark", "bright"].enumerated() {
        for index in 0..<each {
          let isWrong = part == "mine" && index == 0
          let base = (label == 0) != isWrong ? 40.0 : 210.0
          let pixels = (0..<64).map { _ in UInt8(base + 20 * stream.uniform()) }
          let image = PNGImage(width: 8, height: 8, channels: 1, pixels: pixels)
          _ = try folder.write(try image.encoded(), to: "\(part)/\(name)/\(index).png")
        }
      }
    }
    let result = try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path("mine"), "--checked", folder.path("checked"), "--output",
        folder.path("out"), "--show", "2",
      ], timeout: 120)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let suspects = try rows().dropFirst().filter { $0[4] == "True" }.map { $0[7] }
    #expect(suspects == ["bright/0.png", "dark/0.png"])
    let page = try String(contentsOfFile: folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.components(separatedBy: "data:image/png;base64,").count == 3)
    #expect(page.contains("bright/0.png"))
  }

  @Test func badInputGetsOneSentence() throws {
    _ = try writeUsual()
    let usual = samples(45, seed: 2)
    let train = samples(150, seed: 1)

    try write(usual.filter { $0.label != 2 }, to: "checked.h5")
    try refused("has no sample of class \"2\"")
    try write(
      usual.filter { $0.label != 2 } + usual.filter { $0.label == 2 }.prefix(1), to: "checked.h5")
    try refused("has only one sample of class \"2\"")
    try write(usual, to: "checked.h5")
    try write(
      train.filter { $0.label != 1 } + train.filter { $0.label == 1 }.prefix(1), to: "mine.h5")
    try refused("has only one sample of class \"1\"")
    try write(train.filter { $0.label == 1 }, to: "mine.h5")
    try refused("All labels of the file \(folder.path("mine.h5")) are of one class")

    var unusable = train
    unusable[7].features[1] = .nan
    try write(unusable, to: "mine.h5")
    try refused("holds nan in sample 7 (value 1 of it)")
    try write(
      train.map { Sample(features: $0.features + [1], label: $0.label) }, to: "mine.h5", width: 3)
    try refused("has the shape [2] and one of")

    var overlapping = train
    overlapping[30].features = usual[3].features
    overlapping[99].features = usual[40].features
    try write(overlapping, to: "mine.h5")
    try refused("2 samples of the file \(folder.path("checked.h5")) are also in")
    try refused("3 = 30, 40 = 99")
    // Whoever leaves out what is named is done.
    overlapping[50].features = usual[3].features
    overlapping[51].features = usual[3].features
    try write(overlapping, to: "mine.h5")
    try refused("leave training samples 30, 50 to 51 and 99 out of the training data")
    // However often one sample occurs, as a blank image may.
    var blank = usual
    for index in 0..<12 {
      blank[index].features = [9, 9]
      overlapping[index].features = [9, 9]
    }
    try write(overlapping, to: "mine.h5")
    try write(blank, to: "checked.h5")
    try refused("13 samples of the file \(folder.path("checked.h5")) are also in")
    try refused("0 = 0, 0 = 1, 0 = 2, 0 = 3, 0 = 4 and 140 more)")
    try refused("leave training samples 0 to 11 and 99 out of")
    try write(usual, to: "checked.h5")
    try write(train.map { Sample(features: [1, 2], label: $0.label) }, to: "mine.h5")
    try refused("All 150 samples of the file \(folder.path("mine.h5")) are equal")
    try refused("does not exist", ["--train", folder.path("nowhere.h5")], exitCode: 66)
    try refused("There is no file, folder or data set", ["--train", "mnits"], exitCode: 66)
    try refused("The option --keep wants", ["--keep", "0"], exitCode: 64)
    #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
  }

  private func refused(
    _ sentence: String, _ arguments: [String] = [], exitCode: Int32 = 65
  ) throws {
    var command = [
      "clean", "--train", folder.path("mine.h5"), "--checked", folder.path("checked.h5"),
      "--output", folder.path("out"),
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
    _ = try writeUsual()
    #expect(try clean().exitCode == 0)
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.path("out/weights.csv")))
    try write(samples(45, seed: 2).filter { $0.label != 2 }, to: "checked.h5")
    #expect(try clean().exitCode == 65)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("out/weights.csv"))) == before)
    #expect(try folder.names(in: "out").contains("record.json"))

    // A file that cannot be written is known before anything is computed, or written.
    _ = try writeUsual()
    try FileManager.default.removeItem(atPath: folder.path("out/suspects.html"))
    try FileManager.default.createDirectory(
      atPath: folder.path("out/suspects.html"), withIntermediateDirectories: false)
    let result = try clean()
    #expect(result.exitCode == 1 && result.standardError.contains("suspects.html"))
    #expect(
      try folder.names(in: "out") == [
        "clean.h5", "record.json", "suspects.html", "weights.csv", "weights.h5",
      ])
  }

  @Test func interruptionLeavesNothing() throws {
    let isWrong = try writeUsual(count: 30_000)
    #expect(isWrong.count == 30_000)
    let command = try CommandRunner.start(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path("mine.h5"), "--checked", folder.path("checked.h5"),
        "--output", folder.path("out"), "--method", "rhg",
      ])
    let deadline = Date().addingTimeInterval(60)
    while !command.standardErrorSoFar.contains("expected time"), Date() < deadline {
      usleep(20_000)
    }
    command.send(signal: SIGTERM)
    let result = try command.wait(timeout: 120)
    #expect(result.exitCode == 143, "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("out/record.json")))
  }

  @Test("Nothing suspect: no share of nothing is told")
  func nothingSuspect() throws {
    try write(samples(150, seed: 1), to: "mine.h5")
    try write(samples(45, seed: 2), to: "checked.h5")
    let result = try clean(["--test", folder.path("checked.h5")])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let output = result.standardOutput
    #expect(output.contains("0 of 150 labels are suspect: none is less probably"), "\(output)")
    #expect(!output.contains("are expected to hold"), "\(output)")
    let record = try RunRecord(readingFrom: folder.path("out/record.json"))
    for name in ["expectedRecall", "expectedPrecision"] {
      #expect((record.final[name] ?? .nan).isNaN, "\(name)")
    }
    // That the test samples are the checked ones is said, since their accuracy says nothing.
    #expect(
      result.standardError.contains("45 of 45 test samples are also among the checked samples"),
      "\(result.standardError)")
  }

  /// Two samples whose label is wrong are found, though each has a twin with the same wrong label, which a
  /// model trained on the twin would know.
  @Test("Equal samples are judged by models that have seen neither")
  func twins() throws {
    let isWrong = try writeUsual()
    var train = samples(150, seed: 1)
    for index in train.indices where isWrong[index] {
      train[index].label = (train[index].label + 1) % 3
    }
    try write(train + train, to: "mine.h5")
    let result = try clean(["--method", "self-confidence"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardError.contains(
        "300 of the 300 samples of the file \(folder.path("mine.h5")) occur more than once (such as "
          + "samples 0 and 150): equal samples are judged together"), "\(result.standardError)")
    let lines = try String(contentsOfFile: folder.path("out/weights.csv"), encoding: .utf8)
      .split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
    let scores = lines.compactMap { Double($0[3]) }
    #expect(scores.count == 300)
    for index in 0..<150 { #expect(abs(scores[index] - scores[index + 150]) < 1e-5) }
    #expect(zip(isWrong, scores).allSatisfy { !$0 || $1 < 0.5 })
    train[149].features = train[148].features
    try write(train, to: "mine.h5")
    let other = try clean()
    #expect(
      other.standardError.contains("2 are labelled differently (such as samples 148 and 149)"),
      "\(other.standardError)")
  }

  @Test("A placeholder for a missing value is named, and data in tiny units are not constant")
  func placeholders() throws {
    _ = try writeUsual()
    var train = samples(150, seed: 1)
    train[5].features[1] = -9999
    try write(train, to: "mine.h5")
    let result = try clean()
    #expect(
      result.standardError.contains(
        "Sample 5 of the file \(folder.path("mine.h5")) has -9999.0 in feature 1, more than a thousand"
      ),
      "\(result.standardError)")
    for (name, count) in [("mine.h5", 150), ("checked.h5", 45)] {
      let writer = try HDF5Writer(path: folder.path(name))
      let set = samples(count, seed: count == 150 ? 1 : 2)
      try writer.write(
        set.flatMap { $0.features.map { Double($0) * 1e-200 } }, shape: [count, 2], to: "features")
      try writer.write(set.map(\.label), shape: [count], to: "labels")
      try writer.finish()
    }
    let tiny = try clean()
    #expect(!tiny.standardError.contains("left out"), "\(tiny.standardError)")
    let record = try RunRecord(readingFrom: folder.path("out/record.json"))
    #expect((record.final["expectedAUC"] ?? 0) > 0.9 || record.final["expectedAUC"]?.isNaN == true)
    #expect(tiny.standardOutput.contains("0 of 150 labels are suspect"), "\(tiny.standardOutput)")
  }

  @Test("Where every label is suspect, the result is whole, and says what is amiss")
  func everythingSuspect() throws {
    _ = try writeUsual()
    #expect(try clean().exitCode == 0)
    try write(
      samples(150, seed: 1).map { Sample(features: $0.features, label: ($0.label + 1) % 3) },
      to: "mine.h5")
    let result = try clean()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.contains("150 of 150 labels are suspect"))
    #expect(
      result.standardError.contains("Every label is suspect, so nothing would be left in clean.h5"))
    // The one of the run before would be of other data.
    #expect(!FileManager.default.fileExists(atPath: folder.path("out/clean.h5")))
    for name in ["weights.csv", "weights.h5", "suspects.html", "record.json"] {
      #expect(FileManager.default.fileExists(atPath: folder.path("out/\(name)")), "\(name)")
    }
  }

  @Test("Images of 16 bits beside images of 8 are refused")
  func scales() throws {
    for (name, factor) in [("mine.h5", 257.0), ("checked.h5", 1)] {
      var stream = RandomStream(seed: factor == 1 ? 1 : 2, purpose: "scales")
      let writer = try HDF5Writer(path: folder.path(name))
      try writer.write(
        (0..<30 * 9).map { _ in (stream.uniform() * 255).rounded() * factor }, shape: [30, 3, 3],
        to: "images")
      try writer.write((0..<30).map { Int64($0 % 3) }, shape: [30], to: "labels")
      try writer.finish()
    }
    let result = try clean()
    #expect(result.exitCode == 65)
    #expect(result.standardError.contains("store both on one scale"), "\(result.standardError)")
  }

  @Test("A file that the data leads into is kept, too")
  func sourcesAreKept() throws {
    _ = try writeUsual()
    let files = FileManager.default
    try files.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: true)
    try files.moveItem(atPath: folder.path("mine.h5"), toPath: folder.path("out/clean.h5"))
    let link = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Corpora/hdf5/features-of-another-file.h5").path
    try files.copyItem(atPath: link, toPath: folder.path("out/link.h5"))
    let before = try Data(contentsOf: URL(fileURLWithPath: folder.path("out/clean.h5")))
    let result = try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path("out/link.h5"), "--checked", folder.path("checked.h5"),
        "--output", folder.path("out"),
      ], timeout: 60)
    #expect(result.exitCode == 64, "\(result.standardError)")
    #expect(result.standardError.contains("would take the place of the input"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("out/clean.h5"))) == before)
  }

  /// Other files that the fuzzer found read the same way; of this one the library cannot clear up.
  @Test("Nothing is said of a damaged file but the sentence, not by libhdf5 at its end either")
  func damageIsOneSentence() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Corpora/hdf5/chunk-of-4-gigabytes.h5").path
    let result = try CommandRunner.run(
      "hyper-cleaning",
      ["clean", "--train", file, "--checked", file, "--output", folder.path("out")], timeout: 60)
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

/// The names of the methods, as a user types them.
enum CleanMethodNames {
  static let all = ["validation-only", "self-confidence", "self-filtered", "filtered", "rhg"]
}
