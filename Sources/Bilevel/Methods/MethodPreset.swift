/// A method of the field by its name: a product of one dynamics and one hypergradient estimator.
public enum MethodPreset: String, Sendable, CaseIterable, Codable {
  /// Gradient descent differentiated in reverse.
  case rhg
  /// The same with a bounded history.
  case truncatedRHG = "t-rhg"
  /// Gradient descent differentiated forward.
  case fhg
  /// Gradient descent with an implicit hypergradient by conjugate gradients.
  case conjugateGradient = "cg"
  /// Gradient descent with an implicit hypergradient by a Neumann series.
  case neumann
  /// Gradient descent with an implicit hypergradient by fixed-point iteration.
  case fixedPoint = "fixed-point"
  /// Gradient descent with a one-stage hypergradient.
  case oneStage = "one-stage"
  /// Heavy ball differentiated in reverse.
  case heavyBallRHG = "heavy-ball-rhg"
  /// Descent aggregation differentiated in reverse.
  case bda
  /// The same with a bounded history.
  case truncatedBDA = "t-bda"
  /// Descent aggregation differentiated forward.
  case forwardBDA = "f-bda"
  /// Descent aggregation with a one-stage hypergradient.
  case oneStageBDA = "one-stage-bda"
  /// Descent aggregation with an implicit hypergradient of the aggregated objective.
  case bdaConjugateGradient = "bda-cg"
  /// The same by a Neumann series.
  case bdaNeumann = "bda-neumann"
  /// Descent aggregation with learned weights, differentiated in reverse.
  case learnedBDA = "learned-bda"
  /// Gradient descent with a learned start and a pessimistically truncated trajectory.
  case iaptt
  /// The value-function penalty method.
  case valueFunctionPenalty = "v-pbgd"
  /// The dynamic-barrier method.
  case bome

  /// The name that the literature uses.
  public var displayName: String {
    switch self {
    case .rhg: "RHG"
    case .truncatedRHG: "T-RHG"
    case .fhg: "FHG"
    case .conjugateGradient: "CG"
    case .neumann: "Neumann"
    case .fixedPoint: "Fixed point"
    case .oneStage: "One-stage RHG"
    case .heavyBallRHG: "Heavy-ball RHG"
    case .bda: "BDA"
    case .truncatedBDA: "T-BDA"
    case .forwardBDA: "Forward BDA"
    case .oneStageBDA: "One-stage BDA"
    case .bdaConjugateGradient: "BDA-CG"
    case .bdaNeumann: "BDA-Neumann"
    case .learnedBDA: "Learned BDA"
    case .iaptt: "IAPTT-GM"
    case .valueFunctionPenalty: "V-PBGD"
    case .bome: "BOME"
    }
  }

  /// The inner dynamics of the method.
  public var dynamics: DynamicsKind {
    switch self {
    case .rhg, .truncatedRHG, .fhg, .conjugateGradient, .neumann, .fixedPoint, .oneStage, .iaptt,
      .valueFunctionPenalty, .bome:
      .gradientDescent
    case .heavyBallRHG: .heavyBall
    case .bda, .truncatedBDA, .forwardBDA, .oneStageBDA, .bdaConjugateGradient, .bdaNeumann:
      .descentAggregation
    case .learnedBDA: .learnedAggregation
    }
  }

  /// The hypergradient estimator of the method.
  public var hypergradient: HypergradientKind {
    switch self {
    case .rhg, .bda, .heavyBallRHG, .learnedBDA: .reverse
    case .truncatedRHG, .truncatedBDA: .truncatedReverse
    case .fhg, .forwardBDA: .forward
    case .conjugateGradient, .bdaConjugateGradient: .conjugateGradient
    case .neumann, .bdaNeumann: .neumann
    case .fixedPoint: .fixedPoint
    case .oneStage, .oneStageBDA: .oneStage
    case .iaptt: .pessimisticTruncation
    case .valueFunctionPenalty: .valueFunctionPenalty
    case .bome: .dynamicBarrier
    }
  }

  /// Whether the start of the inner loop is a part of the upper variable.
  public var learnsInitialization: Bool { self == .iaptt }

  /// Where the method was published.
  public var citation: String {
    switch self {
    case .bdaConjugateGradient, .bdaNeumann:
      "vis-opt-group/sl-BAMM merely_convex/strategy3.py (BAMM_CG --BDA); "
        + hypergradient.citation
    case .rhg, .truncatedRHG, .fhg, .conjugateGradient, .neumann, .fixedPoint, .oneStage, .iaptt,
      .valueFunctionPenalty, .bome:
      hypergradient.citation
    case .oneStageBDA: hypergradient.citation
    case .heavyBallRHG: dynamics.citation + "; " + hypergradient.citation
    case .bda, .learnedBDA: dynamics.citation
    case .truncatedBDA, .forwardBDA: dynamics.citation + "; " + hypergradient.citation
    }
  }
}
