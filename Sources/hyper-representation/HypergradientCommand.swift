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
    abstract: "Evaluate one hypergradient of the linear problem at the point that a file gives.",
    discussion: """
      f(H, w) = |X H w - t|^2 / (2n) + ridge/2 |w|^2 on the training samples, \
      F(H, w) = |X H w - t|^2 / (2m) on the validation samples.

      Input:  train/inputs [n, p], train/targets [n], validation/inputs [m, p], \
      validation/targets [m], H [p, d], w0 [d]; any integer or floating type.
      Output: hypergradient [p, d], upperValue, lowerValue, w [d]; with a positive ridge also the \
      closed form in double precision: exact/hypergradient [p, d], exact/upperValue, exact/w [d]; \
      attributes method, secondsMedian, secondsMinimum, secondsMaximum, peakResidentBytes, status, \
      and the parameters.
      """)

  @Option(help: "Input file (HDF5).")
  var inputs: String

  @Option(help: "Output file (HDF5), written at once when all is done.")
  var output: String

  @Option(help: "Method; see the subcommand list.")
  var method = MethodPreset.rhg.rawValue

  @Option(help: "The coefficient of |w|^2 / 2 in f; 0 for none.")
  var ridge = 0.1

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
    guard ridge.isFinite, ridge >= 0 else {
      throw ValidationError(
        "The option --ridge wants a finite number of at least 0 but was given \(ridge).")
    }
    guard (0...1_000_000).contains(trajectoryMegabytes) else {
      throw ValidationError(
        "The option --trajectory-megabytes wants a number from 0 to 1000000 but was given "
          + "\(trajectoryMegabytes).")
    }
    func file(_ path: String) -> URL {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
    }
    guard file(inputs) != file(output) else {
      throw ValidationError(
        "The options --inputs and --output name the same file \(inputs): write the result to "
          + "another, so that the inputs are kept.")
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
    let point = try HypergradientInput<Scalar>(readingFrom: inputs)
    let problem = point.problem(ridge: Scalar(ridge))
    let prepared = try problem.factored.prepare(settings, innerSteps: innerSteps)
    PeakMemory.reset()
    var seconds: [Double] = []
    var estimate: HypergradientEstimate<Scalar>?
    for _ in 0..<repeats {
      let watch = Stopwatch()
      estimate = prepared.estimator.estimate(
        prepared.problem, dynamics: prepared.loopDynamics, upper: prepared.start,
        innerSteps: innerSteps)
      seconds.append(watch.seconds)
    }
    guard let estimate else { return }
    let lowerValue = prepared.problem.lower.value(upper: prepared.start, lower: estimate.lower)
    // From the file in double precision, whatever the run's: both precisions are compared with it.
    let solution =
      ridge > 0 ? try HypergradientInput<Double>(readingFrom: inputs).solution(ridge: ridge) : nil
    try write(estimate, lowerValue, settings, seconds.sorted(), solution)
    guard estimate.isFinite, lowerValue.isFinite else {
      console.show(
        error: "The result is not finite after \(innerSteps) inner steps of size "
          + "\(innerStepSize): lower the step sizes; \(output) holds what was computed.")
      throw ExitStatus.diverged.exitCode
    }
  }

  private func write<Scalar: TensorScalar & HDF5Element>(
    _ estimate: HypergradientEstimate<Scalar>, _ lowerValue: Scalar, _ settings: MethodSettings,
    _ seconds: [Double], _ solution: RidgeSolution?
  ) throws {
    let writer = try HDF5Writer(path: output)
    func write(_ tensor: Tensor<Scalar>, _ name: String) throws {
      try writer.write(HDF5Array(shape: tensor.shape, values: tensor.scalars), to: name)
    }
    try write(estimate.hypergradient.tensors[0], "hypergradient")
    try write(estimate.lower.tensors[0].reshaped([estimate.lower.count]), "w")
    try writer.write(scalar: estimate.upperValue, to: "upperValue")
    try writer.write(scalar: lowerValue, to: "lowerValue")
    if let solution {
      let (exact, head) = (solution.hypergradient.tensors[0], solution.head)
      try writer.write(
        HDF5Array(shape: exact.shape, values: exact.scalars), to: "exact/hypergradient")
      try writer.write(HDF5Array(shape: [head.count], values: head.flattened()), to: "exact/w")
      try writer.write(scalar: solution.upperValue, to: "exact/upperValue")
    }
    let diagnostics = estimate.diagnostics
    let attributes: [(String, HDF5Attribute)] = [
      ("method", .string(method)), ("innerSteps", .integer(innerSteps)),
      ("ridge", .real(ridge)),
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
