import Bilevel

/// Dynamics that descend another lower objective than the problem's.
///
/// For reproducing programs whose inner solver and hypergradient disagree on f: the loop runs on
/// `lower`, and what an implicit estimator linearises is the problem's own.
public struct LowerSubstitution<Scalar: TensorScalar>: InnerDynamics {
  /// The dynamics.
  public let base: any InnerDynamics<Scalar>
  /// The objective that they descend.
  public let lower: any Objective<Scalar>

  /// The dynamics on another lower objective.
  public init(_ base: any InnerDynamics<Scalar>, descending lower: any Objective<Scalar>) {
    self.base = base
    self.lower = lower
  }

  private func substituted(_ problem: BilevelProblem<Scalar>) -> BilevelProblem<Scalar> {
    var result = problem
    result.lower = lower
    return result
  }

  /// The base's step on the other objective.
  public func step(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    base.step(k, from: state, upper: x, of: substituted(problem))
  }

  /// The base's linearisation on the other objective.
  public func linearizeStep(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    base.linearizeStep(k, from: state, upper: x, of: substituted(problem))
  }

  /// The base's pullback on the other objective.
  public func stepPullback(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: Parameters<Scalar>
  ) -> StepProducts<Scalar> {
    base.stepPullback(k, from: state, upper: x, of: substituted(problem), p)
  }

  /// The base's state.
  public func initialState(from lower: Parameters<Scalar>) -> Parameters<Scalar> {
    base.initialState(from: lower)
  }

  /// The base's transpose.
  public func initialStatePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    base.initialStatePullback(p)
  }

  /// The base's lower variable.
  public func lowerVariable(of state: Parameters<Scalar>) -> Parameters<Scalar> {
    base.lowerVariable(of: state)
  }

  /// The base's transpose.
  public func lowerVariablePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    base.lowerVariablePullback(p)
  }

  /// The base's replacement.
  public func replacingLowerVariable(
    of state: Parameters<Scalar>, with lower: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    base.replacingLowerVariable(of: state, with: lower)
  }

  /// The base's dynamics in outer iteration n, on the other objective.
  public func atOuterIteration(_ n: Int) -> any InnerDynamics<Scalar> {
    LowerSubstitution(base.atOuterIteration(n), descending: lower)
  }
}
