import Bilevel

/// What every experiment's subcommand `list` says of the method library: what can be named, what
/// goes with what, and where it was published.
public struct MethodCatalogue: Sendable {
  /// The column at which descriptions begin.
  public let column: Int

  /// A catalogue whose names take up so many characters.
  public init(column: Int = 26) { self.column = column }

  /// A name with what it stands for and, below, its source.
  public func entry(_ name: String, _ what: String, _ source: String) -> [String] {
    let padding = String(repeating: " ", count: max(1, column - name.count))
    return ["  \(name)\(padding)\(what)", "  \(String(repeating: " ", count: column))\(source)"]
  }

  /// The presets of the literature, as products of dynamics and estimator.
  public var presets: [String] {
    MethodPreset.allCases.flatMap { preset in
      entry(
        preset.rawValue,
        "\(preset.displayName) = \(preset.dynamics.rawValue) x \(preset.hypergradient.rawValue)",
        preset.citation)
    }
  }

  /// Dynamics with the estimators they go with, estimators, refused products with the reason, outer
  /// optimisers, and aggregation schedules.
  public var parts: [String] {
    var lines = [
      "Valid products of --dynamics and --hypergradient (\(MethodCombination.valid.count)):"
    ]
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
    lines += ["", "Refused products:"]
    for combination in MethodCombination.all {
      guard let refusal = combination.refusal else { continue }
      lines.append(
        "  \(combination.dynamics.rawValue) x \(combination.hypergradient.rawValue): \(refusal)")
    }
    lines += [
      "",
      "Outer optimisers (--outer): "
        + OuterSettings.Kind.allCases.map(\.rawValue).joined(separator: ", "),
      "  --set outer.decay="
        + OuterDetails.DecayChoice.allCases.map(\.rawValue).joined(separator: "|")
        + ", outer.clippingNorm=..., outer.clippingValue=...",
      "",
      "Sets that the inner loop is projected onto (--set details.lowerSet=...): "
        + MethodDetails.LowerSetChoice.allCases.map(\.rawValue).joined(separator: ", "),
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
