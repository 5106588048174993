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

/// The options of `counter-example run` and `sweep` beside those of every experiment.
struct CounterExampleOptions: OwnRunOptions {
  @Option(
    parsing: .unconditionalSingleValue,
    help: "y_0 as y1,y2 (or one number for both); may be repeated (start.first, start.second).")
  var start: [LowerStart] = []

  @Option(
    name: .customLong("upper-start"), parsing: .unconditional, help: "x_0 (start.upper).")
  var upperStart: Double?

  @Option(
    parsing: .unconditional, help: "n, the number of coordinates (problem.dimension).")
  var dimension: Int?

  var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    if let upperStart {
      result.append(
        SettingOverride("--upper-start", "start.upper", .array([.number(upperStart)])))
    }
    result.add("--dimension", "problem.dimension", dimension)
    return result
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

  func planned(
    _ arm: Arm, _ settings: RunSettings<CounterExampleSettings>,
    preset: CounterExampleProtocol, budget: Budget, isNamed: Bool, in experiment: CounterExample
  ) throws -> [PlannedRun<CounterExampleSettings>] {
    starts(preset, settings.own, budget).flatMap { start in
      var settings = settings
      (settings.start.first, settings.start.second) = start
      var plan = [settings]
      if !isNamed, arm.name == "cg", settings.solver.damping == 0 {
        settings.solver.damping = 0.01
        plan.append(settings)
      }
      return plan.map {
        PlannedRun(
          arm, $0, preset: preset.settings(budget), protocolName: preset.rawValue)
      }
    }
  }
}
