import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

/// `hyper-cleaning clean` on small data of its own: three classes of vectors, some labels wrong.
@Suite("hyper-cleaning clean")
struct CleanCommandTests {
  private let example: CleanExample

  init() throws { example = try CleanExample() }

  @Test("Features that say nothing of the classes lead to no calls and to no estimates")
  func nothingKnown() throws {
    var stream = RandomStream(seed: 5, purpose: "clean tests")
    func noise(_ count: Int) -> [CleanExample.Sample] {
      (0..<count).map { _ in
        CleanExample.Sample(
          features: (0..<6).map { _ in Float(stream.normal()) },
          label: Int64(stream.integer(below: 3)))
      }
    }
    try example.write(noise(300), to: "mine.h5", width: 6)
    try example.write(noise(60), to: "checked.h5", width: 6)
    let result = try example.clean()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardOutput.hasPrefix(
        "0 of 300 labels are suspect, and how many are wrong is not known"),
      "\(result.standardOutput)")
    #expect(result.standardError.contains("no better than their frequencies do"))
    let rows = try example.rows()
    let issue = try #require(rows[0].firstIndex(of: "is_label_issue"))
    let score = try #require(rows[0].firstIndex(of: "label_score"))
    let weight = try #require(rows[0].firstIndex(of: "weight"))
    for row in rows.dropFirst() {
      #expect(row[issue] == rows[1][issue] && Double(row[weight]) == 1)
      #expect(try #require(Double(row[score])) >= 0.5)
    }
    let record = try RunRecord(readingFrom: example.folder.path("out/record.json"))
    #expect(record.final["suspects"] == 0 && record.final["expectedNoiseRate"]?.isNaN == true)
    let page = try String(contentsOfFile: example.folder.path("out/suspects.html"), encoding: .utf8)
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
        let writer = try HDF5Writer(path: example.folder.path(name))
        try writer.write(
          part.flatMap { isSet[$0].map { $0 ? most : 0 } }, shape: [part.count, 8, 8],
          to: "images")
        // Every sixth of those to clean is wrong.
        try writer.write(
          part.map { name == "mine.h5" && $0 % 6 == 0 ? 1 - labels[$0] : labels[$0] },
          shape: [part.count], to: "labels")
        try writer.finish()
      }
      let result = try example.clean()
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardError.contains("pixels divided by \(divisor)"))
      return try example.rows().map { $0.joined(separator: ",") }
    }
    let expected = try scores(UInt8(255), divisor: "255")
    #expect(try scores(UInt8(1), divisor: "1") == expected)
    #expect(try scores(Float(1), divisor: "1") == expected)
    #expect(try scores(Float(2), divisor: "2") == expected)
  }

  @Test func wrongLabelsAreFoundAndEveryFileSaysTheSame() throws {
    let isWrong = try example.writeUsual(names: ["ant", "bee", "<cat>"])
    try example.write(example.samples(60, seed: 3), to: "test.h5", names: ["ant", "bee", "<cat>"])
    let result = try example.clean(["--test", example.folder.path("test.h5")])
    #expect(result.exitCode == 0, "\(result.standardError)")
    for text in ["expected memory:", "expected time:", "step size", "chosen on them"] {
      #expect(result.standardError.contains(text), "It lacks '\(text)': \(result.standardError)")
    }
    #expect(
      try example.folder.names(in: "out") == [
        "clean.h5", "record.json", "suspects.html", "weights.csv", "weights.h5",
      ])

    let rows = try example.rows()
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

    let file = try HDF5File.open(example.folder.path("out/weights.h5"))
    #expect(try file.strings("classNames") == ["ant", "bee", "<cat>"])
    #expect(try file.read("is_label_issue", as: UInt8.self).values == isWrong.map { $0 ? 1 : 0 })
    let stored = try file.read("label_score", as: Double.self).values
    #expect(zip(stored, scores).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(
      try file.readIntegers("rank").values.map { "\($0)" } == rows.dropFirst().map { $0[6] })

    let kept = try LabelledSamples.load(hdf5: example.folder.path("out/clean.h5"))
    #expect(kept.count == 135 && kept.classes.map(\.name) == ["ant", "bee", "<cat>"])

    let page = try String(contentsOfFile: example.folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.contains("15 of 150 labels are suspect") && page.contains("&lt;cat&gt;"))
    for text in ["http://", "https://", "<script", "<cat>"] {
      #expect(!page.contains(text), "The page holds \(text).")
    }
    let record = try RunRecord(readingFrom: example.folder.path("out/record.json"))
    #expect(record.final["suspects"] == 15 && record.datasets.count == 3)
    #expect(record.final["testAccuracy"] ?? 0 > 0.95)
  }

  @Test func suspectsMayBeRelabelledOrAShareKept() throws {
    let isWrong = try example.writeUsual()
    #expect(try example.clean(["--relabel", "--quiet"]).exitCode == 0)
    let relabelled = try HDF5File.open(example.folder.path("out/clean.h5"))
    #expect(
      try relabelled.readIntegers("labels").values == (0..<150).map { Int64($0 % 3) },
      "Every wrong label is put right.")
    #expect(try example.clean(["--keep", "0.5"]).exitCode == 0)
    let kept = try HDF5File.open(example.folder.path("out/clean.h5")).readIntegers("index").values
    #expect(kept.count == 75 && kept.allSatisfy { !isWrong[Int($0)] })
  }

  @Test(
    "A label that is believed is the predicted one, and stays when doubted samples are relabelled")
  func believedLabelsStay() throws {
    // Classes that overlap: the model's own guess is another class for many samples that are right.
    var stream = RandomStream(seed: 5, purpose: "overlapping classes")
    func samples(_ count: Int) -> [CleanExample.Sample] {
      (0..<count).map { index in
        .init(
          features: [Float(stream.normal() + (index % 3 == 0 ? 1.2 : 0)), Float(stream.normal())],
          label: Int64(index % 3 == 0 ? 0 : 1))
      }
    }
    var train = samples(300)
    for index in stride(from: 0, to: 300, by: 15) { train[index].label = 1 - train[index].label }
    try example.write(train, to: "mine.h5")
    try example.write(samples(120), to: "checked.h5")
    #expect(try example.clean(["--keep", "0.5", "--relabel", "--quiet"]).exitCode == 0)
    let rows = try example.rows().dropFirst()
    #expect(rows.count == 300)
    for row in rows {
      #expect(
        (row[1] == row[2]) == (row[4] == "False")
          && (Double(row[3]) ?? 0 >= 0.5) == (row[1] == row[2]))
    }
    let labels = try HDF5File.open(example.folder.path("out/clean.h5")).readIntegers("labels")
      .values
    #expect(labels == rows.map { Int64($0[2]) ?? -1 })
  }

  @Test("Numbers of a test part without names are those of parts with names, unless these disagree")
  func unnamedTestPart() throws {
    let names = ["2", "eel", "0"]
    _ = try example.writeUsual(names: names)
    try example.write(example.samples(60, seed: 3), to: "test.h5")
    let result = try example.clean(["--test", example.folder.path("test.h5"), "--quiet"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let record = try RunRecord(readingFrom: example.folder.path("out/record.json"))
    #expect(record.final["testAccuracy"] ?? 0 > 0.9)
    // Names of a test part are names, in whatever order, where the training part has numbers alone.
    try example.write(
      example.samples(150, seed: 1), to: "mine.h5")
    let reordered = example.samples(60, seed: 3).map {
      CleanExample.Sample(features: $0.features, label: 2 - $0.label)
    }
    try example.write(reordered, to: "reordered.h5", names: names.reversed())
    let named = try example.clean(["--test", example.folder.path("reordered.h5"), "--quiet"])
    #expect(named.exitCode == 0, "\(named.standardError)")
    let second = try RunRecord(readingFrom: example.folder.path("out/record.json"))
    #expect(second.final["testAccuracy"] ?? 0 > 0.9)
    _ = try example.writeUsual(names: names)
    // Another numbering of the same names in the checked part: no number says which class is meant.
    let checked = example.samples(45, seed: 2).map {
      CleanExample.Sample(features: $0.features, label: 2 - $0.label)
    }
    try example.write(checked, to: "checked.h5", names: names.reversed())
    let ambiguous = try example.clean(["--test", example.folder.path("test.h5"), "--quiet"])
    #expect(ambiguous.exitCode == 65, "\(ambiguous.standardError)")
    #expect(ambiguous.standardError.contains("The class \"1\" of"), "\(ambiguous.standardError)")
  }

  @Test(
    "Files of the names that are written which somebody else has made are kept",
    arguments: [
      "weights.csv", "weights.h5", "clean.h5", "suspects.html", "record.json",
    ])
  func foreignFilesAreKept(name: String) throws {
    _ = try example.writeUsual()
    try FileManager.default.createDirectory(
      atPath: example.folder.path("out"), withIntermediateDirectories: true)
    // An HDF5 file of one's own, under every name, and nothing of it is ours.
    try example.write(example.samples(4, seed: 9), to: "out/\(name)")
    let before = try Data(contentsOf: URL(fileURLWithPath: example.folder.path("out/\(name)")))
    let refused = try example.clean(["--quiet"])
    #expect(refused.exitCode == 64, "\(refused.standardError)")
    #expect(refused.standardError.contains("that this command has not made"))
    #expect(try example.folder.names(in: "out") == [name])
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: example.folder.path("out/\(name)"))) == before)
    // An empty file holds nothing, and its own files a second run replaces.
    _ = try example.folder.write([], to: "out/\(name)")
    #expect(try example.clean(["--quiet"]).exitCode == 0)
    #expect(try example.clean(["--quiet", "--seed", "1"]).exitCode == 0)
    // So it does those of an earlier version, which named no tool: the record vouches for them.
    if name == "weights.h5" {
      try example.write(example.samples(4, seed: 9), to: "out/weights.h5")
      #expect(try example.clean(["--quiet"]).exitCode == 0)
    }
  }

  @Test("Equal values of features that have few are no reason to refuse")
  func fewValues() throws {
    var stream = RandomStream(seed: 8, purpose: "answers to questions")
    func samples(_ count: Int) -> [CleanExample.Sample] {
      (0..<count).map { index in
        let label = index % 2
        return .init(
          features: (0..<4).map { _ in
            Float(stream.integer(below: 10) < (label == 0 ? 2 : 8) ? 1 : 0)
          },
          label: Int64(label))
      }
    }
    var train = samples(120)
    for index in stride(from: 0, to: 120, by: 12) { train[index].label = 1 - train[index].label }
    try example.write(train, to: "mine.h5", width: 4)
    try example.write(samples(40), to: "checked.h5", width: 4)
    let result = try example.clean()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardError.contains("are taken for different samples"))
    // Pictures that are the same, beside features that were computed twice.
    for (name, count, offset) in [("mine.h5", 90, 0.0), ("checked.h5", 45, 1e-3)] {
      let part = example.samples(count, seed: name == "mine.h5" ? 1 : 2)
      let writer = try HDF5Writer(path: example.folder.path(name))
      try writer.write(
        part.flatMap(\.features).map { $0 + Float(offset) }, shape: [count, 2], to: "features")
      // Each picture is its number; the parts share four.
      let numbers = (0..<count).map { UInt8(name == "mine.h5" ? $0 : $0 + 86) }
      try writer.write(numbers.flatMap { [$0, 255] }, shape: [count, 1, 2], to: "images")
      try writer.write(part.map(\.label), shape: [count], to: "labels")
      try writer.finish()
    }
    let pictures = try example.clean()
    #expect(
      pictures.exitCode == 65 && pictures.standardError.contains("4 samples of "),
      "\(pictures.standardError)")
    // Where hardly any values occur twice, an equal sample is the same one.
    _ = try example.writeUsual()
    try example.write(
      example.samples(44, seed: 2) + [example.samples(150, seed: 1)[0]], to: "checked.h5")
    let same = try example.clean()
    #expect(
      same.exitCode == 65 && same.standardError.contains("1 sample of "), "\(same.standardError)")
  }

  @Test("The record says what was asked for, and that generated samples are generated")
  func recordsAreToldApart() throws {
    _ = try example.writeUsual()
    func record(_ arguments: [String]) throws -> RunRecord {
      let result = try example.clean(arguments)
      #expect(result.exitCode == 0, "\(result.standardError)")
      return try RunRecord(readingFrom: example.folder.path("out/record.json"))
    }
    let usual = try record([])
    #expect(usual.variant.isEmpty && !usual.isSynthetic)
    let named = try record(["--method", "filtered"])
    #expect(named.variant == ["method": "filtered"])
    let kept = try record(["--keep", "0.5", "--relabel", "--method", "filtered"])
    #expect(kept.variant == ["keep": 0.5, "method": "filtered", "relabel": true])
    #expect(Set([usual, named, kept].map(\.identity)).count == 3)
    // The suite's own files say of themselves that nothing in them is real.
    for (name, count, seed) in [("mine.h5", 200, 3), ("checked.h5", 100, 4)] {
      try SyntheticDigits.dataset(count: count, split: "train", seed: UInt64(seed))
        .save(example.folder.path(name))
    }
    let generated = try record([])
    #expect(generated.isSynthetic && generated.datasets.allSatisfy(\.synthetic))
  }

  @Test(arguments: CleanMethodNames.all)
  func everyMethodFindsThem(method: String) throws {
    let isWrong = try example.writeUsual()
    let result = try example.clean(["--method", method])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let ranks = try example.rows().dropFirst().map { Int($0[6]) ?? 0 }
    let found = zip(ranks, isWrong).count { $0 <= 15 && $1 }
    #expect(found >= 14, "\(method) ranks \(found) of 15 wrong labels first.")
    let record = try RunRecord(readingFrom: example.folder.path("out/record.json"))
    #expect(record.method.name == method)
  }

  /// Of features that say nothing no method predicts checked samples better than by chance, log 3 nats,
  /// unless it has learned from those that it is judged by.
  @Test(arguments: CleanMethodNames.all)
  func heldOutSamplesAreHeldOut(method: String) throws {
    var stream = RandomStream(seed: 7, purpose: "clean tests")
    func meaningless(_ count: Int) -> [CleanExample.Sample] {
      (0..<count).map { index in
        CleanExample.Sample(
          features: (0..<100).map { _ in Float(stream.normal()) }, label: Int64(index % 3))
      }
    }
    try example.write(meaningless(1500), to: "mine.h5", width: 100)
    try example.write(meaningless(90), to: "checked.h5", width: 100)
    let result = try example.clean(["--method", method])
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
          _ = try example.folder.write(try image.encoded(), to: "\(part)/\(name)/\(index).png")
        }
      }
    }
    let result = try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", example.folder.path("mine"), "--checked",
        example.folder.path("checked"), "--output",
        example.folder.path("out"), "--show", "2",
      ], timeout: 120)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let suspects = try example.rows().dropFirst().filter { $0[4] == "True" }.map { $0[7] }
    #expect(suspects == ["bright/0.png", "dark/0.png"])
    let page = try String(contentsOfFile: example.folder.path("out/suspects.html"), encoding: .utf8)
    #expect(page.components(separatedBy: "data:image/png;base64,").count == 3)
    #expect(page.contains("bright/0.png"))
  }

  @Test("Nothing suspect: no share of nothing is told")
  func nothingSuspect() throws {
    try example.write(example.samples(150, seed: 1), to: "mine.h5")
    try example.write(example.samples(45, seed: 2), to: "checked.h5")
    let result = try example.clean(["--test", example.folder.path("checked.h5")])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let output = result.standardOutput
    #expect(output.contains("0 of 150 labels are suspect: none is less probably"), "\(output)")
    #expect(!output.contains("are expected to hold"), "\(output)")
    let record = try RunRecord(readingFrom: example.folder.path("out/record.json"))
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
    let isWrong = try example.writeUsual()
    var train = example.samples(150, seed: 1)
    for index in train.indices where isWrong[index] {
      train[index].label = (train[index].label + 1) % 3
    }
    try example.write(train + train, to: "mine.h5")
    let result = try example.clean(["--method", "self-confidence"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardError.contains(
        "300 of the 300 samples of the file \(example.folder.path("mine.h5")) occur more than once (such as "
          + "samples 0 and 150): equal samples are judged together"), "\(result.standardError)")
    let lines = try String(contentsOfFile: example.folder.path("out/weights.csv"), encoding: .utf8)
      .split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
    let scores = lines.compactMap { Double($0[3]) }
    #expect(scores.count == 300)
    for index in 0..<150 { #expect(abs(scores[index] - scores[index + 150]) < 1e-5) }
    #expect(zip(isWrong, scores).allSatisfy { !$0 || $1 < 0.5 })
    train[149].features = train[148].features
    try example.write(train, to: "mine.h5")
    let other = try example.clean()
    #expect(
      other.standardError.contains("2 are labelled differently (such as samples 148 and 149)"),
      "\(other.standardError)")
  }

  @Test("A placeholder for a missing value is named, and data in tiny units are not constant")
  func placeholders() throws {
    _ = try example.writeUsual()
    var train = example.samples(150, seed: 1)
    train[5].features[1] = -9999
    try example.write(train, to: "mine.h5")
    let result = try example.clean()
    #expect(
      result.standardError.contains(
        "Sample 5 of the file \(example.folder.path("mine.h5")) has -9999.0 in feature 1, more than a thousand"
      ),
      "\(result.standardError)")
    for (name, count) in [("mine.h5", 150), ("checked.h5", 45)] {
      let writer = try HDF5Writer(path: example.folder.path(name))
      let set = example.samples(count, seed: count == 150 ? 1 : 2)
      try writer.write(
        set.flatMap { $0.features.map { Double($0) * 1e-200 } }, shape: [count, 2], to: "features")
      try writer.write(set.map(\.label), shape: [count], to: "labels")
      try writer.finish()
    }
    let tiny = try example.clean()
    #expect(!tiny.standardError.contains("left out"), "\(tiny.standardError)")
    let record = try RunRecord(readingFrom: example.folder.path("out/record.json"))
    #expect((record.final["expectedAUC"] ?? 0) > 0.9 || record.final["expectedAUC"]?.isNaN == true)
    #expect(tiny.standardOutput.contains("0 of 150 labels are suspect"), "\(tiny.standardOutput)")
  }

  @Test("Where every label is suspect, the result is whole, and says what is amiss")
  func everythingSuspect() throws {
    _ = try example.writeUsual()
    #expect(try example.clean().exitCode == 0)
    try example.write(
      example.samples(150, seed: 1).map {
        CleanExample.Sample(features: $0.features, label: ($0.label + 1) % 3)
      },
      to: "mine.h5")
    let result = try example.clean()
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.contains("150 of 150 labels are suspect"))
    #expect(
      result.standardError.contains("Every label is suspect, so nothing would be left in clean.h5"))
    // The one of the run before would be of other data.
    #expect(!FileManager.default.fileExists(atPath: example.folder.path("out/clean.h5")))
    for name in ["weights.csv", "weights.h5", "suspects.html", "record.json"] {
      #expect(FileManager.default.fileExists(atPath: example.folder.path("out/\(name)")), "\(name)")
    }
  }
}

/// The names of the methods, as a user types them.
enum CleanMethodNames {
  static let all = ["validation-only", "self-confidence", "self-filtered", "filtered", "rhg"]
}
