/// Proximal gradient on f + r: y_k = prox of l_k r at D_k(x, y_{k-1}), l_k the step size on f.
///
/// For lower levels with a term that has no gradient: the problem's lower objective is the smooth
/// part f, r is given here. With r = lambda |.|_1 the map is soft thresholding by lambda l_k (ISTA;
/// Beck and Teboulle 2009); with r the indicator of a box it is the projection onto it. Its
/// derivative is 0 or 1 in each coordinate (0 on the kinks), and hypergradients differentiate through
/// it as in Bertrand et al., ICML 2020.
public struct ProximalGradient<Scalar: TensorScalar>: MappedDynamics {
  /// r.
  public enum Penalty: Sendable, Equatable {
    /// lambda times the sum of absolute values.
    case l1(weight: Scalar)
    /// 0 within the bounds, infinite outside.
    case box(lower: Scalar, upper: Scalar)
  }

  /// D.
  public let descent: any DescentDynamics<Scalar>
  /// r.
  public let penalty: Penalty

  /// Proximal steps on top of the given descent step.
  public init(_ descent: any DescentDynamics<Scalar>, penalty: Penalty) {
    switch penalty {
    case .l1(let weight):
      precondition(weight >= 0, "The weight of a penalty is \(weight), which is negative.")
    case .box(let lower, let upper):
      precondition(lower <= upper, "A box from \(lower) to \(upper) is empty.")
    }
    self.descent = descent
    self.penalty = penalty
  }

  /// Proximal gradient with step size s.
  public init(stepSize: Scalar, penalty: Penalty) {
    self.init(GradientDescent(stepSize: stepSize), penalty: penalty)
  }

  /// D, as any dynamics.
  public var base: any InnerDynamics<Scalar> { descent }

  /// The proximal map in step k.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func map(_ y: Parameters<Scalar>, step index: StepIndex) -> Parameters<Scalar> {
    switch penalty {
    case .l1(let weight):
      let threshold = weight * descent.weights(ofStep: index).lower
      // Written so that a NaN stays one.
      return Parameters(
        y.tensors.map { $0.map { abs($0) <= threshold ? 0 : $0 - ($0 < 0 ? -1 : 1) * threshold } })
    case .box(let lower, let upper):
      return Box(lower: lower, upper: upper).project(y)
    }
  }

  /// The derivative of the proximal map times v.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mapProduct(
    at y: Parameters<Scalar>, step index: StepIndex, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    switch penalty {
    case .l1(let weight):
      let threshold = weight * descent.weights(ofStep: index).lower
      return Parameters(
        zip(y.tensors, v.tensors).map { y, v in
          y.combined(with: v) { abs($0) <= threshold ? 0 : $1 }
        })
    case .box(let lower, let upper):
      return Box(lower: lower, upper: upper).projectionProduct(at: y, v)
    }
  }
}

/// Proximal gradient in the catalogue.
public struct NamedProximalGradient: NamedDynamics {
  /// The entry.
  public init() {}
  /// `proximal-gradient`.
  public var name: String { "proximal-gradient" }
  /// The step.
  public var formula: String { "prox of s_l r at y - s_l f_y" }
  /// Beck and Teboulle 2009.
  public var citation: String {
    "Beck and Teboulle, SIAM Journal on Imaging Sciences 2(1), 2009 (ISTA)"
  }
  /// True: r.
  public var hasTermBesideLowerObjective: Bool { true }
  /// The penalty and its size.
  public var settings: [String] { ["proximal.penalty", "proximal.size"] }

  /// Refused by everything that differentiates or compares f alone.
  public func refusal(of need: DynamicsNeed) -> String? {
    switch need {
    case .stationaryLimit:
      "Implicit hypergradients differentiate f_y = 0, which the limit of proximal-gradient does not "
        + "satisfy: use reverse, truncated-reverse or forward."
    case .plainStep: plainStepRefusal
    case .lowerMinimum:
      "Value-function methods compare values of f, which leave out the penalty of "
        + "proximal-gradient: use gradient-descent or heavy-ball."
    }
  }

  /// ``ProximalGradient`` with step size s_l.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    let size: Scalar = try positive(settings.proximal.size, "size of the penalty", as: type)
    let penalty: ProximalGradient<Scalar>.Penalty =
      switch settings.proximal.penalty {
      case .l1: .l1(weight: size)
      case .box: .box(lower: -size, upper: size)
      }
    return ProximalGradient(stepSize: try settings.checkedLowerStepSize(), penalty: penalty)
  }
}
