import Bilevel
import Experiments

/// Other dynamics with a learned rate in place of their step size: the last component of x is a rate r,
///
///     y_k = y_{k-1} + r / s (T_k(x, y_{k-1}) - y_{k-1}),
///
/// where T takes steps of size s. For descent that is descent with rate r, and for descent aggregation
/// both directions are scaled, as in the official code's option `learn_lr` and FAR-HO's default.
///
/// T sees x without the rate, and its state must be y alone.
package struct RateScaledDynamics<Scalar: TensorScalar>: InnerDynamics {
  /// T.
  package let base: any InnerDynamics<Scalar>
  /// s.
  package let stepSize: Scalar

  /// Dynamics whose steps of size `stepSize` are scaled to the learned rate.
  package init(_ base: any InnerDynamics<Scalar>, stepSize: Scalar) {
    precondition(stepSize > 0, "A step of size \(stepSize) cannot be scaled.")
    precondition(
      base.layout == .current, "Dynamics with a memory have no step that a rate could scale.")
    self.base = base
    self.stepSize = stepSize
  }

  /// y moved by r / s times the base's move.
  package func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    let next = base.step(index, from: state, upper: Self.withoutRate(x), of: problem)
    return moved(state, next, x)
  }

  /// The base's linearisation, scaled, with the derivative by the rate.
  package func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    let step = base.linearizeStep(index, from: state, upper: Self.withoutRate(x), of: problem)
    return Linearization(
      base: step, next: moved(state, step.next, x),
      move: step.next.adding(state, scaledBy: -1).scaled(by: 1 / stepSize),
      share: Self.rate(in: x) / stepSize)
  }

  /// r.
  package static func rate(in x: Parameters<Scalar>) -> Scalar {
    precondition(
      x.tensors.last?.count == 1, "The last component of x is no rate: \(x.shapes).")
    return x.tensors[x.tensors.count - 1].scalars[0]
  }

  private static func withoutRate(_ x: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(Array(x.tensors.dropLast()))
  }

  private func moved(
    _ state: Parameters<Scalar>, _ next: Parameters<Scalar>, _ x: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    state.adding(
      next.adding(state, scaledBy: -1), scaledBy: Self.rate(in: x) / stepSize)
  }

  private struct Linearization: StepLinearization {
    let base: any StepLinearization<Scalar>
    let next: Parameters<Scalar>
    /// (T(y) - y) / s, the derivative of the step by the rate.
    let move: Parameters<Scalar>
    /// r / s.
    let share: Scalar

    var bytes: Int { base.bytes + next.bytes + move.bytes }

    func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar> {
      var products = base.pullback(p.scaled(by: share))
      products.state.add(p, scaledBy: 1 - share)
      products.upper = Parameters(products.upper.tensors + [Tensor(move.dot(p))])
      return products
    }

    func pushforward(
      state: Parameters<Scalar>?, upper: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      var tangent = base.pushforward(
        state: state, upper: upper.map { RateScaledDynamics.withoutRate($0) }
      ).scaled(by: share)
      if let state { tangent.add(state, scaledBy: 1 - share) }
      if let upper { tangent.add(move, scaledBy: RateScaledDynamics.rate(in: upper)) }
      return tangent
    }
  }
}
