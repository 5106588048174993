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
    help: """
      y_0 as y1,y2 (or one number for both); may be repeated (start.first, start.second). Without \
      this option all of the protocol's starts are run, unless start.first or start.second is set otherwise.
      """)
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
    // One start is a setting like others: --set, which comes last, changes it.
    if start.count == 1, let only = start.first {
      for (key, value) in [("start.first", only.first), ("start.second", only.second)] {
        result.append(SettingOverride("--start", key, .array([.number(value)])))
      }
    }
    result.add("--dimension", "problem.dimension", dimension)
    return result
  }

  /// The starts named here, else those of the configuration where it changes them, else the
  /// protocol's.
  ///
  /// - Throws: `MethodError` where several starts are named here and the configuration has another.
  func starts(
    _ preset: CounterExampleProtocol, _ settings: CounterExampleSettings, _ budget: Budget
  ) throws(MethodError) -> [(first: [Double], second: [Double])] {
    let usual = preset.settings(budget).start
    let configured = (first: settings.start.first, second: settings.start.second)
    let isUsual = configured.first == usual.first && configured.second == usual.second
    guard start.count > 1 else {
      return start.isEmpty && isUsual ? preset.starts : [configured]
    }
    guard isUsual else {
      throw MethodError(
        "Several starts are given by --start, and another by start.first or start.second in the "
          + "configuration: leave one or the other out.")
    }
    for (index, one) in start.enumerated()
    where start[..<index].contains(where: { $0.first == one.first && $0.second == one.second }) {
      throw MethodError(
        "The start \(one.first),\(one.second) is named twice; its two runs would be the same, so name it "
          + "once.")
    }
    return start.map { ([$0.first], [$0.second]) }
  }

  func planned(
    _ arm: Arm, _ settings: RunSettings<CounterExampleSettings>,
    preset: CounterExampleProtocol, budget: Budget, isNamed: Bool, in experiment: CounterExample
  ) throws -> [PlannedRun<CounterExampleSettings>] {
    guard settings.sweep.innerSteps.isEmpty else {
      throw MethodError(
        "The key sweep.innerSteps belongs to `counter-example sweep`; leave it out here, or use that "
          + "subcommand.")
    }
    return try starts(preset, settings.own, budget).flatMap { start in
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
