import ArgumentParser
import Bilevel
import Commands
import Datasets

/// Lists what can be named: protocols, methods, products and schedules, each with its source, or all
/// settings. The same for every experiment.
package struct ListCommand<E: Experiment>: ParsableCommand {
  /// The command's description.
  package static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "list",
      abstract: "List protocols, methods, products and schedules with their sources.")
  }

  /// Whether settings are listed instead.
  @Flag(help: "List every setting with its default, unit, range and who reads it, instead.")
  package var settings = false

  /// Whether the settings are written as a Markdown table.
  @Flag(help: "With --settings: as a Markdown table, as in the documentation.")
  package var markdown = false

  /// The command without arguments.
  package init() {}

  /// Prints the list.
  package func run() throws {
    let console = Console()
    let experiment = E(folder: DataFolder(path: "datasets"))
    try console.report {
      console.show(
        result: !settings
          ? MethodList(experiment).lines.joined(separator: "\n")
          : markdown ? SettingsPage.markdown(of: experiment) : SettingsPage.text(of: experiment))
    }
  }
}

/// What `list` says of an experiment and the method library.
struct MethodList<E: Experiment> {
  private let experiment: E
  private let column = 26

  init(_ experiment: E) { self.experiment = experiment }

  /// A name with what it stands for and, below, its source.
  private func entry(_ name: String, _ what: String, _ source: String) -> [String] {
    let padding = String(repeating: " ", count: max(1, column - name.count))
    return ["  \(name)\(padding)\(what)", "  \(String(repeating: " ", count: column))\(source)"]
  }

  var lines: [String] {
    let catalogue = experiment.catalogue
    let settings = E.Preset.allCases.first?.settings(.paper)
    var lines = ["Protocols (--protocol):"]
    for preset in E.Preset.allCases {
      lines += entry(preset.rawValue, preset.summary, preset.source)
    }
    lines += ["", "Methods (--method):"]
    for method in catalogue.methods {
      let refusal = settings.flatMap { experiment.refusal(of: method, under: $0) }
      guard refusal == nil else { continue }
      lines += entry(
        method.name,
        "\(method.displayName) = \(method.dynamics.name) x \(method.estimator.name)",
        method.citation)
    }
    for baseline in experiment.baselines {
      lines += entry(baseline.name, baseline.displayName, baseline.citation)
    }
    let refused = catalogue.methods.compactMap { method in
      settings.flatMap { experiment.refusal(of: method, under: $0) }.map { (method.name, $0) }
    }
    if !refused.isEmpty {
      lines += ["", "Methods that do not apply here:"]
      lines += refused.map { "  \($0): \($1)" }
    }
    return lines + parts(catalogue, settings)
  }

  private func parts(
    _ catalogue: MethodCatalogue, _ settings: RunSettings<E.Own>?
  ) -> [String] {
    // What does not go together, and what the experiment cannot use.
    let products = catalogue.products.map { product in
      let refusal =
        product.refusal
        ?? settings.flatMap { experiment.refusal(of: product, under: $0) }
      return (dynamics: product.dynamics, estimator: product.estimator, refusal: refusal)
    }
    let valid = products.filter { $0.refusal == nil }
    var lines = ["", "Valid products of --dynamics and --hypergradient (\(valid.count)):"]
    for dynamics in catalogue.dynamics {
      let estimators = valid.filter { $0.dynamics.name == dynamics.name }.map(\.estimator.name)
      lines += entry(
        dynamics.name, estimators.joined(separator: ", "),
        "\(dynamics.formula); \(dynamics.citation)")
    }
    lines += ["", "Hypergradient estimators (--hypergradient):"]
    for estimator in catalogue.estimators {
      lines += entry(estimator.name, estimator.exactness, estimator.citation)
    }
    lines += ["", "Refused products:"]
    for product in products {
      guard let refusal = product.refusal else { continue }
      lines.append("  \(product.dynamics.name) x \(product.estimator.name): \(refusal)")
    }
    lines += [
      "",
      "Outer optimisers (--outer): "
        + OuterSettings.Kind.allCases.map(\.rawValue).joined(separator: ", "),
      "  --set outer.decay=" + OuterSettings.Decay.allCases.map(\.rawValue).joined(separator: "|")
        + ", outer.clippingNorm=..., outer.clippingValue=...",
      "",
      "Sets that the inner loop is projected onto (--set lowerSet.kind=...): "
        + MethodSettings.LowerSetChoice.allCases.map(\.rawValue).joined(separator: ", "),
      "", "Aggregation schedules of BDA (--schedule; A is --alpha, k = 1, 2, ...):",
    ]
    for rule in AggregationSchedule.Rule.allCases {
      let sum =
        rule.satisfiesTheory
        ? "keeps to the theory (a_k -> 0, sum diverges)"
        : rule.weightSumDiverges
          ? "sum diverges, but a_k does not tend to 0 within a loop"
          : "BREAKS the theory: the sum of a_k converges"
      lines += entry(rule.rawValue, "form \(rule.form): \(rule.formula); \(sum)", rule.source)
    }
    return lines
  }
}
