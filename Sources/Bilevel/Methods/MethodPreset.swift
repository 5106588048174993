/// A method of the field by its name: a product of one dynamics and one hypergradient estimator.
public enum MethodPreset: String, Sendable, CaseIterable, Codable {
  /// Gradient descent differentiated in reverse.
  case rhg
  /// The same with a bounded history.
  case truncatedRHG = "t-rhg"
  /// Gradient descent differentiated forward.
  case fhg
  /// Descent aggregation differentiated in reverse.
  case bda

  /// The name that the literature uses.
  public var displayName: String {
    switch self {
    case .rhg: "RHG"
    case .truncatedRHG: "T-RHG"
    case .fhg: "FHG"
    case .bda: "BDA"
    }
  }

  /// The inner dynamics of the method.
  public var dynamics: DynamicsKind {
    switch self {
    case .rhg, .truncatedRHG, .fhg: .gradientDescent
    case .bda: .descentAggregation
    }
  }

  /// The hypergradient estimator of the method.
  public var hypergradient: HypergradientKind {
    switch self {
    case .rhg, .bda: .reverse
    case .truncatedRHG: .truncatedReverse
    case .fhg: .forward
    }
  }

  /// Where the method was published.
  public var citation: String {
    switch self {
    case .rhg:
      "Franceschi, Donini, Frasconi and Pontil, ICML 2017, algorithm 1 (reverse-HG)"
    case .truncatedRHG:
      "Shaban, Cheng, Hatch and Boots, AISTATS 2019 (K-step truncated back-propagation)"
    case .fhg:
      "Franceschi, Donini, Frasconi and Pontil, ICML 2017, algorithm 2 (forward-HG)"
    case .bda:
      "Liu, Mu, Yuan, Zeng and Zhang, ICML 2020 (arXiv 2006.04045); TPAMI 2022 (arXiv 2102.07976)"
    }
  }
}

/// The inner dynamics that can be named.
public enum DynamicsKind: String, Sendable, CaseIterable, Codable {
  /// ``GradientDescent``.
  case gradientDescent = "gradient-descent"
  /// ``DescentAggregation``.
  case descentAggregation = "descent-aggregation"
}

/// The hypergradient estimators that can be named.
public enum HypergradientKind: String, Sendable, CaseIterable, Codable {
  /// ``ReverseHypergradient`` with full history.
  case reverse
  /// ``ReverseHypergradient`` with a bounded history.
  case truncatedReverse = "truncated-reverse"
  /// ``ForwardHypergradient``.
  case forward
}
