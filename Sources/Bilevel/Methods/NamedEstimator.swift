/// A hypergradient estimator as the catalogue lists it: a name, where it comes from, what it needs,
/// which settings it reads, and how it is built.
public protocol NamedEstimator: Sendable {
  /// The name in `--hypergradient`, in configurations and in records.
  var name: String { get }
  /// How the estimate relates to the gradient of phi_K or phi.
  var exactness: String { get }
  /// Where the estimator was published.
  var citation: String { get }
  /// The keys of ``MethodSettings`` that it reads.
  var settings: [String] { get }
  /// What it needs of the inner dynamics.
  var needs: [DynamicsNeed] { get }
  /// Whether the sweep reaches y_0(x), so that a learned start moves.
  var reachesStart: Bool { get }
  /// Whether it sees x through y_0(x) alone, so that it is of no use where y_0 does not depend on x.
  var seesStartOnly: Bool { get }
  /// Whether it is right where the inner loop is projected onto Y.
  var admitsLowerSet: Bool { get }
  /// Whether it differentiates the problem's own f, as implicit, one-stage and value-function estimators do;
  /// those that differentiate the inner loop, or look at its ends alone, know the f that its steps descend.
  var differentiatesLowerObjective: Bool { get }
  /// Whether it moves y together with x.
  var movesLowerVariable: Bool { get }
  /// Whether it is linear in the derivatives with respect to x, and its cost does not grow with the
  /// size of x: then it may be applied to features of x and pulled back.
  var factors: Bool { get }

  /// The estimator for settings and K inner steps of the given dynamics.
  func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar>
}

extension NamedEstimator {
  /// None.
  public var settings: [String] { [] }
  /// Nothing.
  public var needs: [DynamicsNeed] { [] }
  /// True.
  public var reachesStart: Bool { true }
  /// False.
  public var seesStartOnly: Bool { false }
  /// True.
  public var admitsLowerSet: Bool { true }
  /// True.
  public var differentiatesLowerObjective: Bool { true }
  /// False.
  public var movesLowerVariable: Bool { false }
  /// True.
  public var factors: Bool { true }
}
