import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import FewShotLearning
@testable import few_shot

/// Using what was learned: the commands give what the run itself measured.
@Suite("Using what was learned", .serialized)
struct LearnedUseTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ name: String, _ arguments: [String]) throws -> RunRecord {
    let result = try CommandRunner.run(
      name,
      ["run", "--data", folder.path("data"), "--output", folder.path("runs"), "--progress", "none"]
        + ["--fresh", "--save", folder.path("learned.h5")] + arguments)
    guard result.exitCode == 0 else { throw Unexpected(result.standardError) }
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path("runs"))
    let path = try #require(names.first { $0.hasSuffix(".json") })
    return try RunRecord(readingFrom: "\(folder.path("runs"))/\(path)")
  }

  // MARK: - few-shot evaluate

  private static let tiny = [
    "split.train=9", "split.validation=6", "network.filters=4", "task.metaBatch=2",
    "outer.iterations=6", "evaluation.every=2", "evaluation.validationEpisodes=4",
    "evaluation.testEpisodes=1", "data.rotationsAreClasses=false", "task.queries=4",
  ]

  /// The images of the first test episode as folders of one's own.
  private func writeEpisode(of settings: FewShotSettings) throws {
    let source = DataFolder(path: folder.path("data"))
    let tree = try FewShotData.tree(settings, folder: source)
    let sampler = try FewShotData(settings, tree: tree).sampler(.test, settings, seed: 0)
    let selection = sampler.selection(0)
    // Named in the order of the episode, which is then that of the folders: a head that was learned
    // tells classes apart by their number.
    for (part, images) in [("support", selection.support), ("query", selection.query)] {
      let perClass = images.count / settings.task.ways
      for (index, image) in images.enumerated() {
        let group = try #require(tree.classes.last { $0.firstImage <= image.position })
        let name = group.files[image.position - group.firstImage]
        // Classes one level deep, so that a query folder is a class.
        let target = folder.url.appendingPathComponent(
          "mine/\(part)/\(index / perClass)-\(group.name.replacing("/", with: "-"))")
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          atPath: "\(tree.path)/\(group.name)/\(name)",
          toPath: target.path + "/\(index % perClass)-\(name)")
      }
    }
  }

  private func evaluate(_ options: [String] = []) throws -> CommandResult {
    try CommandRunner.run(
      "few-shot",
      [
        "evaluate", "--learned", folder.path("learned.h5"), "--data", folder.path("mine"),
        "--output", folder.path("predictions.csv"),
      ] + options)
  }

  private func rows() throws -> [[String]] {
    try String(contentsOfFile: folder.path("predictions.csv"), encoding: .utf8)
      .split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
  }

  @Test(
    "A folder of one's own is classified as the run classified the same images",
    arguments: ["rhg", "maml", "meta-sgd"], ["transductive", "inductive", "running"])
  func evaluation(_ method: String, _ normalisation: String) throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let keys = Self.tiny + ["evaluation.normalisation=\(normalisation)"]
    let record = try run("few-shot", ["--method", method] + keys.flatMap { ["--set", $0] })
    let settings = try record.configuration.decoded(
      as: RunSettings<FewShotSettings>.self, source: "record")
    try writeEpisode(of: settings.own)
    let result = try evaluate()
    #expect(result.exitCode == 0, "\(result.standardError)")
    let rows = try rows()
    #expect(rows.count == 1 + 20 && rows[0].count == 4 + 5)
    #expect(rows[0].prefix(4) == ["image", "given_label", "predicted_label", "confidence"])
    for row in rows.dropFirst() {
      let probabilities = row.dropFirst(4).compactMap { Double($0) }
      #expect(abs(probabilities.reduce(0, +) - 1) < 1e-9)
      #expect(Double(row[3]) == probabilities.max())
      #expect(row[0].hasPrefix(row[1] + "/"))
    }
    let accuracy = Double(rows.dropFirst().count { $0[1] == $0[2] }) / 20
    #expect(accuracy == record.final["testAccuracy"])
    #expect(result.standardOutput.contains("accuracy \((1_000 * accuracy).rounded() / 10) %"))
  }

  @Test("A product of dynamics and hypergradient is used as a method with a name is")
  func product() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let parts = ["--dynamics", "heavy-ball", "--hypergradient", "truncated-reverse"]
    let record = try run("few-shot", parts + Self.tiny.flatMap { ["--set", $0] })
    let settings = try record.configuration.decoded(
      as: RunSettings<FewShotSettings>.self, source: "record")
    try writeEpisode(of: settings.own)
    let result = try evaluate()
    #expect(result.exitCode == 0, "\(result.standardError)")
    let hits = try rows().dropFirst().count { $0[1] == $0[2] }
    #expect(Double(hits) / 20 == record.final["testAccuracy"])
  }

  @Test("What a baseline does not read is named, and raw pixels need no moments")
  func unreadOptions() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let keys = Self.tiny + ["evaluation.normalisation=running"]
    let record = try run(
      "few-shot", ["--method", "raw-pixels"] + keys.flatMap { ["--set", $0] })
    let settings = try record.configuration.decoded(
      as: RunSettings<FewShotSettings>.self, source: "record")
    try writeEpisode(of: settings.own)
    let pixels = try evaluate(["--normalisation", "running", "--inner-steps", "3"])
    #expect(pixels.exitCode == 0, "\(pixels.standardError)")
    #expect(pixels.standardError.contains("Ignored: --normalisation, which Raw pixels"))
    _ = try run("few-shot", ["--method", "prototypes"] + Self.tiny.flatMap { ["--set", $0] })
    let means = try evaluate(["--normalisation", "inductive", "--inner-steps", "3"])
    #expect(means.exitCode == 0, "\(means.standardError)")
    #expect(means.standardError.contains("Ignored: --inner-steps, which Prototypes"))
  }

  @Test("More images than are normalised together are told apart in whichever order they lie")
  func parts() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let keys = Self.tiny + ["task.ways=2"]
    _ = try run("few-shot", ["--method", "maml"] + keys.flatMap { ["--set", $0] })
    var stream = RandomStream(seed: 1, purpose: "parts")
    for (part, count) in [("support", 5), ("query", 310)] {
      for label in 0..<2 {
        for index in 0..<count {
          // Dark or bright, and noise.
          let pixels = (0..<64).map { _ in UInt8(stream.uniform() * 60) + UInt8(150 * label) }
          let image = PNGImage(width: 8, height: 8, channels: 1, pixels: pixels)
          _ = try folder.write(try image.encoded(), to: "mine/\(part)/\(label)/\(index).png")
        }
      }
    }
    let result = try evaluate(["--normalisation", "transductive"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardError.contains("in 2 parts drawn at random"), "\(result.standardError)")
    let rows = try rows().dropFirst()
    #expect(rows.count == 620 && rows.allSatisfy { $0[0].hasPrefix($0[1] + "/") })
    // One class in each part would be normalised to look like the mean of both.
    #expect(rows.count { $0[1] == $0[2] } > 600)
  }

  @Test(
    "Folders whose names Unicode calls equivalent are two classes, and both of query's find theirs")
  func equivalentNames() throws {
    for (part, shades) in [("support", [10, 200]), ("query", [12, 198])] {
      for (name, shade) in zip(["e\u{301}", "\u{e9}"], shades) {
        let image = PNGImage(
          width: 4, height: 4, channels: 1, pixels: [UInt8](repeating: UInt8(shade), count: 16))
        _ = try folder.write(try image.encoded(), to: "mine/\(part)/\(name)/1.png")
      }
    }
    let task = try OwnTask(folder.path("mine"), FewShotSettings.Data())
    #expect(task.classes.map { Array($0.utf8).count } == [3, 2])
    #expect(task.queries.map(\.label) == [0, 1])
  }

  @Test("Images without a known class, other numbers of classes, and mistakes")
  func ownFolders() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let record = try run("few-shot", ["--method", "bda"] + Self.tiny.flatMap { ["--set", $0] })
    try writeEpisode(
      of: record.configuration.decoded(as: RunSettings<FewShotSettings>.self, source: "record").own)
    #expect(try evaluate().exitCode == 0)
    let labelled = try rows().dropFirst().map { [$0[0].replacing("/", with: "-"), $0[2]] }
    // The same images in one folder, in the same order.
    let files = FileManager.default
    for group in try files.contentsOfDirectory(atPath: folder.path("mine/query")) {
      for name in try files.contentsOfDirectory(atPath: folder.path("mine/query/\(group)")) {
        try files.moveItem(
          atPath: folder.path("mine/query/\(group)/\(name)"),
          toPath: folder.path("mine/query/\(group)-\(name)"))
      }
      try files.removeItem(atPath: folder.path("mine/query/\(group)"))
    }
    let flat = try evaluate()
    #expect(flat.exitCode == 0 && flat.standardOutput.contains("none of them"))
    #expect(try rows().dropFirst().map { [$0[0], $0[2]] } == labelled)
    #expect(try rows().dropFirst().allSatisfy { $0[1].isEmpty })
    // A representation takes fewer classes.
    let groups = try files.contentsOfDirectory(atPath: folder.path("mine/support")).sorted()
    for group in groups.dropFirst(2) {
      try files.removeItem(atPath: folder.path("mine/support/\(group)"))
    }
    #expect(try evaluate().exitCode == 0)
    #expect(try rows()[0].count == 4 + 2)
    try files.createDirectory(
      atPath: folder.path("mine/query/unknown"), withIntermediateDirectories: true)
    try files.copyItem(
      atPath: folder.path(
        "mine/support/\(groups[0])/\(try folder.names(in: "mine/support/\(groups[0])")[0])"),
      toPath: folder.path("mine/query/unknown/a.png"))
    let unknown = try evaluate()
    #expect(unknown.exitCode == 65 && unknown.standardError.contains("query/unknown"))
    try files.removeItem(atPath: folder.path("mine/query/unknown"))
    try files.removeItem(atPath: folder.path("mine/support/\(groups[1])"))
    let single = try evaluate()
    #expect(single.exitCode == 65 && single.standardError.contains(groups[0]))
    try files.removeItem(atPath: folder.path("mine/support"))
    #expect(try evaluate().exitCode == 66)
  }

  @Test("An initialisation refuses another number of classes than its head has")
  func otherWays() throws {
    try SmallExperiment.makeAlphabets(folder.path("data"))
    let record = try run("few-shot", ["--method", "maml"] + Self.tiny.flatMap { ["--set", $0] })
    try writeEpisode(
      of: record.configuration.decoded(as: RunSettings<FewShotSettings>.self, source: "record").own)
    let group = try #require(try folder.names(in: "mine/support").first)
    for part in ["support", "query"] {
      try FileManager.default.removeItem(atPath: folder.path("mine/\(part)/\(group)"))
    }
    let result = try evaluate()
    #expect(result.exitCode == 65, "\(result.standardError)")
    #expect(result.standardError.contains("5 classes") && result.standardError.contains("4"))
    // The same file as another program, with a method of its own, would have written it.
    let learned = try LearnedFile(folder.path("learned.h5"), of: "few-shot")
    let contents: LearnedRun<Float> = try learned.contents()
    var description = contents.description
    description.method = "maml-of-tomorrow"
    try LearnedRun(description: description, groups: contents.groups)
      .write(to: folder.path("learned.h5"))
    let unknown = try evaluate()
    #expect(unknown.exitCode == 65, "\(unknown.standardError)")
    #expect(unknown.standardError.contains("'maml-of-tomorrow', which this program does not have"))
  }

  // MARK: - hyper-representation features

  @Test("Features times head are the outputs whose accuracy the run recorded")
  func features() throws {
    try SmallExperiment.makeDigits(folder.path("data"))
    let record = try run(
      "hyper-representation",
      ["--protocol", "few-labels", "--method", "bda", "--outer-iterations", "4"]
        + ["data.perClass=3", "data.validation=40", "data.test=0", "extractor.widths=[12, 16]"]
        .flatMap { ["--set", $0] })
    let data = folder.path("data/synthetic-digits-test.h5")
    func write(_ data: String) throws -> CommandResult {
      try CommandRunner.run(
        "hyper-representation",
        [
          "features", "--learned", folder.path("learned.h5"), "--data", data, "--output",
          folder.path("features.h5"),
        ])
    }
    let result = try write(data)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let file = try HDF5File.open(folder.path("features.h5"))
    #expect(try file.shape(of: "features") == [60, 16])
    let predicted = try file.readIntegers("predicted").values
    let labels = try file.readIntegers("labels").values
    let accuracy = Double(zip(predicted, labels).count { $0 == $1 }) / 60
    #expect(accuracy == record.final["testAccuracy"])
    let head = try HDF5File.open(folder.path("learned.h5")).read("y/head", as: Float.self)
    let features = try file.read("features", as: Float.self)
    let outputs = Tensor(shape: features.shape, scalars: features.values).multiplied(
      by: Tensor(shape: head.shape, scalars: head.values))
    #expect(try file.read("outputs", as: Float.self).values == outputs.scalars)
    // Images without labels give the same features.
    let set = try ImageDataset.load(data)
    let bare = try HDF5Writer(path: folder.path("bare.h5"))
    try bare.write(set.images, shape: [60, 28, 28], to: "images")
    try bare.finish()
    #expect(try write(folder.path("bare.h5")).exitCode == 0)
    let again = try HDF5File.open(folder.path("features.h5"))
    #expect(try again.read("features", as: Float.self).values == features.values)
    let hasLabels = try again.contains("labels")
    #expect(!hasLabels)
    // Nor do those of 0 and 1, which are read as 0 and 255, with labels and without.
    var blackAndWhite: [[Float]] = []
    for isLabelled in [true, false] {
      let writer = try HDF5Writer(path: folder.path("bare.h5"))
      try writer.write(
        set.images.map { $0 > 127 ? UInt8(1) : 0 }, shape: [60, 28, 28], to: "images")
      if isLabelled { try writer.write(set.labels.map { Int64($0) }, shape: [60], to: "labels") }
      try writer.finish()
      let result = try write(folder.path("bare.h5"))
      #expect(result.exitCode == 0 && result.standardError.contains("read as 0 and 255"))
      let file = try HDF5File.open(folder.path("features.h5"))
      blackAndWhite.append(try file.read("features", as: Float.self).values)
    }
    #expect(blackAndWhite[0] == blackAndWhite[1])
    // As many pixels in another form are other images.
    let flat = try HDF5Writer(path: folder.path("bare.h5"))
    try flat.write(set.images, shape: [60, 14, 56], to: "images")
    try flat.finish()
    let other = try write(folder.path("bare.h5"))
    #expect(other.exitCode == 65, "\(other.standardError)")
    #expect(other.standardError.contains("none of the [28, 28, 1] that the extractor"))
    let small = try HDF5Writer(path: folder.path("bare.h5"))
    try small.write([UInt8](repeating: 7, count: 32), shape: [2, 4, 4], to: "images")
    try small.finish()
    // Neither what was learned nor the data is written over.
    for name in ["learned.h5", "bare.h5"] {
      let kept = try CommandRunner.run(
        "hyper-representation",
        [
          "features", "--learned", folder.path("learned.h5"), "--data", folder.path("bare.h5"),
          "--output", folder.path(name),
        ])
      #expect(kept.exitCode == 64, "\(kept.standardError)")
    }
    let refused = try write(folder.path("bare.h5"))
    #expect(refused.exitCode == 65 && refused.standardError.contains("[4, 4, 1]"))
  }
}
