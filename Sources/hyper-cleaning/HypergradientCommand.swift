import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Tensors

/// Evaluates one hypergradient at a given point, for comparison with other programs.
struct HypergradientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hypergradient",
    abstract: "Evaluate one hypergradient at the point that an HDF5 file gives.",
    discussion: """
      f(x, y) = mean over i of sigmoid(x_i) CE_i(y); F(y) = mean validation cross-entropy, both of \
      softmax regression.

      Input:  train/features [n, d], train/labels [n], validation/features [m, d], \
      validation/labels [m], x [n], y0/weights [d, c], y0/bias [c]; any integer or floating type.
      Output: hypergradient [n], upperValue, lowerValue, y/weights [d, c], y/bias [c]; attributes \
      method, secondsMedian, secondsMinimum, secondsMaximum, peakResidentBytes, status, and the \
      parameters.
      """)

  @Option(help: "Input file (HDF5).")
  var inputs: String

  @Option(help: "Output file (HDF5), written at once when all is done.")
  var output: String

  @Option(help: "Method; see the subcommand list.")
  var method = MethodPreset.rhg.rawValue

  @Option(name: .customLong("inner-steps"), help: "K, inner steps.")
  var innerSteps: Int

  @Option(name: .customLong("inner-step-size"), help: "s_l, step size of the lower direction.")
  var innerStepSize: Double

  @Option(
    name: .customLong("upper-step-size"),
    help: "s_u, step size of BDA's upper direction. (default: s_l)")
  var upperStepSize: Double?

  @Option(help: "Aggregation schedule of BDA; see the subcommand list.")
  var schedule = AggregationSchedule.Rule.harmonic.rawValue

  @Option(help: "alpha, the schedule's parameter, in [0, 1].")
  var alpha = 0.5

  @Option(help: "H, the steps that a truncated sweep goes back. (default: half of K)")
  var history: Int?

  @Option(name: .customLong("solver-steps"), help: "Steps of the linear solver (cg, neumann).")
  var solverSteps = 20

  @Option(
    name: .customLong("solver-tolerance"),
    help: "The residual at which the linear solver stops, relative to |F_y|.")
  var solverTolerance = 1e-8

  @Option(help: "Added to the diagonal of the lower Hessian (cg, neumann).")
  var damping = 0.0

  @Option(name: .customLong("tangents-per-block"), help: "Tangents that fhg carries at a time.")
  var tangentsPerBlock = 64

  @Option(
    name: .customLong("trajectory-megabytes"),
    help: "Memory for the trajectory before reverse mode recomputes instead.")
  var trajectoryMegabytes = 64

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
    guard trajectoryMegabytes >= 0 else {
      throw ValidationError(
        "The option --trajectory-megabytes wants at least 0 but was given "
          + "\(trajectoryMegabytes).")
    }
  }

  func run() throws {
    let console = Console()
    try console.report {
      if let threads { Parallel.use(threads: threads) }
      let settings = try methodSettings()
      switch scalar {
      case .float: try evaluate(settings, console, as: Float.self)
      case .double: try evaluate(settings, console, as: Double.self)
      }
    }
  }

  private func methodSettings() throws -> MethodSettings {
    let preset = try choice(method, of: MethodPreset.self, "method")
    let rule = try choice(schedule, of: AggregationSchedule.Rule.self, "schedule")
    var settings = MethodSettings(
      preset, innerStepSize: innerStepSize, upperStepSize: upperStepSize, schedule: rule,
      alpha: alpha, history: history, tangentsPerBlock: tangentsPerBlock,
      trajectoryBytes: trajectoryMegabytes << 20)
    settings.solverSteps = solverSteps
    settings.solverTolerance = solverTolerance
    settings.damping = damping
    if settings.hypergradient.movesLowerVariable || settings.learnsInitialization
      || settings.dynamics == .learnedAggregation
    {
      throw MethodError(
        "The method \"\(method)\" has an upper variable of its own beside x, so it has no "
          + "hypergradient with respect to x alone to compare; choose another method.")
    }
    return settings
  }

  private func evaluate<Scalar: TensorScalar & HDF5Element>(
    _ settings: MethodSettings, _ console: Console, as type: Scalar.Type
  ) throws {
    let dynamics = try settings.innerDynamics(as: Scalar.self, innerSteps: innerSteps)
    let estimator = try settings.estimator(as: Scalar.self, innerSteps: innerSteps)
    let point = try HypergradientInput<Scalar>(readingFrom: inputs)
    PeakMemory.reset()
    var seconds: [Double] = []
    var estimate: HypergradientEstimate<Scalar>?
    for _ in 0..<repeats {
      let watch = Stopwatch()
      estimate = estimator.estimate(
        point.problem, dynamics: dynamics, upper: point.x, innerSteps: innerSteps)
      seconds.append(watch.seconds)
    }
    guard let estimate else { return }
    let lowerValue = point.problem.lower.value(upper: point.x, lower: estimate.lower)
    try write(estimate, lowerValue, settings, seconds.sorted())
    guard estimate.isFinite, lowerValue.isFinite else {
      console.show(
        error: "The result is not finite after \(innerSteps) inner steps of size "
          + "\(innerStepSize): lower the step sizes; \(output) holds what was computed.")
      throw ExitStatus.diverged.exitCode
    }
  }

  private func write<Scalar: TensorScalar & HDF5Element>(
    _ estimate: HypergradientEstimate<Scalar>, _ lowerValue: Scalar, _ settings: MethodSettings,
    _ seconds: [Double]
  ) throws {
    let writer = try HDF5Writer(path: output)
    func write(_ tensor: Tensor<Scalar>, _ name: String) throws {
      try writer.write(HDF5Array(shape: tensor.shape, values: tensor.scalars), to: name)
    }
    try write(estimate.hypergradient.tensors[0], "hypergradient")
    try write(estimate.lower.tensors[0], "y/weights")
    try write(estimate.lower.tensors[1], "y/bias")
    try writer.write(scalar: estimate.upperValue, to: "upperValue")
    try writer.write(scalar: lowerValue, to: "lowerValue")
    let diagnostics = estimate.diagnostics
    let attributes: [(String, HDF5Attribute)] = [
      ("method", .string(method)), ("innerSteps", .integer(innerSteps)),
      ("innerStepSize", .real(settings.innerStepSize)),
      ("upperStepSize", .real(settings.upperStepSize)),
      ("schedule", .string(settings.schedule.rawValue)), ("alpha", .real(settings.alpha)),
      ("history", .integer(diagnostics.differentiatedSteps)),
      ("scalar", .string(Scalar.name)), ("threads", .integer(Parallel.threads)),
      ("backend", .string(KernelBackend.selectedDescription)),
      ("repeats", .integer(repeats)),
      ("secondsMedian", .real(median(seconds))),
      ("secondsMinimum", .real(seconds.first ?? .nan)),
      ("secondsMaximum", .real(seconds.last ?? .nan)),
      ("peakResidentBytes", .integer(PeakMemory.bytes ?? 0)),
      ("trajectoryStorage", .string(diagnostics.storage)),
      ("trajectoryBytes", .integer(diagnostics.storedBytes)),
      ("status", .string(estimate.isFinite && lowerValue.isFinite ? "finite" : "non-finite")),
    ]
    for (name, value) in attributes { try writer.setAttribute(name, value) }
    try writer.finish()
  }

  private func median(_ sorted: [Double]) -> Double {
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
