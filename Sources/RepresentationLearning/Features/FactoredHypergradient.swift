import Bilevel
import Experiments

/// Any estimator, applied to features instead of the upper variable: x -> Phi(x) once, the estimate
/// with respect to Phi, and one pullback of its cotangent through the extractor.
///
///     g_x = (dPhi/dx)' g_Phi
///
/// Equal, up to rounding, to the same estimator on x wherever its result is linear in the partial
/// derivatives with respect to x, because F and f depend on x through Phi alone. That holds for
/// every estimator whose ``NamedEstimator/factors`` says so. The extractor then costs one evaluation and
/// one reverse sweep per outer iteration instead of one of each per inner step.
///
/// The upper variable may carry trailing components of a method's own (learned starts or weights):
/// they pass through as they are.
package struct FactoredHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  /// The estimator that works on features.
  package let base: any HypergradientEstimator<Scalar>
  /// Phi.
  package let map: any FeatureMap<Scalar>
  /// The problem on features, with the trailing components that the method appends.
  package let headProblem: BilevelProblem<Scalar>
  /// The number of leading components of the upper variable that Phi takes.
  package let leadingCount: Int

  /// The estimator on features of a problem given on features.
  package init(
    _ base: any HypergradientEstimator<Scalar>, map: any FeatureMap<Scalar>,
    headProblem: BilevelProblem<Scalar>, leadingCount: Int
  ) {
    self.base = base
    self.map = map
    self.headProblem = headProblem
    self.leadingCount = leadingCount
  }

  /// The estimate, given the base's memory.
  package func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let recorded = map.record(at: Parameters(Array(x.tensors.prefix(leadingCount))))
    var result = base.estimate(
      onFeatures(problem), dynamics: dynamics,
      upper: extended(recorded.features, like: x), innerSteps: innerSteps, outerIteration: n,
      memory: memory)
    let count = recorded.features.tensors.count
    let pulled = recorded.pullback(
      Parameters(Array(result.hypergradient.tensors.prefix(count))))
    result.hypergradient = Parameters(
      pulled.tensors + result.hypergradient.tensors.dropFirst(count))
    return result
  }

  /// The problem on features with the start that the loop is using.
  package func onFeatures(_ problem: BilevelProblem<Scalar>) -> BilevelProblem<Scalar> {
    var result = headProblem
    // Warm and redrawn starts replace the problem's own: constants, the same on either level.
    if problem.initialLower is ConstantInitialLower<Scalar> {
      result.initialLower = problem.initialLower
    }
    return result
  }

  /// The upper variable on features: Phi(x), then the trailing components of x.
  package func upperOnFeatures(_ x: Parameters<Scalar>) -> Parameters<Scalar> {
    extended(map.features(of: Parameters(Array(x.tensors.prefix(leadingCount)))), like: x)
  }

  private func extended(
    _ features: Parameters<Scalar>, like x: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(features.tensors + x.tensors.dropFirst(leadingCount))
  }
}
