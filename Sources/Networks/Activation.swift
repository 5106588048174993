/// The elementwise function between two layers.
public enum Activation: String, Sendable, CaseIterable, Codable {
  /// max(0, z).
  case rectifier
  /// 1 / (1 + exp(-z)).
  case sigmoid
  /// tanh z.
  case hyperbolicTangent = "hyperbolic-tangent"
  /// z itself: two layers then compose to one linear map of bounded rank.
  case identity

  /// The activation of each element.
  public func callAsFunction<Scalar>(_ z: Variable<Scalar>) -> Variable<Scalar> {
    switch self {
    case .rectifier: z.rectified()
    case .sigmoid: z.sigmoid()
    case .hyperbolicTangent: z.hyperbolicTangent()
    case .identity: z
    }
  }
}
