import Bilevel
import Experiments

/// h(x, y) = base(Phi(x), y): an objective on features as an objective on the upper variable.
///
/// The general form, good for every method; it computes the features anew for every call.
/// ``FactoredHypergradient`` computes them once per outer iteration.
package struct FeatureObjective<Scalar: TensorScalar>: Objective {
  /// Phi.
  package let map: any FeatureMap<Scalar>
  /// The objective as a function of features and head.
  package let base: any Objective<Scalar>

  /// The composition of an objective with a feature map.
  package init(map: any FeatureMap<Scalar>, base: any Objective<Scalar>) {
    self.map = map
    self.base = base
  }

  /// base(Phi(x), y).
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    base.value(upper: map.features(of: x), lower: y)
  }

  /// The value and both gradients; the upper one pulled back through Phi.
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let recorded = map.record(at: x)
    var result = base.gradients(upper: recorded.features, lower: y)
    result.upper = recorded.pullback(result.upper)
    return result
  }

  /// The base's lower gradient at Phi(x).
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    base.lowerGradient(upper: map.features(of: x), lower: y)
  }

  /// The base's linearisation behind that of Phi.
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let recorded = map.record(at: x)
    return Linearization(
      recorded: recorded,
      base: base.linearizeLowerGradient(upper: recorded.features, lower: y))
  }

  private struct Linearization: LowerGradientLinearization {
    let recorded: any RecordedFeatures<Scalar>
    let base: any LowerGradientLinearization<Scalar>

    var lowerGradient: Parameters<Scalar> { base.lowerGradient }

    var bytes: Int { recorded.bytes + base.bytes }

    func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
      var result = base.pullback(v)
      result.upper = recorded.pullback(result.upper)
      return result
    }

    func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
      base.hessianVectorProduct(v)
    }

    func pushforward(
      upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
    ) -> Parameters<Scalar> {
      base.pushforward(upper: dx.map { recorded.pushforward($0) }, lower: dy)
    }
  }
}
