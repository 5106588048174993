/// The factors (u, l) of the two gradients in a step that forgets k, in each outer iteration n: what
/// implicit and one-stage estimators differentiate.
///
/// Where a schedule's weights are the same in all steps of an inner loop, they are those of the loop; an
/// inner loop then ends at a stationary point of u F + l f. Where they decay in k, they are alpha and
/// 1 - alpha, without the decay.
public struct SteadyWeights<Scalar: TensorScalar>: Sendable, Equatable {
  private enum Rule: Sendable, Equatable {
    case constant(DescentWeights<Scalar>)
    case scheduled(AggregationSchedule, upperStepSize: Double, lowerStepSize: Double)
  }

  private let rule: Rule
  private var unit: Scalar?

  /// The same factors in every outer iteration.
  public init(_ weights: DescentWeights<Scalar>) { rule = .constant(weights) }

  /// Those of aggregated descent: (a s_u, b s_l).
  public init(_ schedule: AggregationSchedule, upperStepSize: Double, lowerStepSize: Double) {
    rule = .scheduled(schedule, upperStepSize: upperStepSize, lowerStepSize: lowerStepSize)
  }

  /// The same factors as multiples of a step size.
  public func inUnits(of stepSize: Scalar) -> SteadyWeights {
    var result = self
    result.unit = stepSize
    return result
  }

  /// (u, l) in outer iteration n = 0, 1, ...
  public func weights(outerIteration n: Int) -> DescentWeights<Scalar> {
    var weights: DescentWeights<Scalar>
    switch rule {
    case .constant(let constant): weights = constant
    case .scheduled(let schedule, let upperStepSize, let lowerStepSize):
      let (a, b) = schedule.steadyWeights(outerIteration: n)
      weights = DescentWeights(
        upper: Scalar(a * upperStepSize), lower: Scalar(b * lowerStepSize))
    }
    if let unit {
      weights.upper /= unit
      weights.lower /= unit
    }
    return weights
  }
}

extension AggregationSchedule {
  /// (a, b) of every step of outer iteration n where they do not depend on k, else (alpha, 1 - alpha).
  public func steadyWeights(outerIteration n: Int) -> (upper: Double, lower: Double) {
    rule.isConstantWithinLoop
      ? weights(step: 1, outerIteration: n) : (alpha, 1 - alpha)
  }
}
