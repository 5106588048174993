import ArgumentParser
import Commands
import Datasets
import Experiments
import Files
import Foundation
import LabelCleaning
import Tensors

/// `hyper-cleaning clean`: the wrong labels of a user's own data, found with the help of some that
/// somebody checked.
struct CleanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clean",
    abstract: "Find the wrong labels in your own data, given some checked samples.",
    discussion: """
      Data: HDF5 files with `images` [n, height, width(, channels)] or `features` [n, d] of any number \
      type (with both, models learn from the features and the page shows the images), `labels` as \
      integers or texts, and `classNames` (array or attribute) if there are names; folders \
      <class>/<image>.png; or data sets of the suite by name. At most 100,000 samples and 1,000 classes.

      Methods:

      """ + CleanMethod.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n")
        + """


        Models are softmax regressions, trained out of fold; step size, number of steps and calibration \
        are chosen on held-out checked samples, and are said.

        Written to --output, each file atomically: weights.csv and weights.h5 (index, given_label, \
        predicted_label, label_score, is_label_issue, weight, rank; of folders, weights.csv has file, too), clean.h5 (without the suspects, or \
        see --keep and --relabel), suspects.html (open it in a browser), and record.json.

        A command that is ended leaves the older result there as it was.

        """ + ExitStatus.discussionOfOneResult)

  @OptionGroup var options: CleanOptions

  func run() throws {
    let console = Console(
      isQuiet: options.quiet, terminal: Terminal(descriptor: STDERR_FILENO, color: options.color))
    try console.report { try clean(console) }
  }

  private func clean(_ console: Console) throws {
    let watch = Stopwatch()
    Interruption.installEndingAtOnce(
      saying: "Interrupted: nothing unfinished was kept; run the same command again.")
    options.threads.apply()
    let paths = try CleanInput.paths(
      train: options.train, checked: options.checked, test: options.test,
      folder: options.data.folder)
    try KeptInputs(following: paths).require(
      keptBy: CleanFiles.names.map { "\(options.output)/\($0)" })
    let input = try CleanInput(
      train: options.train, checked: options.checked, test: options.test,
      folder: options.data.folder)
    for note in input.notes { console.show(note: note) }
    try requireUse(of: input)
    let scaling = FeatureScaling(input.train)
    console.show(
      note:
        "\(input.trainLabels.count) training and \(input.checkedLabels.count) checked samples of "
        + "\(input.train.features.width) \(input.train.features.width == 1 ? "value" : "values") in "
        + "\(input.classes.count) classes; "
        + "\(scaling.sentence)")
    let cost = CleanCost(input)
    console.show(note: cost.memorySentence)
    let judge = CleanJudge(input, scaling: scaling, seed: options.seed)
    console.show(
      note: cost.timeSentence(
        steps: judge.steps(options.method.tried), secondsOfStep: judge.secondsOfStep()))
    var lastNote = Stopwatch()
    let result = try judge.result(options.method) { candidate in
      console.show(note: Self.sentence(candidate))
    } progress: { words in
      guard lastNote.seconds > 15 else { return }
      console.show(note: words)
      lastNote = Stopwatch()
    }
    try write(input, scaling, judge, result, seconds: watch.seconds, console)
  }

  /// What would be known after all the computing only: that the folder cannot be written to, or that
  /// nothing is to be kept.
  private func requireUse(of input: CleanInput) throws {
    let count = input.trainLabels.count
    if let keep = options.keep, CleanFiles.kept(keep, of: count) == 0 {
      throw CommandFailure(
        "The option --keep wants a share of the \(count) samples that is at least one of them, but "
          + "\(keep) of them is none: give at least \(String(format: "%.2g", 1 / Double(count))).",
        exitCode: ExitStatus.usage.rawValue)
    }
    try CleanFiles.requireReplaceable(in: options.output)
    // Partial files are made there, and taken away again.
    for name in CleanFiles.names { _ = try AtomicFile(path: "\(options.output)/\(name)") }
  }

  private static func sentence(_ candidate: CleanResult.Candidate) -> String {
    let choice = candidate.choice
    return
      "\(candidate.method.rawValue): \(SuspectsPage.percent(choice.accuracy)) of held-out checked "
      + "samples right, \(SuspectsPage.decimal(choice.loss)) nats, expected AUC "
      + "\(SuspectsPage.decimal(candidate.area.value)) (step size "
      + "\(String(format: "%.3g", choice.stepSize)) and \(choice.steps) steps chosen on them, "
      + "\(Stopwatch.describe(seconds: candidate.seconds)))"
  }

  private func write(
    _ input: CleanInput, _ scaling: FeatureScaling, _ judge: CleanJudge, _ result: CleanResult,
    seconds: Double, _ console: Console
  ) throws {
    let files = CleanFiles(folder: options.output, input: input, result: result)
    let clean = try files.clean(keep: options.keep, relabels: options.relabel)
    var remarks = [
      "Method: \(result.method.rawValue), \(result.method.summary) (\(result.method.citation)).",
      "Features: \(scaling.sentence).",
    ]
    if let choice = result.chosen?.choice {
      remarks.append(
        "Chosen on held-out checked samples: step size \(String(format: "%.3g", choice.stepSize)), "
          + "\(choice.steps) steps, sharpness \(SuspectsPage.decimal(choice.sharpness)).")
    }
    remarks.append(
      clean.count == 0
        ? "Every label is suspect, so nothing would be left in \(CleanFiles.cleanHDF5), and it is not "
          + "written: see that both parts number their classes alike, then give --keep, or --relabel."
        : "\(CleanFiles.cleanHDF5): \(clean.count) \(clean.count == 1 ? "sample" : "samples"), "
          + "\(clean.relabelled) with another label.")
    if let test = result.test {
      remarks.append(
        "Accuracy on \(input.testLabels.count) test samples, trained with the checked ones: "
          + "\(SuspectsPage.percent(test.asGiven)) on the labels as they are, "
          + "\(SuspectsPage.percent(test.cleaned)) with the weights found.")
    }
    let page = SuspectsPage(
      input: input, result: result, command: Self.commandLine, shown: options.show,
      remarks: remarks)
    let record = CleanRecord(
      input: input, result: result, options: options, folds: judge.folds, seconds: seconds)
    // All are written before the first one gets its name: an older result stays whole where the disk is
    // full.
    let texts = [CleanFiles.weightsCSV: files.csv, CleanFiles.page: try page.html()]
    let written = try texts.sorted { $0.key < $1.key }.map { name, text in
      let file = try AtomicFile(path: files.path(name))
      try file.fill(Array(text.utf8))
      return file
    }
    try files.publish(
      written + [try files.weights()] + [clean.file].compactMap { $0 },
      record: try record.record.prepared(files.path(CleanFiles.record)))
    show(input, result, remarks, files, console)
  }

  private func show(
    _ input: CleanInput, _ result: CleanResult, _ remarks: [String], _ files: CleanFiles,
    _ console: Console
  ) {
    let suspects = result.isSuspect.count { $0 }
    let noise = (result.noiseRate * Double(input.trainLabels.count)).rounded()
    let expected =
      noise.isFinite
      ? ": none is less probably right than wrong; about \(Int(noise)) are expected to be wrong"
      : ", and how many are wrong is not known"
    let are = suspects == 1 ? "is" : "are"
    console.show(
      result: "\(suspects) of \(input.trainLabels.count) labels \(are) suspect"
        + (suspects == 0
          ? expected
          : "; of these, \(SuspectsPage.percent(result.precision)) are expected to be wrong, and they "
            + "are expected to hold \(SuspectsPage.percent(result.recall)) of all wrong labels"))
    for entry in result.toCheck where entry.recall >= 0.8 {
      console.show(
        result:
          "to find \(SuspectsPage.percent(entry.recall)) of the wrong labels, look at the first "
          + "\(Int(entry.samples.value)) (95 %: \(Int(entry.samples.low)) to "
          + "\(Int(entry.samples.high)))")
    }
    for remark in remarks { console.show(note: remark) }
    for sentence in CleanLimits(input: input, result: result).sentences {
      console.show(note: sentence)
    }
    console.show(result: files.path(CleanFiles.page))
  }

  /// The command line as typed, for the page.
  private static var commandLine: String {
    ShellWords.text(["hyper-cleaning"] + (ProcessArguments.all ?? []).dropFirst())
  }
}
