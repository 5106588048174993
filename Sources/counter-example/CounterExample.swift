import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Foundation
import Results
import Tensors

/// The counter-example experiment: the article's proof that methods which assume a single lower
/// solution go to the wrong point, whatever K is, and that descent aggregation does not.
@main
struct CounterExampleCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "counter-example",
    abstract: "Show where methods go when the lower level has many solutions.",
    discussion: """
      F = 1/2 |x - y2|^2 + 1/2 |y1 - e|^2, f = 1/2 |y1|^2 - x' y1: every y2 solves the lower level, \
      and the optimum is x* = y* = e, all ones. RHG and its kin leave y2 at its start and end at \
      (1 + y2) / 2; descent aggregation moves y2 along. Needs no data.

      The column "derived" is the point at which the method must come to rest, from scalar \
      recursions that share no code with the methods; "-" where none is declared. Without --method, \
      --dynamics and --hypergradient every method is run, and conjugate gradients a second time with \
      damping.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      RunCommand<CounterExampleOptions>.self, PlanCommand<CounterExampleOptions>.self,
      SweepCommand.self, ScalingCommand.self,
      HypergradientCommand<CounterExampleHypergradient>.self,
      ListCommand<CounterExample>.self,
    ],
    defaultSubcommand: RunCommand<CounterExampleOptions>.self)
}

/// What the counter-example contributes to the suite.
struct CounterExample: Experiment {
  typealias Own = CounterExampleSettings
  typealias Preset = CounterExampleProtocol

  static let name = "counter-example"
  let context: ExperimentContext

  func usualArms(_ settings: RunSettings<CounterExampleSettings>, budget: Budget) -> [Arm] {
    catalogue.methods.map { .method($0) }
  }

  /// None: the last outer step that was measured is a result.
  static let measuringKeys: [String] = []

  /// Every key, but for that of measurements in a sweep, which makes none on the way.
  func reads(
    _ key: String, _ arm: Arm, under settings: RunSettings<CounterExampleSettings>
  ) -> Bool {
    key != "evaluation.every" || settings.sweep.innerSteps.isEmpty
  }

  func statedKeys(_ arm: Arm) -> [String] {
    let keys = ["inner.steps", "start.first", "start.second"]
    guard let method = arm.method, method.estimator.settings.contains("solver.damping"),
      !method.dynamics.aggregates
    else { return keys }
    // Whether the singular Hessian is damped decides everything, so that both cases say so.
    return keys + ["solver.damping"]
  }

  static let shortNames = [
    "inner.steps": "innerSteps", "start.first": "y1", "start.second": "y2",
  ]

  func datasets(
    _ settings: RunSettings<CounterExampleSettings>, seed: UInt64
  ) -> [RunRecord.DatasetUse] { [] }

  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<CounterExampleSettings>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar> {
    try CounterExampleBody<Scalar>(run)
  }

  static let columns: [SummaryColumn] = [
    startColumn, .final("x", 9, "x"), .final("derived", 9, "stationaryPoint"),
    .final("|x-x*|", 8, "upperError"), .final("|y-y*|", 8, "lowerError"),
    .final("F", 8, "upperObjective"),
  ]

  /// The start of y.
  static let startColumn = SummaryColumn("y1,y2", 6) { record in
    ["start.first", "start.second"].map { key in
      let values = record.configuration.value(at: key)?.arrayValue ?? []
      return values.count == 1
        ? String(format: "%g", values[0].doubleValue ?? .nan) : "list"
    }.joined(separator: ",")
  }
}
