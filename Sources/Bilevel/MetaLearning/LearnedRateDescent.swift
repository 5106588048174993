/// Gradient descent with step sizes that are part of the upper variable: y_k = y_{k-1} - a o f_y.
///
/// The inner loop of Meta-SGD (Li, Zhou, Chen and Li, arXiv 1707.09835): the trailing components of x
/// are the rates a, one per scalar of y as in the article, or one number for all as in the official
/// code of BDA and BOML. They must be the last components of x, in the order of y's.
public struct LearnedRateDescent<Scalar: TensorScalar>: InnerDynamics {
  /// Whether there is one rate for all scalars, a component of shape `[]`.
  public let sharesOneRate: Bool

  /// Descent with learned rates.
  public init(sharesOneRate: Bool) { self.sharesOneRate = sharesOneRate }

  /// The rates within x.
  private func rates(_ x: Parameters<Scalar>, _ y: Parameters<Scalar>) -> [Tensor<Scalar>] {
    let components = sharesOneRate ? 1 : y.tensors.count
    precondition(
      x.tensors.count >= components, "No \(components) rates among \(x.tensors.count) components.")
    return Array(x.tensors.suffix(components))
  }

  /// a o v.
  private func scaled(_ v: Parameters<Scalar>, _ rates: [Tensor<Scalar>]) -> Parameters<Scalar> {
    sharesOneRate
      ? v.scaled(by: rates[0].scalar)
      : Parameters(zip(v.tensors, rates).map { $0.multiplying($1) })
  }

  /// y - a o f_y.
  public func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let slope = problem.lower.lowerGradient(upper: x, lower: state)
    return state.adding(scaled(slope, rates(x, state)), scaledBy: -1)
  }

  /// The step and its Jacobians A = I - a o f_yy, B = -a o f_yx, and -f_y for the rates.
  public func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let gradient = problem.lower.linearizeLowerGradient(upper: x, lower: state)
    let rates = rates(x, state)
    return Linearization(
      dynamics: self, rates: rates, gradient: gradient,
      next: state.adding(scaled(gradient.lowerGradient, rates), scaledBy: -1))
  }

  private struct Linearization: StepLinearization {
    let dynamics: LearnedRateDescent
    let rates: [Tensor<Scalar>]
    let gradient: any LowerGradientLinearization<Scalar>
    let next: Parameters<Scalar>

    var bytes: Int { next.bytes + gradient.bytes }

    func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
      let products = gradient.pullback(dynamics.scaled(p, rates))
      var upper = products.upper.scaled(by: -1)
      let slope = gradient.lowerGradient
      let first = upper.tensors.count - rates.count
      if dynamics.sharesOneRate {
        upper.tensors[first].add(Tensor(slope.dot(p)), scaledBy: -1)
      } else {
        for (index, pair) in zip(slope.tensors, p.tensors).enumerated() {
          upper.tensors[first + index].add(pair.0.multiplying(pair.1), scaledBy: -1)
        }
      }
      return StepProducts(state: p.adding(products.lower, scaledBy: -1), upper: upper)
    }

    func pushforward(
      state: Parameters<Scalar>?, upper: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      var result = state ?? .zeros(like: next)
      result.add(
        dynamics.scaled(gradient.pushforward(upper: upper, lower: state), rates), scaledBy: -1)
      if let upper {
        let changes = Array(upper.tensors.suffix(rates.count))
        result.add(dynamics.scaled(gradient.lowerGradient, changes), scaledBy: -1)
      }
      return result
    }
  }
}

/// Descent with learned rates in the catalogue.
public struct NamedLearnedRateDescent: NamedDynamics {
  /// The entry.
  public init() {}
  /// `learned-rate-descent`.
  public var name: String { "learned-rate-descent" }
  /// The step.
  public var formula: String { "y - a o f_y, rates a part of x" }
  /// Meta-SGD.
  public var citation: String { "Li, Zhou, Chen and Li, arXiv 1707.09835 (Meta-SGD)" }
  /// Whether there is one rate.
  public var settings: [String] { ["inner.sharesOneRate"] }

  /// Refused by implicit estimators: they would never learn the rates.
  public func refusal(of need: DynamicsNeed) -> String? {
    switch need {
    case .stationaryLimit:
      "Implicit hypergradients do not see the steps that were taken, so learned-rate-descent would "
        + "never learn its rates: use reverse, truncated-reverse or forward."
    case .plainStep: plainStepRefusal
    case .lowerMinimum:
      "Value-function methods have no derivative by the steps that were taken, so "
        + "learned-rate-descent would never learn its rates: use gradient-descent or heavy-ball."
    }
  }

  /// ``LearnedRateDescent``.
  public func dynamics<Scalar: TensorScalar>(
    _ settings: MethodSettings, as type: Scalar.Type
  ) throws(MethodError) -> any InnerDynamics<Scalar> {
    LearnedRateDescent<Scalar>(sharesOneRate: settings.inner.sharesOneRate)
  }

  /// The problem that ignores the rates, and x_0 with every rate at s_l.
  public func prepare<Scalar: TensorScalar>(
    _ problem: BilevelProblem<Scalar>, from start: Parameters<Scalar>, _ settings: MethodSettings
  ) throws(MethodError) -> (problem: BilevelProblem<Scalar>, start: Parameters<Scalar>) {
    let rate: Scalar = try settings.checkedLowerStepSize()
    let lower = problem.initialLower.value(upper: start)
    let rates =
      settings.inner.sharesOneRate
      ? [Tensor(rate)] : lower.tensors.map { Tensor(repeating: rate, shape: $0.shape) }
    return (
      problem.ignoringTrailingUpper(rates.count), Parameters(start.tensors + rates)
    )
  }
}
