import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import FewShotLearning
import Files
import Tensors

/// Classifies images of one's own with what a run has learned.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Classify images of your own with what a run has learned.",
    discussion: """
      Learn once, `few-shot run ... --save learned.h5`; then name a folder with

        support/<class>/*.png   labelled images, one folder for each class, any number of each
        query/*.png             images to classify; or query/<class>/*.png where you know the class

      Images may have any size, bit depth and colours: they are brought to the form that the network \
      was trained on (its settings data.side, data.channels, data.inverts). A representation (rhg, \
      bda, ...) takes any number of classes, an initialisation (maml, ...) as many as it learned with.

      Writes a CSV of one line per image: image, given_label (empty where unknown), predicted_label, \
      confidence (the probability of the predicted class), and the probability of each class.
      """)

  @Option(help: ArgumentHelp("What a run has learned.", valueName: "file.h5"))
  var learned: String

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("The folder with support and query.", valueName: "folder"))
  var dataFolder: String

  @Option(
    help: ArgumentHelp("The CSV to write. (default: standard output)", valueName: "file.csv"))
  var output: String?

  @Option(
    name: .customLong("inner-steps"), parsing: .unconditional,
    help: "Inner steps on the labelled images. (default: those of the run)")
  var innerSteps: Int?

  @Option(
    help: ArgumentHelp(
      "How images are normalised: transductive (all images to classify together), inductive (each with the "
        + "labelled ones, without the others to classify) or running. (default: as in the run)"))
  var normalisation: NormalisationRule?

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    if let innerSteps, !(1...100_000).contains(innerSteps) {
      throw ValidationError(
        "The option --inner-steps wants a number from 1 to 100000 but was given \(innerSteps).")
    }
  }

  func run() throws {
    let console = Console()
    try console.report {
      Interruption.installEndingAtOnce(
        saying: "Interrupted: nothing unfinished was kept; run the same command again.")
      threads.apply()
      try KeptInputs(following: [learned, dataFolder]).require(keptBy: output.map { [$0] } ?? [])
      let file = try LearnedFile(learned, of: FewShot.name)
      if let warning = file.warning { console.show(warning: warning) }
      switch file.scalar {
      case .float: try evaluate(file, console, as: Float.self)
      case .double: try evaluate(file, console, as: Double.self)
      }
    }
  }

  /// Images that are normalised together at most: beyond it they come in parts of equal size.
  private static var mostTogether: Int { 600 }

  private func evaluate<Scalar: TensorScalar & HDF5Element>(
    _ file: LearnedFile, _ console: Console, as type: Scalar.Type
  ) throws {
    var settings = try LearnedLearner<Scalar>.settings(of: file)
    if let innerSteps { settings.inner.steps = innerSteps }
    if let normalisation { settings.evaluation.normalisation = normalisation }
    let experiment = FewShot(folder: DataFolder(path: "datasets"))
    let arm = try file.arm(in: experiment)
    let options = [
      ("--inner-steps", innerSteps != nil && !arm.reads("inner.steps")),
      (
        "--normalisation",
        normalisation != nil && !experiment.reads("evaluation.normalisation", arm)
      ),
    ]
    console.show(
      ignored: options.filter(\.1).map(\.0), "which \(arm.displayName) does not read")
    let task = try OwnTask(dataFolder, settings.data)
    for note in task.notes { console.show(note: note) }
    let learned = try LearnedLearner<Scalar>(
      file, settings: settings, ways: task.classes.count, in: experiment)
    // Before anything is computed: a folder that cannot be written into is known now.
    let file = try output.map { try AtomicFile(path: $0) }
    let count = task.queries.count
    let parts = (count + Self.mostTogether - 1) / Self.mostTogether
    if parts > 1, settings.evaluation.normalisation == .transductive {
      console.show(
        note: "The \(count) images are normalised in \(parts) parts drawn at random, each by its "
          + "own moments; --normalisation inductive takes each with the labelled images alone.")
    }
    // In the order of folders a part would hold one class or two, and its moments would be theirs.
    var stream = RandomStream(seed: 0, purpose: "parts of own images")
    let order = parts > 1 ? stream.permutation(count) : Array(0..<count)
    var probabilities = [[Double]](repeating: [], count: count)
    for part in 0..<parts {
      let positions = Array(order[part * count / parts..<(part + 1) * count / parts])
      let steps = settings.inner.steps
      let logits = learned.learner.adaptedLogits(
        upper: learned.upper, episode: task.episode(queries: positions), steps: steps...steps,
        normalisation: learned.normalisation)
      guard let last = logits.last, last.isFinite else {
        throw CommandFailure(
          "The predictions are not finite after \(settings.inner.steps) inner steps of size "
            + "\(learned.stepSize): take fewer steps, or learn with a smaller step size.",
          exitCode: ExitStatus.diverged.rawValue)
      }
      for (position, row) in zip(positions, Predictions.softmax(last)) {
        probabilities[position] = row
      }
    }
    let predictions = Predictions(task: task, probabilities: probabilities)
    if let file {
      try file.commit(Array(predictions.csv.utf8))
      console.show(result: file.path)
    } else {
      console.show(results: predictions.csv)
    }
    let summary = predictions.summary
    if output == nil { console.show(note: summary) } else { console.show(result: summary) }
  }
}

extension NormalisationRule: ExpressibleByArgument {}
