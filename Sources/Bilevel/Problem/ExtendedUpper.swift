/// Upper variables with extra components: learned weights, step sizes, starts, or y itself.
///
/// A method may put parameters of its own behind the components of x. The problem's objectives must
/// not see them: the wrappers here pass the leading components on and pad derivatives with zeros.
extension BilevelProblem {
  /// The same problem for upper variables with `count` more components at the end, which it ignores.
  public func ignoringTrailingUpper(_ count: Int) -> BilevelProblem {
    precondition(count >= 0, "\(count) extra components cannot be ignored.")
    guard count > 0 else { return self }
    return BilevelProblem(
      upper: LeadingUpperObjective(base: upper, trailing: count),
      lower: LeadingUpperObjective(base: lower, trailing: count),
      initialLower: LeadingInitialLower(base: initialLower, trailing: count),
      upperFeasibleSet: LeadingFeasibleSet(base: upperFeasibleSet, trailing: count))
  }

  /// The problem with its start y_0 as a part of the upper variable, and the extended x_0.
  ///
  /// The upper variable becomes (x, z) with y_0 = z, started at y_0(x_0): the initialisation
  /// auxiliary of Liu et al., NeurIPS 2021 (IAPTT-GM), section 3.1. z ranges over `set`.
  public func learningInitialization(
    from start: Parameters<Scalar>, within set: any FeasibleSet<Scalar> = WholeSpace<Scalar>()
  ) -> (problem: BilevelProblem, start: Parameters<Scalar>) {
    let lower = initialLower.value(upper: start)
    var extended = ignoringTrailingUpper(lower.tensors.count)
    extended.initialLower = TrailingInitialLower(count: lower.tensors.count)
    extended.upperFeasibleSet = LeadingFeasibleSet(
      base: upperFeasibleSet, trailing: lower.tensors.count, trailingSet: set)
    return (extended, Parameters(start.tensors + lower.tensors))
  }
}

extension BilevelProblem {
  /// Whether y_0 is a part of the upper variable, so that nothing else may set it.
  var startIsPartOfUpper: Bool {
    var start = initialLower
    while let wrapper = start as? LeadingInitialLower<Scalar> { start = wrapper.base }
    return start is TrailingInitialLower<Scalar>
  }
}

extension Parameters {
  /// All components but the last `count`.
  func droppingLast(_ count: Int) -> Parameters { Parameters(Array(tensors.dropLast(count))) }

  /// The last `count` components.
  func last(_ count: Int) -> Parameters { Parameters(Array(tensors.suffix(count))) }

  /// These components followed by zeros in the shapes of the last `count` of `other`.
  func padded(like other: Parameters, _ count: Int) -> Parameters {
    Parameters(tensors + other.tensors.suffix(count).map { .zeros(like: $0) })
  }
}

/// An objective that ignores the last components of x.
struct LeadingUpperObjective<Scalar: TensorScalar>: Objective {
  let base: any Objective<Scalar>
  let trailing: Int

  func fixed(at x: Parameters<Scalar>) -> any Objective<Scalar> {
    LeadingUpperObjective(base: base.fixed(at: x.droppingLast(trailing)), trailing: trailing)
  }

  func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    base.value(upper: x.droppingLast(trailing), lower: y)
  }

  func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    var result = base.gradients(upper: x.droppingLast(trailing), lower: y)
    result.upper = result.upper.padded(like: x, trailing)
    return result
  }

  func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    base.lowerGradient(upper: x.droppingLast(trailing), lower: y)
  }

  func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    Linearization(
      base: base.linearizeLowerGradient(upper: x.droppingLast(trailing), lower: y),
      padding: x.last(trailing))
  }

  func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    var result = base.lowerGradientPullback(upper: x.droppingLast(trailing), lower: y, v)
    result.upper = result.upper.padded(like: x, trailing)
    return result
  }

  private struct Linearization: LowerGradientLinearization {
    let base: any LowerGradientLinearization<Scalar>
    let padding: Parameters<Scalar>

    var lowerGradient: Parameters<Scalar> { base.lowerGradient }
    var bytes: Int { base.bytes }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      var result = base.pullback(v)
      result.upper = result.upper.padded(like: padding, padding.tensors.count)
      return result
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
      base.hessianVectorProduct(v)
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      base.pushforward(upper: dx?.droppingLast(padding.tensors.count), lower: dy)
    }
  }
}

/// A start that ignores the last components of x.
struct LeadingInitialLower<Scalar: TensorScalar>: InitialLower {
  let base: any InitialLower<Scalar>
  let trailing: Int

  func value(upper x: Parameters<Scalar>) -> Parameters<Scalar> {
    base.value(upper: x.droppingLast(trailing))
  }

  func pullback(upper x: Parameters<Scalar>, _ v: Parameters<Scalar>) -> Parameters<Scalar>? {
    base.pullback(upper: x.droppingLast(trailing), v)?.padded(like: x, trailing)
  }

  func pushforward(
    upper x: Parameters<Scalar>, _ dx: Parameters<Scalar>
  ) -> Parameters<Scalar>? {
    base.pushforward(upper: x.droppingLast(trailing), dx.droppingLast(trailing))
  }
}

/// The start y_0 = the last components of x.
public struct TrailingInitialLower<Scalar: TensorScalar>: InitialLower {
  /// The number of components of y.
  public let count: Int

  /// The start given by the last `count` components of x.
  public init(count: Int) { self.count = count }

  /// The last components of x.
  public func value(upper x: Parameters<Scalar>) -> Parameters<Scalar> { x.last(count) }

  /// v behind zeros.
  public func pullback(
    upper x: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> Parameters<Scalar>? {
    Parameters(x.tensors.dropLast(count).map { .zeros(like: $0) } + v.tensors)
  }

  /// The last components of dx.
  public func pushforward(
    upper x: Parameters<Scalar>, _ dx: Parameters<Scalar>
  ) -> Parameters<Scalar>? { dx.last(count) }
}

/// The product of a set for the leading components with one for the last `trailing` ones.
struct LeadingFeasibleSet<Scalar: TensorScalar>: FeasibleSet {
  let base: any FeasibleSet<Scalar>
  let trailing: Int
  var trailingSet: any FeasibleSet<Scalar> = WholeSpace<Scalar>()

  func project(_ point: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(
      base.project(point.droppingLast(trailing)).tensors
        + trailingSet.project(point.last(trailing)).tensors)
  }
}
