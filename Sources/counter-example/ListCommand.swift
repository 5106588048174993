import ArgumentParser
import Bilevel
import Experiments

/// Lists what can be named: protocols, methods, combinations and schedules, each with its source.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List protocols, methods, combinations and schedules with their sources.")

  func run() throws {
    let console = Console()
    try console.report { console.show(result: Self.text) }
  }

  private static var text: String {
    var lines = ["Protocols (--protocol):"]
    for preset in CounterExampleProtocol.allCases {
      lines += entry(preset.rawValue, preset.summary, preset.source)
    }
    lines += ["", "Methods (--method):"]
    for preset in MethodPreset.allCases {
      lines += entry(
        preset.rawValue,
        "\(preset.displayName) = \(preset.dynamics.rawValue) x \(preset.hypergradient.rawValue)",
        preset.citation)
    }
    lines += ["", "Inner dynamics (--dynamics):"]
    for kind in DynamicsKind.allCases { lines += entry(kind.rawValue, kind.formula, kind.citation) }
    lines += ["", "Hypergradients (--hypergradient):"]
    for kind in HypergradientKind.allCases {
      lines += entry(kind.rawValue, kind.exactness, kind.citation)
    }
    lines += ["", "Outer optimisers (--outer): gradient, momentum, adam"]
    let refused = MethodCombination.all.filter { $0.refusal != nil }
    lines += [
      "",
      "Every dynamics goes with every hypergradient (\(MethodCombination.valid.count) "
        + "combinations), except:",
    ]
    for combination in refused {
      lines.append(
        "  \(combination.dynamics.rawValue) x \(combination.hypergradient.rawValue): "
          + (combination.refusal ?? ""))
    }
    lines += ["", "Aggregation schedules of BDA (--schedule; A is --alpha, k = 1, 2, ...):"]
    for rule in AggregationSchedule.Rule.allCases {
      let sum =
        rule.satisfiesTheory
        ? "keeps to the theory (a_k -> 0, sum diverges)"
        : rule.weightSumDiverges
          ? "sum diverges, but a_k does not tend to 0 within a loop"
          : "BREAKS the theory: the sum of a_k converges"
      lines += entry(rule.rawValue, "form \(rule.form): \(rule.formula); \(sum)", rule.source)
    }
    return lines.joined(separator: "\n")
  }

  private static func entry(_ name: String, _ what: String, _ source: String) -> [String] {
    let padding = String(repeating: " ", count: max(1, 24 - name.count))
    return ["  \(name)\(padding)\(what)", "  \(String(repeating: " ", count: 24))\(source)"]
  }
}
