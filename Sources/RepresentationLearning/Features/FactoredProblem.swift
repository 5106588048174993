import Bilevel
import Experiments

/// A bi-level problem whose levels see the upper variable through features alone, in both forms: on
/// features, where inner loops run, and on the upper variable, where any method can be applied.
package struct FactoredProblem<Scalar: TensorScalar>: Sendable {
  /// Phi.
  package let map: any FeatureMap<Scalar>
  /// F and f as functions of features and head, and y_0.
  package let headProblem: BilevelProblem<Scalar>
  /// x_0.
  package let start: Parameters<Scalar>
  /// The f that inner loops descend, where it is not the problem's own (see ``LowerSubstitution``).
  package let descended: (any Objective<Scalar>)?

  /// A problem given on features. The start y_0 must not depend on x.
  package init(
    map: any FeatureMap<Scalar>, headProblem: BilevelProblem<Scalar>, start: Parameters<Scalar>,
    descended: (any Objective<Scalar>)? = nil
  ) {
    self.map = map
    self.headProblem = headProblem
    self.start = start
    self.descended = descended
  }

  /// The problem on the upper variable.
  package var bilevel: BilevelProblem<Scalar> {
    BilevelProblem(
      upper: FeatureObjective(map: map, base: headProblem.upper),
      lower: FeatureObjective(map: map, base: headProblem.lower),
      initialLower: headProblem.initialLower)
  }

  /// What a loop needs to solve the problem with one method.
  package struct Prepared: Sendable {
    /// The problem that the loop iterates on.
    package let problem: BilevelProblem<Scalar>
    /// Its start, with the components that the method appends.
    package let start: Parameters<Scalar>
    /// The inner dynamics, for problems on features.
    package let dynamics: any InnerDynamics<Scalar>
    /// The estimator for the loop.
    package let estimator: any HypergradientEstimator<Scalar>
    /// The dynamics for the loop: on features where the estimator is factored.
    package let loopDynamics: any InnerDynamics<Scalar>
    /// The way between the two levels.
    package let factored: FactoredHypergradient<Scalar>
  }

  /// The problem prepared for a method; on features wherever that gives the same
  /// (``NamedEstimator/factors``), or nowhere with `factoring` false.
  package func prepare(
    _ method: Method, _ settings: MethodSettings, factoring: Bool = true
  ) throws(MethodError) -> Prepared {
    let base = try method.hypergradientEstimator(settings, as: Scalar.self)
    let plain = try method.innerDynamics(settings, as: Scalar.self)
    let (problem, extended) = try method.prepare(bilevel, from: start, settings)
    let (onFeatures, _) = try method.prepare(
      headProblem, from: map.features(of: start), settings)
    let factored = FactoredHypergradient(
      base, map: map, headProblem: onFeatures, leadingCount: start.tensors.count)
    let factors = factoring && method.estimator.factors
    var (dynamics, general) = (plain, plain)
    if let descended {
      dynamics = LowerSubstitution(plain, descending: descended)
      general = LowerSubstitution(
        plain, descending: FeatureObjective(map: map, base: descended))
    }
    return Prepared(
      problem: problem, start: extended, dynamics: dynamics,
      estimator: factors ? factored : base, loopDynamics: factors ? dynamics : general,
      factored: factored)
  }
}

extension FactoredProblem.Prepared {
  /// y after K steps at the upper variable x of the loop, computed on features; y_0 is the loop
  /// problem's, or `head` where given.
  package func trainedHead(
    at x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>, outerIteration n: Int,
    innerSteps: Int, from head: Parameters<Scalar>? = nil
  ) -> Parameters<Scalar> {
    var onFeatures = factored.onFeatures(problem)
    if let head { onFeatures.initialLower = ConstantInitialLower(head) }
    return dynamics.lowerVariable(
      after: innerSteps, upper: factored.upperOnFeatures(x), of: onFeatures, outerIteration: n)
  }
}
