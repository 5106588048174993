import ArgumentParser
import Bilevel
import Experiments
import Foundation
import Results

/// A start y_0 = (y1, y2) as written on the command line: "2,2", or "2" for both.
struct LowerStart: ExpressibleByArgument, Sendable {
  let first: Double
  let second: Double

  /// The start, or nil for anything but one or two finite numbers.
  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard numbers.count == parts.count, (1...2).contains(parts.count),
      numbers.allSatisfy(\.isFinite), let one = numbers.first, let two = numbers.last
    else { return nil }
    (first, second) = (one, two)
  }
}

/// What `run` and `sweep` are asked to run: methods, problem, starts.
struct ProblemOptions: ParsableArguments {
  @Option(name: .customLong("protocol"), help: "Protocol; see the subcommand list.")
  var protocolName = CounterExampleProtocol.icml2020.rawValue

  @Option(help: "Inner dynamics, instead of a method; see the subcommand list.")
  var dynamics: String?

  @Option(help: "Hypergradient estimator, instead of a method; see the subcommand list.")
  var hypergradient: String?

  @Option(help: "Outer optimiser: gradient, momentum or adam.")
  var outer: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: "y_0 as y1,y2 (or one number for both); may be repeated.")
  var start: [LowerStart] = []

  @Option(name: .customLong("upper-start"), parsing: .unconditional, help: "x_0.")
  var upperStart: Double?

  @Option(
    name: .customLong("inner-step-size"), parsing: .unconditional,
    help: "s_l; also s_u where that is not given.")
  var innerStepSize: Double?

  @Option(
    name: .customLong("upper-step-size"), parsing: .unconditional,
    help: "s_u, step size of BDA's upper direction.")
  var upperStepSize: Double?

  @Option(help: "Aggregation schedule of BDA; see the subcommand list.")
  var schedule: String?

  @Option(parsing: .unconditional, help: "alpha, the schedule's parameter, in [0, 1].")
  var alpha: Double?

  @Option(parsing: .unconditional, help: "H, the steps that T-RHG goes back.")
  var history: Int?

  @Option(
    parsing: .unconditional, help: "Added to the diagonal of the lower Hessian by implicit methods."
  )
  var damping: Double?

  @Option(parsing: .unconditional, help: "n, the number of coordinates.")
  var dimension: Int?

  @Option(
    name: .customLong("outer-iterations"), parsing: .unconditional,
    help: "Outer iterations, at most.")
  var outerIterations: Int?

  @Option(
    name: .customLong("outer-step-size"), parsing: .unconditional,
    help: "Learning rate of the outer optimiser.")
  var outerStepSize: Double?

  /// The protocol of the name.
  func preset() throws(MethodError) -> CounterExampleProtocol {
    try CounterExampleMethod.named(
      protocolName, CounterExampleProtocol.self, option: "protocol", plural: "protocols")
  }

  /// The preset, overridden by file, named options and `--set`, in this order.
  func resolve(
    _ preset: CounterExampleProtocol, _ shared: SharedOptions
  ) throws -> Configuration<CounterExampleSettings> {
    var overrides: [String] = []
    func override(_ key: String, _ value: (some CustomStringConvertible)?) {
      if let value { overrides.append("\(key)=\(value)") }
    }
    if let outer {
      let kind = try CounterExampleMethod.named(
        outer, OuterSettings.Kind.self, option: "outer", plural: "outer optimisers")
      override("upper.optimizer", kind.rawValue)
    }
    if let schedule {
      let rule = try CounterExampleMethod.named(
        schedule, AggregationSchedule.Rule.self, option: "schedule", plural: "schedules")
      override("aggregation.schedule", rule.rawValue)
    }
    override("start.upper", upperStart.map { [$0] })
    override("inner.stepSize", innerStepSize)
    override("aggregation.upperStepSize", upperStepSize)
    override("aggregation.alpha", alpha)
    override("truncation.history", history)
    override("solver.damping", damping)
    override("problem.dimension", dimension)
    override("upper.iterations", outerIterations)
    override("upper.learningRate", outerStepSize)
    return try Configuration.resolve(
      defaults: preset.settings(shared.budget),
      file: shared.configurationFile.map { URL(fileURLWithPath: $0) },
      settings: overrides + shared.settings)
  }

  /// The starts named here, else those of the configuration where it changes them, else the
  /// protocol's.
  func starts(
    _ preset: CounterExampleProtocol, _ settings: CounterExampleSettings, _ budget: Budget
  ) -> [(first: [Double], second: [Double])] {
    if !start.isEmpty { return start.map { ([$0.first], [$0.second]) } }
    let usual = preset.settings(budget).start
    guard settings.start.first == usual.first, settings.start.second == usual.second else {
      return [(settings.start.first, settings.start.second)]
    }
    return preset.starts
  }
}

/// One method under its settings: what makes one record.
struct CounterExampleItem {
  let method: CounterExampleMethod
  let settings: CounterExampleSettings
  let preset: CounterExampleProtocol
  let budget: Budget
  /// What a curve is drawn against where it is not outer iterations.
  var sweep: String?

  /// The complete configuration.
  var configuration: Configuration<CounterExampleSettings> { Configuration(settings) }

  /// What sets the run apart: its start, K, and all settings that differ from the preset's and
  /// matter to the method, so that no run replaces the record of another.
  var variant: [String: Value] {
    var result: [String: Value] = [
      "y1": Self.value(settings.start.first), "y2": Self.value(settings.start.second),
    ]
    if let sweep {
      result["sweep"] = .string(sweep)
      // Curves of one figure are told apart by these, so that all of them state theirs.
      result["inner.stepSize"] = Self.number(settings.inner.stepSize)
      if method.combination.dynamics == .descentAggregation {
        result["aggregation.schedule"] = .string(settings.aggregation.schedule.rawValue)
        result["aggregation.alpha"] = Self.number(settings.aggregation.alpha)
      }
    } else {
      result["innerSteps"] = .integer(settings.inner.steps)
    }
    if method.isImplicit, !method.combination.dynamics.aggregates {
      // Whether the singular Hessian is damped decides everything, so that both cases say so.
      result["solver.damping"] = Self.number(settings.solver.damping)
    }
    var usual = preset.settings(budget)
    usual.inner.steps = settings.inner.steps
    usual.start.first = settings.start.first
    usual.start.second = settings.start.second
    let kind = method.combination.hypergradient
    for (path, value) in configuration.tree.differences(from: Configuration(usual).tree) {
      let matters =
        switch path.prefix(while: { $0 != "." }) {
        case "aggregation": method.combination.dynamics.aggregates
        case "truncation": kind == .truncatedReverse
        case "solver": method.isImplicit
        case "oneStage": kind == .oneStage
        case "penalty": method.movesLowerVariable
        case "details": MethodDetails.matters(String(path.dropFirst(8)), to: method.combination)
        case "evaluation": false
        case "upper" where sweep != nil && path == "upper.tolerance": value != .number(1e-10)
        default: true
        }
      if matters { result[path] = value }
    }
    return result
  }

  private static func value(_ numbers: [Double]) -> Value {
    numbers.count == 1 ? number(numbers[0]) : .array(numbers.map(number))
  }

  /// Whole numbers as such, the way they come back from a file.
  private static func number(_ value: Double) -> Value {
    Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}
