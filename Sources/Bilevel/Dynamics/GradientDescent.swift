/// Gradient descent on the lower objective: y_k = y_{k-1} - s f_y(x, y_{k-1}).
///
/// The inner dynamics of RHG, FHG and T-RHG (Franceschi et al. 2017, section 3).
public struct GradientDescent<Scalar: TensorScalar>: DescentDynamics {
  /// s, the inner step size (s_l in the paper).
  public let stepSize: Scalar

  /// Gradient descent with the given step size.
  public init(stepSize: Scalar) { self.stepSize = stepSize }

  /// (0, s) for every step.
  public func weights(ofStep index: StepIndex) -> DescentWeights<Scalar> {
    DescentWeights(upper: 0, lower: stepSize)
  }

  /// The same for all.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func weights(
    ofSteps steps: ClosedRange<Int>, outerIteration n: Int
  ) -> [DescentWeights<Scalar>] {
    Array(repeating: DescentWeights(upper: 0, lower: stepSize), count: steps.count)
  }
}

/// Gradient descent in the catalogue.
public struct NamedGradientDescent: NamedDynamics {
  /// The entry.
  public init() {}
  /// `gradient-descent`.
  public var name: String { "gradient-descent" }
  /// The step.
  public var formula: String { "y - s_l f_y" }
  /// Franceschi et al. 2017.
  public var citation: String {
    "Franceschi, Donini, Frasconi and Pontil, ICML 2017, section 3"
  }

  /// nil: any estimator goes with it.
  public func refusal(of need: DynamicsNeed) -> String? { nil }

  /// ``GradientDescent`` with step size s_l.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    GradientDescent<Scalar>(stepSize: try settings.checkedLowerStepSize())
  }
}
