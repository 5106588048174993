/// The inner dynamics that can be named.
public enum DynamicsKind: String, Sendable, CaseIterable, Codable {
  /// ``GradientDescent``.
  case gradientDescent = "gradient-descent"
  /// ``DescentAggregation``.
  case descentAggregation = "descent-aggregation"
  /// ``HeavyBall`` on gradient descent.
  case heavyBall = "heavy-ball"
  /// ``HeavyBall`` on descent aggregation.
  case heavyBallAggregation = "heavy-ball-aggregation"
  /// ``ProximalGradient``.
  case proximalGradient = "proximal-gradient"
  /// ``LearnedAggregation``.
  case learnedAggregation = "learned-aggregation"

  /// Whether the inner step uses the upper objective.
  public var aggregates: Bool {
    switch self {
    case .descentAggregation, .heavyBallAggregation, .learnedAggregation: true
    case .gradientDescent, .heavyBall, .proximalGradient: false
    }
  }

  /// The step as a formula.
  public var formula: String {
    switch self {
    case .gradientDescent: "y - s_l f_y"
    case .descentAggregation: "y - (a_k s_u F_y + b_k s_l f_y)"
    case .heavyBall: "y - s_l f_y + beta (y - previous y)"
    case .heavyBallAggregation: "y - (a_k s_u F_y + b_k s_l f_y) + beta (y - previous y)"
    case .proximalGradient: "prox of s_l r at y - s_l f_y"
    case .learnedAggregation: "y - (a_k s_u F_y + b_k s_l f_y), weights (and steps) part of x"
    }
  }

  /// Where the dynamics were published.
  public var citation: String {
    switch self {
    case .gradientDescent: "Franceschi, Donini, Frasconi and Pontil, ICML 2017, section 3"
    case .descentAggregation, .heavyBallAggregation:
      "Liu, Mu, Yuan, Zeng and Zhang, ICML 2020 (arXiv 2006.04045); TPAMI 2022 (arXiv 2102.07976)"
        + (self == .heavyBallAggregation ? "; momentum after Polyak, 1964" : "")
    case .heavyBall: "Polyak, USSR Computational Mathematics and Mathematical Physics 4(5), 1964"
    case .proximalGradient: "Beck and Teboulle, SIAM Journal on Imaging Sciences 2(1), 2009 (ISTA)"
    case .learnedAggregation:
      "vis-opt-group/BDA boml/boml_optimizer/optimizer.py (learn_alpha, learn_alpha_itr, learn_st)"
    }
  }
}
