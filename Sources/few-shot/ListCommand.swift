import ArgumentParser
import Bilevel
import Commands
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
    for preset in FewShotProtocol.allCases {
      lines += entry(preset.rawValue, preset.summary, preset.source)
    }
    lines += ["", "Methods (--method):"]
    for method in FewShotMethod.all {
      let what = method.learnsInitialisation ? "initialisation" : "representation"
      lines += entry(
        method.name,
        "\(method.displayName) = \(what) by \(method.parts.dynamics) x \(method.parts.hypergradient)",
        method.citation)
    }
    lines += ["", "Aggregation schedules of BDA (--schedule; A is --alpha, k = 1, 2, ...):"]
    for rule in AggregationSchedule.Rule.allCases {
      lines += entry(rule.rawValue, "form \(rule.form): \(rule.formula)", rule.source)
    }
    return lines.joined(separator: "\n")
  }

  private static func entry(_ name: String, _ what: String, _ source: String) -> [String] {
    let padding = String(repeating: " ", count: max(1, 20 - name.count))
    return ["  \(name)\(padding)\(what)", "  \(String(repeating: " ", count: 20))\(source)"]
  }
}
