import ArgumentParser
import Bilevel
import Experiments

/// Lists what can be named: protocols, methods and schedules, each with its source.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List protocols, methods and schedules with their sources.")

  func run() throws {
    let console = Console()
    try console.report { console.show(result: Self.text) }
  }

  private static var text: String {
    var lines = ["Protocols (--protocol):"]
    for preset in RepresentationProtocol.allCases {
      lines += entry(preset.rawValue, preset.summary, preset.source)
    }
    lines += ["", "Methods (--method):"]
    for method in RepresentationMethod.named {
      lines += entry(method.name, description(of: method), method.citation)
    }
    lines += ["", "Valid products of --dynamics and --hypergradient:"]
    for dynamics in DynamicsKind.allCases {
      let estimators = MethodCombination.valid.filter { $0.dynamics == dynamics }
        .map(\.hypergradient.rawValue)
      lines += entry(
        dynamics.rawValue, estimators.joined(separator: ", "),
        "\(dynamics.formula); \(dynamics.citation)")
    }
    lines += ["", "Hypergradient estimators (--hypergradient):"]
    for kind in HypergradientKind.allCases {
      lines += entry(kind.rawValue, kind.exactness, kind.citation)
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
    let padding = String(repeating: " ", count: max(1, 26 - name.count))
    return ["  \(name)\(padding)\(what)", "  \(String(repeating: " ", count: 26))\(source)"]
  }

  private static func description(of method: RepresentationMethod) -> String {
    let product = method.product
    return "\(method.displayName) = \(product.dynamics.rawValue) x "
      + product.hypergradient.rawValue
  }
}
