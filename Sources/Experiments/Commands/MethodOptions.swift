import ArgumentParser
import Bilevel
import Results

/// The options that name a method and its settings: the same words in `run`, `sweep` and
/// `hypergradient` of every experiment. Each sets the key of the same meaning; `--set` comes after.
package struct MethodOptions: ParsableArguments {
  /// Inner dynamics by name.
  @Option(help: "Inner dynamics, with --hypergradient instead of --method; see list.")
  package var dynamics: String?

  /// A hypergradient estimator by name.
  @Option(help: "Hypergradient estimator, with --dynamics instead of --method; see list.")
  package var hypergradient: String?

  /// s_l.
  @Option(
    name: .customLong("inner-step-size"), parsing: .unconditional,
    help: "s_l, step size of the lower direction (inner.stepSize).")
  package var innerStepSize: Double?

  /// s_u.
  @Option(
    name: .customLong("upper-step-size"), parsing: .unconditional,
    help: "s_u, step size of BDA's upper direction (aggregation.upperStepSize).")
  package var upperStepSize: Double?

  /// The aggregation schedule by name.
  @Option(help: "Aggregation schedule of BDA (aggregation.schedule); see list.")
  package var schedule: String?

  /// alpha.
  @Option(
    parsing: .unconditional,
    help: "alpha, the schedule's parameter, in [0, 1] (aggregation.alpha).")
  package var alpha: Double?

  /// H.
  @Option(
    parsing: .unconditional,
    help: "H, the steps that a truncated sweep goes back (truncation.history).")
  package var history: Int?

  /// Steps of the linear solver.
  @Option(
    name: .customLong("solver-steps"), parsing: .unconditional,
    help: "Steps of the linear solver (solver.steps).")
  package var solverSteps: Int?

  /// The linear solver's tolerance.
  @Option(
    name: .customLong("solver-tolerance"), parsing: .unconditional,
    help: "The residual at which the linear solver stops, relative to |F_y| (solver.tolerance).")
  package var solverTolerance: Double?

  /// Damping.
  @Option(
    parsing: .unconditional,
    help: "Added to the diagonal of the lower Hessian by implicit methods (solver.damping).")
  package var damping: Double?

  /// Memory for the trajectory.
  @Option(
    name: .customLong("trajectory-megabytes"), parsing: .unconditional,
    help: "Memory for the trajectory before reverse mode recomputes (trajectory.megabytes).")
  package var trajectoryMegabytes: Int?

  /// Tangents per block.
  @Option(
    name: .customLong("tangents-per-block"), parsing: .unconditional,
    help: "Tangents that forward mode carries at a time (trajectory.tangentsPerBlock).")
  package var tangentsPerBlock: Int?

  /// The options' defaults.
  package init() {}

  /// What the options set.
  package var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    result.add("--inner-step-size", "inner.stepSize", innerStepSize)
    result.add("--upper-step-size", "aggregation.upperStepSize", upperStepSize)
    result.add("--schedule", "aggregation.schedule", schedule)
    result.add("--alpha", "aggregation.alpha", alpha)
    result.add("--history", "truncation.history", history)
    result.add("--solver-steps", "solver.steps", solverSteps)
    result.add("--solver-tolerance", "solver.tolerance", solverTolerance)
    result.add("--damping", "solver.damping", damping)
    result.add("--trajectory-megabytes", "trajectory.megabytes", trajectoryMegabytes)
    result.add("--tangents-per-block", "trajectory.tangentsPerBlock", tangentsPerBlock)
    return result
  }

  /// The arms of an experiment that are named; nil where none is.
  ///
  /// - Throws: `UnknownName` for a name that does not exist, `MethodError` for a product that is
  ///   refused or named by halves.
  package func namedArms<E: Experiment>(_ names: [String], of experiment: E) throws -> [Arm]? {
    var arms = try names.map { try experiment.arm(named: $0) }
    switch (dynamics, hypergradient) {
    case (nil, nil): return names.isEmpty ? nil : arms
    case (let dynamics?, let hypergradient?):
      guard names.isEmpty else {
        throw MethodError(
          "The options --dynamics and --hypergradient name a method, and so does --method; give one or "
            + "the other.")
      }
      let product = experiment.catalogue.product(
        try experiment.catalogue.dynamics(named: dynamics),
        try experiment.catalogue.estimator(named: hypergradient))
      if let refusal = product.refusal { throw MethodError(refusal) }
      arms.insert(.method(product), at: 0)
      return arms
    case (_?, nil), (nil, _?):
      throw MethodError(
        "The options --dynamics and --hypergradient name a method together: give both, or --method."
      )
    }
  }
}

/// The options of the outer loop, in `run` and `sweep` of every experiment.
package struct OuterOptions: ParsableArguments {
  /// The optimiser.
  @Option(help: "Outer optimiser: gradient, momentum or adam (outer.optimizer).")
  package var outer: String?

  /// Outer iterations.
  @Option(
    name: .customLong("outer-iterations"), parsing: .unconditional,
    help: "Outer iterations, at most (outer.iterations).")
  package var outerIterations: Int?

  /// The learning rate.
  @Option(
    name: .customLong("outer-step-size"), parsing: .unconditional,
    help: "Learning rate of the outer optimiser (outer.learningRate).")
  package var outerStepSize: Double?

  /// The options' defaults.
  package init() {}

  /// What the options set.
  package var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    result.add("--outer", "outer.optimizer", outer)
    result.add("--outer-iterations", "outer.iterations", outerIterations)
    result.add("--outer-step-size", "outer.learningRate", outerStepSize)
    return result
  }
}

extension Experiment {
  /// The arm of a name.
  ///
  /// - Throws: `UnknownName`, with the names of baselines and methods.
  package func arm(named name: String) throws(UnknownName) -> Arm {
    if let baseline = baselines.first(where: { $0.name == name }) { return .baseline(baseline) }
    guard let method = catalogue.methods.first(where: { $0.name == name }) else {
      throw UnknownName(
        name, "method", among: catalogue.methods.map(\.name) + baselines.map(\.name))
    }
    return .method(method)
  }

  /// Why an arm is refused under settings; nil where it applies.
  package func refusal(of arm: Arm, under settings: RunSettings<Own>) -> String? {
    switch arm {
    case .method(let method):
      refusal(of: method, under: settings) ?? method.refusal(under: settings.method)
    case .baseline(let baseline): refusal(of: baseline, under: settings)
    }
  }
}
