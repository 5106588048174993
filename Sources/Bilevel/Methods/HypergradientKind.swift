/// The hypergradient estimators that can be named.
public enum HypergradientKind: String, Sendable, CaseIterable, Codable {
  /// ``ReverseHypergradient`` with full history.
  case reverse
  /// ``ReverseHypergradient`` with a bounded history.
  case truncatedReverse = "truncated-reverse"
  /// ``ForwardHypergradient``.
  case forward
  /// ``ImplicitHypergradient`` with ``ConjugateGradient``.
  case conjugateGradient = "conjugate-gradient"
  /// ``ImplicitHypergradient`` with ``NeumannSeries``.
  case neumann
  /// ``ImplicitHypergradient`` with ``FixedPointIteration``.
  case fixedPoint = "fixed-point"
  /// ``OneStageHypergradient``.
  case oneStage = "one-stage"
  /// ``PessimisticTruncation``.
  case pessimisticTruncation = "pessimistic-truncation"
  /// ``ValueFunctionPenalty`` with a penalty constant.
  case valueFunctionPenalty = "value-function-penalty"
  /// ``ValueFunctionPenalty`` with a dynamic barrier.
  case dynamicBarrier = "dynamic-barrier"

  /// How the estimate relates to the gradient of phi_K or phi.
  public var exactness: String {
    switch self {
    case .reverse, .forward: "exact gradient of F(x, y_K(x))"
    case .truncatedReverse: "gradient through the last H steps"
    case .conjugateGradient, .neumann, .fixedPoint:
      "gradient of F(x, y(x)) up to |y_K - y(x)| and the linear residual"
    case .oneStage: "gradient through one step, by central differences"
    case .pessimisticTruncation: "exact gradient of max over k of F(x, y_k(x))"
    case .valueFunctionPenalty, .dynamicBarrier: "first-order direction in x and y together"
    }
  }

  /// Where the estimator was published.
  public var citation: String {
    switch self {
    case .reverse: "Franceschi, Donini, Frasconi and Pontil, ICML 2017, algorithm 1 (reverse-HG)"
    case .forward: "Franceschi, Donini, Frasconi and Pontil, ICML 2017, algorithm 2 (forward-HG)"
    case .truncatedReverse:
      "Shaban, Cheng, Hatch and Boots, AISTATS 2019 (K-step truncated back-propagation)"
    case .conjugateGradient: "Pedregosa, ICML 2016 (HOAG); Grazzi et al., ICML 2020 (AID-CG)"
    case .neumann: "Lorraine, Vicol and Duvenaud, AISTATS 2020"
    case .fixedPoint: "Grazzi, Franceschi, Pontil and Salzo, ICML 2020 (AID-FP)"
    case .oneStage:
      "arXiv 2102.07976, one-stage approximation; Liu, Simonyan and Yang, ICLR 2019 (DARTS)"
    case .pessimisticTruncation: "Liu, Liu, Zeng and Zhang, NeurIPS 2021 (IAPTT-GM)"
    case .valueFunctionPenalty: "Shen and Chen, ICML 2023 (V-PBGD), algorithm 1"
    case .dynamicBarrier: "Liu, Ye, Wright, Stone and Liu, NeurIPS 2022 (BOME), algorithm 1"
    }
  }

  /// Whether the estimator solves a linear system with a Hessian.
  public var isImplicit: Bool {
    self == .conjugateGradient || self == .neumann || self == .fixedPoint
  }

  /// Whether the estimator moves y together with x.
  public var movesLowerVariable: Bool { self == .valueFunctionPenalty || self == .dynamicBarrier }
}
