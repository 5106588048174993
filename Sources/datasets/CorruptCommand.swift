import ArgumentParser
import Datasets
import Files
import Foundation

/// `datasets corrupt`: data with wrong labels on purpose, to try out what finds them.
struct CorruptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corrupt",
    abstract: "Make some labels wrong, to see whether `hyper-cleaning clean` finds them.",
    discussion: """
      Draws samples of a data set and writes to --output: train.h5, in which a fraction of the labels is \
      wrong; checked.h5, other samples with right labels, as many of each class; and truth.csv (index, true_label, given_label), \
      which only you should read.

      Rules: uniform (any other class), class-dependent (one fixed other class for each), \
      instance-dependent (the class it resembles most, hard samples first).
      """)

  @Argument(help: "An HDF5 file, or a ready data set and its split, such as mnist-train.")
  var source: String
  @Option(help: "uniform, class-dependent or instance-dependent.")
  var rule = LabelNoise.uniform
  @Option(parsing: .unconditional, help: "The fraction of labels that become wrong, from 0 to 1.")
  var fraction = 0.3
  @Option(parsing: .unconditional, help: "Training samples.")
  var count = 5_000
  @Option(parsing: .unconditional, help: "Checked samples.")
  var checked = 500
  @Option(parsing: .unconditional, help: "The seed.")
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var output: String
  @OptionGroup var data: DataOptions

  func validate() throws {
    guard (0...1).contains(fraction) else {
      throw ValidationError("--fraction must be from 0 to 1, not \(fraction).")
    }
    for (name, value) in [("count", count), ("checked", checked)]
    where !(1...LabelledSamples.mostSamples).contains(value) {
      throw ValidationError(
        "--\(name) must be from 1 to \(LabelledSamples.mostSamples), not \(value).")
    }
  }

  func run() throws {
    let isPath = source.contains("/") || HDF5Path.isOne(source)
    let path = isPath ? source : "\(data.folder.path)/\(source).h5"
    let files = ["train.h5", "checked.h5", "truth.csv"].map { "\(output)/\($0)" }
    try KeptInputs(following: [path]).require(keptBy: files)
    let tool = "datasets corrupt"
    try OwnOutput.requireReplaceable(
      [.hdf5(files[0], tool: tool), .hdf5(files[1], tool: tool)],
      vouchedForBy: OwnOutput(files[2], marked: Self.header))
    let samples = try LabelledSamples.load(hdf5: path)
    let classes = samples.classes.count
    guard classes >= 2 else {
      throw DatasetError(
        .unexpectedContents,
        "All samples of \(samples.place) are of one class, so no label can be made wrong: give samples "
          + "of at least two.")
    }
    guard checked >= 2 * classes else {
      throw DatasetError(
        .unexpectedContents,
        "\(checked) checked \(checked == 1 ? "sample is" : "samples are") wanted of \(samples.place), which has \(classes) classes, and "
          + "`hyper-cleaning clean` needs two of each: raise --checked to \(2 * classes) or more.")
    }
    // Of equal samples one is taken: a checked sample must not be a training sample, too.
    let order = samples.withoutTwins(samples.drawn([samples.count], seed: seed)[0])
    guard count + checked <= order.count else {
      let different = order.count < samples.count ? " different ones" : ""
      throw DatasetError(
        .unexpectedContents,
        "\(count) training and \(checked) checked samples are wanted of \(samples.place), which has "
          + "\(order.count)\(different): lower --count or --checked.")
    }
    let train = Array(order[..<count])
    let rest = Self.evenly(order[count...], checked, of: samples)
    let truth = train.map { samples.labels[$0] }
    let small = samples.classes.indices.filter { label in
      rest.count { samples.labels[$0] == label } < 2
    }
    guard small.isEmpty else {
      throw DatasetError(
        .unexpectedContents,
        "Class \"\(samples.classes[small[0]].name)\" of \(samples.place) has fewer than two samples among "
          + "the checked ones, and `hyper-cleaning clean` needs two of each: raise --checked, lower "
          + "--count, or leave the class out.")
    }
    let given = rule.corrupted(
      truth, classes: classes, features: samples.features.rows(train), fraction: fraction,
      seed: seed)
    var csv = "\(Self.header)\n"
    for (index, (truth, given)) in zip(truth, given).enumerated() {
      csv +=
        CSV.line(["\(index)", samples.classes[truth].name, samples.classes[given].name]) + "\n"
    }
    // All are written before the first one gets its name; the truth, which vouches for the others, last.
    let written = [
      try samples.taking(train, labels: given, classes: samples.classes)
        .prepared(files[0], index: train, tool: tool),
      try samples.taking(rest, labels: rest.map { samples.labels[$0] }, classes: samples.classes)
        .prepared(files[1], index: rest, tool: tool),
    ]
    let key = try AtomicFile(path: files[2])
    try key.fill(Array(csv.utf8))
    try AtomicFile.commit(written, vouchedForBy: key)
    let wrong = zip(truth, given).count { $0 != $1 }
    Diagnostics.console.show(
      result: "wrote     \(files[0])  \(count) \(count == 1 ? "sample" : "samples"), "
        + "\(wrong) \(wrong == 1 ? "label" : "labels") wrong (\(rule.rawValue))")
    Diagnostics.console.show(result: "wrote     \(files[1])  \(checked) samples")
    Diagnostics.console.show(result: "wrote     \(files[2])")
  }

  private static let header = "index,true_label,given_label"

  /// So many of the positions, class after class in turn, so that few checked samples have all classes.
  private static func evenly(
    _ positions: ArraySlice<Int>, _ count: Int, of samples: LabelledSamples
  ) -> [Int] {
    var byClass = [[Int]](repeating: [], count: samples.classes.count)
    for position in positions { byClass[samples.labels[position]].append(position) }
    let longest = byClass.map(\.count).max() ?? 0
    let turns = (0..<longest).flatMap { turn in
      byClass.compactMap { $0.indices.contains(turn) ? $0[turn] : nil }
    }
    return Array(turns.prefix(count))
  }
}

extension LabelNoise: ExpressibleByArgument {}
