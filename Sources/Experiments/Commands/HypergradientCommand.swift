import ArgumentParser
import Bilevel
import Commands
import Datasets
import Files
import Foundation
import Results
import Tensors

/// Evaluates one hypergradient at a given point, for comparison with other programs. The same for
/// every experiment.
package struct HypergradientCommand<Own: HypergradientOptions>: ParsableCommand {
  /// The command's description.
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "hypergradient", abstract: Own.abstract,
      discussion: Own.discussion + """
        ; attributes method, secondsMedian, secondsMinimum, secondsMaximum, peakResidentBytes, \
        status, and the parameters.
        """)
  }

  /// The input file.
  @Option(help: "Input file (HDF5).")
  package var inputs: String

  /// The output file.
  @Option(help: "Output file (HDF5), written at once when all is done.")
  package var output: String

  /// The method.
  @Option(help: "Method; see the subcommand list.")
  package var method = "rhg"

  /// K.
  @Option(
    name: .customLong("inner-steps"), parsing: .unconditional, help: "K, inner steps (inner.steps)."
  )
  package var innerSteps: Int

  /// The methods' settings.
  @OptionGroup package var settings: MethodOptions
  /// The experiment's own.
  @OptionGroup package var own: Own

  /// Single keys.
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One key of the configuration, overriding the options; may be repeated.",
      valueName: "key=value"))
  package var overrides: [String] = []

  /// The scalar type of the computation.
  @Option(help: "Scalar type of the computation: float or double.")
  package var scalar = ScalarChoice.float

  /// The number of threads.
  @OptionGroup package var threads: ThreadsOption

  /// Measured evaluations.
  @Option(
    parsing: .unconditional,
    help: "Evaluations that are timed; with more than one, another before them warms up.")
  package var repeats = 1

  /// The command without arguments.
  package init() {}

  /// Checks what the parser cannot.
  package func validate() throws {
    guard (1...1_000_000).contains(repeats) else {
      throw ValidationError(
        "The option --repeats wants a number from 1 to 1000000 but was given \(repeats).")
    }
    try HDF5Name.require(output, option: "--output")
  }

  /// Evaluates and writes.
  package func run() throws {
    let console = Console()
    try console.report {
      try KeptInputs(following: [inputs]).require(keptBy: [output])
      threads.apply()
      let experiment = Own.E(folder: DataFolder(path: "datasets"))
      var options = settings.overrides + own.overrides
      options.add("--inner-steps", "inner.steps", innerSteps)
      let configuration = try Configuration.resolve(
        defaults: own.defaults, options: options, settings: overrides)
      let resolved = configuration.settings
      try resolved.validate(in: scalar)
      let arms = try settings.namedArms(
        settings.dynamics == nil ? [method] : [], of: experiment)
      guard let method = arms?.first?.method else {
        throw MethodError(
          "The baseline \(self.method) has no hypergradient; choose a method of the list.")
      }
      if let refusal = experiment.refusal(of: .method(method), under: resolved) {
        throw MethodError(refusal)
      }
      nameIgnoredKeys(configuration, of: .method(method), in: experiment, console)
      if let remark = method.remark(under: resolved.method) { console.show(note: remark) }
      switch scalar {
      case .float: try evaluate(method, resolved, console, as: Float.self)
      case .double: try evaluate(method, resolved, console, as: Double.self)
      }
    }
  }

  /// Names the settings that were given and that the evaluation does not read: most of an experiment's own
  /// describe data, networks and runs, and here the file does.
  private func nameIgnoredKeys(
    _ configuration: Configuration<RunSettings<Own.E.Own>>, of arm: Arm, in experiment: Own.E,
    _ console: Console
  ) {
    let own = Set(Own.E.Own.keys.map(\.name))
    let changed = configuration.tree.differences(from: Configuration(self.own.defaults).tree)
    // There is no earlier outer iteration that anything could be continued from.
    let others = ["inner.startsWarm", "solver.startsWarm"]
    let unread = changed.map(\.0).filter { key in
      (own.contains(key)
        ? !Own.readKeys.contains(where: key.hasPrefix)
        : key.hasPrefix("outer.") || others.contains(key))
        || !experiment.matters(key, to: arm) || !configuration.settings.hasEffect(key, on: arm)
    }
    console.show(ignored: unread, "which a hypergradient at the point of a file does not read")
  }

  private func evaluate<Scalar: TensorScalar & HDF5Element>(
    _ method: Method, _ settings: RunSettings<Own.E.Own>, _ console: Console,
    as type: Scalar.Type
  ) throws {
    let request: HypergradientRequest<Scalar> = try own.request(
      inputs: inputs, method: method, settings, as: type)
    // Before anything is computed: a folder that cannot be written into is known now.
    let writer = try HDF5Writer(path: output)
    PeakMemory.reset()
    if repeats > 1 { _ = request.evaluate() }
    var watch = Stopwatch()
    var estimate = request.evaluate()
    var seconds = [watch.lap()]
    for _ in 1..<repeats {
      watch = Stopwatch()
      estimate = request.evaluate()
      seconds.append(watch.lap())
    }
    var tally = SolverTally()
    tally.add(estimate.diagnostics)
    let isFinite = try request.write(estimate, writer) && estimate.isFinite
    let status = !isFinite ? "non-finite" : tally.failure == nil ? "finite" : "unusable"
    try describe(
      estimate.diagnostics, method, settings, seconds.sorted(), tally, status, in: writer,
      scalar: Scalar.name)
    try writer.finish()
    guard isFinite else {
      console.show(
        error: "The result is not finite after \(settings.inner.steps) inner steps of size "
          + "\(settings.inner.stepSize): lower the step sizes; \(output) holds what was computed.")
      throw ExitStatus.diverged.exitCode
    }
    if let failure = tally.failure {
      console.show(error: "\(failure) \(output) holds what was computed.")
      throw ExitStatus.diverged.exitCode
    }
    if let sentence = tally.sentence { console.show(note: sentence) }
  }

  private func describe(
    _ diagnostics: EstimatorDiagnostics, _ method: Method, _ settings: RunSettings<Own.E.Own>,
    _ seconds: [Double], _ tally: SolverTally, _ status: String, in writer: HDF5Writer,
    scalar: String
  ) throws {
    let steps = settings.inner.steps
    var attributes: [(String, HDF5Attribute)] = [
      ("method", .string(method.name)), ("innerSteps", .integer(steps)),
      (
        "innerStepSize",
        .real(settings.method.lowerStepSize(aggregating: method.dynamics.aggregates))
      ),
      ("upperStepSize", .real(settings.method.upperStepSize)),
      ("schedule", .string(settings.aggregation.schedule.rawValue)),
      ("alpha", .real(settings.aggregation.alpha)),
      (
        "history",
        .integer(
          method.estimator.settings.contains("truncation.history")
            ? settings.method.truncationHistory(innerSteps: steps)
            : diagnostics.differentiatedSteps)
      ),
      ("solverSteps", .integer(settings.solver.steps)),
      ("scalar", .string(scalar)), ("threads", .integer(Parallel.threads)),
      ("backend", .string(KernelBackend.selectedDescription)), ("repeats", .integer(repeats)),
      ("secondsMedian", .real(Statistics(seconds).median)),
      ("secondsMinimum", .real(seconds.first ?? .nan)),
      ("secondsMaximum", .real(seconds.last ?? .nan)),
      ("peakResidentBytes", .integer(PeakMemory.bytes ?? 0)),
      ("trajectoryStorage", .string(diagnostics.storage)),
      ("trajectoryBytes", .integer(diagnostics.storedBytes)), ("status", .string(status)),
    ]
    if let solves = tally.value {
      attributes += [
        ("linearSolverOutcome", .string(solves["lastOutcome"]?.stringValue ?? "")),
        (
          "linearSolverRelativeResidual",
          .real(solves["largestRelativeResidual"]?.doubleValue ?? .nan)
        ),
      ]
    }
    for (name, value) in attributes + own.attributes(settings) {
      try writer.setAttribute(name, value)
    }
  }
}
