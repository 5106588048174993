import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Networks
import Tensors

/// Evaluates one hypergradient at a given point, for comparison with other programs.
struct HypergradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "Evaluate one mean hypergradient at the point that an HDF5 file gives.",
    discussion: """
      Per task: f = mean cross-entropy on the support images, F = that on the query images. \
      Representation methods start a zero head for every task; initialisation methods need the head \
      in the file.

      Input:  x/conv0 ... [filters, channels, 3, 3], x/gamma0 ... (may be absent), x/beta0 ... \
      [filters]; for initialisation methods x/head/weights [features, ways] and x/head/bias [ways]; \
      support/images and query/images [tasks, n, height, width] or [tasks, n, channels, height, \
      width]; support/labels and query/labels [tasks, n]. Features are listed as [row, column, \
      filter] of the last block; a head with one row per filter takes their mean over pixels.
      Output: upperValue (the mean over tasks), hypergradient/<name> in the shapes of x/<name>, and \
      for Meta-SGD hypergradient/rate...; attributes method, secondsMedian, secondsMinimum, \
      secondsMaximum, peakResidentBytes, status, and the parameters.
      """)

  @Option(help: "Input file (HDF5).")
  var inputs: String

  @Option(help: "Output file (HDF5), written at once when all is done.")
  var output: String

  @Option(help: "Method; see the subcommand list.")
  var method = MethodPreset.rhg.rawValue

  @Option(name: .customLong("inner-steps"), help: "T, inner steps.")
  var innerSteps: Int

  @Option(name: .customLong("inner-step-size"), help: "s_l, step size of the lower direction.")
  var innerStepSize = 0.1

  @Option(
    name: .customLong("upper-step-size"),
    help: "s_u, step size of BDA's upper direction. (default: s_l)")
  var upperStepSize: Double?

  @Option(help: "Aggregation schedule of BDA; see the subcommand list.")
  var schedule = AggregationSchedule.Rule.harmonic.rawValue

  @Option(help: "alpha, the schedule's parameter, in [0, 1].")
  var alpha = 0.6

  @Option(help: "H, the steps that a truncated sweep goes back. (default: half of T)")
  var history: Int?

  @Option(name: .customLong("solver-steps"), help: "Steps of the linear solver of imaml, cg, ...")
  var solverSteps = 5

  @Option(help: "lambda, the weight of imaml's proximal term.")
  var proximity = 2.0

  @Option(help: "How a block halves its images: stride or max-pool.")
  var halving = ConvolutionalNetwork.Halving.stride.rawValue

  @Option(
    help: "Zeros around images: one (on every side, PyTorch's) or same (TensorFlow's).")
  var padding = ConvolutionalNetwork.Padding.one.rawValue

  @Option(help: "Added to the variance in the normalisation.")
  var epsilon = 1e-5

  @Option(help: "Scalar type of the computation: float or double.")
  var scalar = ScalarChoice.float

  @Option(help: "Number of threads. (default: $BDA_THREADS, else all processors)")
  var threads: Int?

  @Option(help: "Evaluations that are timed, after none as warm-up.")
  var repeats = 1

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError(
        "The option --threads wants a number from 1 to 1024 but was given \(threads).")
    }
    guard repeats >= 1 else {
      throw ValidationError("The option --repeats wants at least 1 but was given \(repeats).")
    }
    guard epsilon > 0, epsilon.isFinite else {
      throw ValidationError("The option --epsilon wants more than 0 but was given \(epsilon).")
    }
  }

  func run() throws {
    let console = Console()
    try console.report {
      if let threads { Parallel.use(threads: threads) }
      FreedMemory.keepForReuse()
      switch scalar {
      case .float: try evaluate(console, as: Float.self)
      case .double: try evaluate(console, as: Double.self)
      }
    }
  }

  private func settings() throws -> FewShotSettings {
    var settings = FewShotSettings()
    settings.inner = .init(steps: innerSteps, stepSize: innerStepSize)
    settings.aggregation = .init(
      schedule: try choice(schedule, of: AggregationSchedule.Rule.self, "schedule"), alpha: alpha,
      upperStepSize: upperStepSize ?? innerStepSize)
    settings.truncation.history = history
    settings.implicit = .init(solverSteps: solverSteps, proximity: proximity)
    try settings.validate()
    return settings
  }

  private func evaluate<Scalar: TensorScalar & HDF5Element>(
    _ console: Console, as type: Scalar.Type
  ) throws {
    let method = try FewShotMethod.named(method)
    let settings = try settings()
    let point = try HypergradientInput<Scalar>(
      readingFrom: inputs,
      halving: try choice(halving, of: ConvolutionalNetwork.Halving.self, "halving"),
      padding: try choice(padding, of: ConvolutionalNetwork.Padding.self, "padding"),
      epsilon: epsilon)
    guard point.hasHead || !method.learnsInitialisation else {
      throw DatasetError(
        .malformed,
        "The file \(inputs) has no x/head/weights and x/head/bias, which the method \(method.name) "
          + "starts from: add them.")
    }
    let learner = try method.learner(
      settings, network: point.network, ways: point.ways, as: Scalar.self)
    var x = point.x
    if !method.learnsInitialisation, point.hasHead { x.tensors.removeLast(2) }
    if let initialisation = learner as? InitialisationLearner<Scalar> {
      x = initialisation.appendingRates(x)
    }
    PeakMemory.reset()
    var seconds: [Double] = []
    var estimate: TaskEstimate<Scalar>?
    for _ in 0..<repeats {
      let watch = Stopwatch()
      estimate = learner.estimate(upper: x, episodes: point.episodes, outerIteration: 0)
      seconds.append(watch.seconds)
    }
    guard let estimate else { return }
    try write(estimate, names: learner.parameterNames, seconds.sorted())
    guard estimate.isFinite else {
      console.show(
        error: "The result is not finite after \(innerSteps) inner steps of size "
          + "\(innerStepSize): lower the step sizes; \(output) holds what was computed.")
      throw ExitStatus.diverged.exitCode
    }
  }

  private func write<Scalar: TensorScalar & HDF5Element>(
    _ estimate: TaskEstimate<Scalar>, names: [String], _ seconds: [Double]
  ) throws {
    let writer = try HDF5Writer(path: output)
    for (name, tensor) in zip(names, estimate.hypergradient.tensors) {
      let shown = tensor.rank == 4 ? tensor.channelsFirstFilters() : tensor
      if shown.rank == 0 {
        try writer.write(scalar: shown.scalar, to: "hypergradient/\(name)")
      } else {
        try writer.write(
          HDF5Array(shape: shown.shape, values: shown.scalars), to: "hypergradient/\(name)")
      }
    }
    try writer.write(scalar: estimate.value, to: "upperValue")
    let middle = seconds.count / 2
    let median =
      seconds.count.isMultiple(of: 2)
      ? (seconds[middle - 1] + seconds[middle]) / 2 : seconds[middle]
    let attributes: [(String, HDF5Attribute)] = [
      ("method", .string(method)), ("innerSteps", .integer(innerSteps)),
      ("innerStepSize", .real(innerStepSize)),
      ("upperStepSize", .real(upperStepSize ?? innerStepSize)),
      ("schedule", .string(schedule)), ("alpha", .real(alpha)),
      ("history", .integer(history ?? (innerSteps + 1) / 2)),
      ("solverSteps", .integer(solverSteps)), ("proximity", .real(proximity)),
      ("halving", .string(halving)), ("padding", .string(padding)), ("epsilon", .real(epsilon)),
      ("scalar", .string(Scalar.name)), ("threads", .integer(Parallel.threads)),
      ("backend", .string(KernelBackend.selectedDescription)), ("repeats", .integer(repeats)),
      ("secondsMedian", .real(median)), ("secondsMinimum", .real(seconds.first ?? .nan)),
      ("secondsMaximum", .real(seconds.last ?? .nan)),
      ("peakResidentBytes", .integer(PeakMemory.bytes ?? 0)),
      ("status", .string(estimate.isFinite ? "finite" : "non-finite")),
    ]
    for (name, value) in attributes { try writer.setAttribute(name, value) }
    try writer.finish()
  }
}
