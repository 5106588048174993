import Bilevel
import Experiments

/// Dynamics that descend another lower objective than the problem's.
///
/// For reproducing programs whose inner solver and hypergradient disagree on f: the loop runs on
/// `lower`, and what an implicit estimator linearises is the problem's own.
package struct LowerSubstitution<Scalar: TensorScalar>: InnerDynamics {
  /// The dynamics.
  package let base: any InnerDynamics<Scalar>
  /// The objective that they descend.
  package let lower: any Objective<Scalar>

  /// The dynamics on another lower objective.
  package init(_ base: any InnerDynamics<Scalar>, descending lower: any Objective<Scalar>) {
    self.base = base
    self.lower = lower
  }

  private func substituted(_ problem: BilevelProblem<Scalar>) -> BilevelProblem<Scalar> {
    var result = problem
    result.lower = lower
    return result
  }

  /// The base's step on the other objective.
  package func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    base.step(index, from: state, upper: x, of: substituted(problem))
  }

  /// The base's linearisation on the other objective.
  package func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar> {
    base.linearizeStep(index, from: state, upper: x, of: substituted(problem))
  }

  /// The base's sweep on the other objective.
  package func sweepBack(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: inout Parameters<Scalar>,
    addingTo upper: inout Parameters<Scalar>
  ) {
    base.sweepBack(
      index, from: state, upper: x, of: substituted(problem), &p, addingTo: &upper)
  }

  /// The base's state.
  package var layout: StateLayout { base.layout }
}
