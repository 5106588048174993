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
  public func map(_ y: Parameters<Scalar>, step k: Int) -> Parameters<Scalar> {
    switch penalty {
    case .l1(let weight):
      let threshold = weight * descent.weights(ofStep: k).lower
      // Written so that a NaN stays one.
      return Parameters(
        y.tensors.map { $0.map { abs($0) <= threshold ? 0 : $0 - ($0 < 0 ? -1 : 1) * threshold } })
    case .box(let lower, let upper):
      return Box(lower: lower, upper: upper).project(y)
    }
  }

  /// The derivative of the proximal map times v.
  public func mapProduct(
    at y: Parameters<Scalar>, step k: Int, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    switch penalty {
    case .l1(let weight):
      let threshold = weight * descent.weights(ofStep: k).lower
      return Parameters(
        zip(y.tensors, v.tensors).map { y, v in
          y.combined(with: v) { abs($0) <= threshold ? 0 : $1 }
        })
    case .box(let lower, let upper):
      return Box(lower: lower, upper: upper).projectionProduct(at: y, v)
    }
  }

  /// Proximal steps on the descent step of outer iteration n.
  public func atOuterIteration(_ n: Int) -> any InnerDynamics<Scalar> {
    guard let next = descent.atOuterIteration(n) as? any DescentDynamics<Scalar> else {
      return self
    }
    return ProximalGradient(next, penalty: penalty)
  }
}
