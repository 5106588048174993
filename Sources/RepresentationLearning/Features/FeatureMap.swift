import Bilevel
import Experiments

/// The representation: a map from the upper variable x to the features that heads are trained on.
///
/// A lower level that sees x through its features alone, f(x, y) = f(Phi(x), y), needs the extractor
/// once per x: everything that an inner loop differentiates are the features.
package protocol FeatureMap<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// Phi(x): one matrix `[samples, features]` per set of samples.
  func features(of x: Parameters<Scalar>) -> Parameters<Scalar>

  /// Phi(x) with its history, so that cotangents can be pulled back at the price of one reverse
  /// sweep each.
  func record(at x: Parameters<Scalar>) -> any RecordedFeatures<Scalar>
}

/// The features at one x, with their derivative.
package protocol RecordedFeatures<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// Phi(x).
  var features: Parameters<Scalar> { get }

  /// (dPhi/dx)' c, in the shapes of x.
  func pullback(_ cotangent: Parameters<Scalar>) -> Parameters<Scalar>

  /// (dPhi/dx) t, in the shapes of the features.
  func pushforward(_ tangent: Parameters<Scalar>) -> Parameters<Scalar>

  /// Bytes that the history costs.
  var bytes: Int { get }
}

/// A feature map given as an expression; its derivative comes from `Autodiff`.
package struct ExpressionFeatureMap<Scalar: TensorScalar>: FeatureMap {
  /// The feature matrices as a function of the components of x.
  package typealias Expression = @Sendable (_ x: [Variable<Scalar>]) -> [Variable<Scalar>]

  private let expression: Expression

  /// The map computed by `expression`.
  package init(_ expression: @escaping Expression) { self.expression = expression }

  /// Phi(x), without history.
  package func features(of x: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(expression(x.constants).map(\.value))
  }

  /// Phi(x) with its history.
  package func record(at x: Parameters<Scalar>) -> any RecordedFeatures<Scalar> {
    let inputs = x.leaves
    return Recorded(inputs: inputs, outputs: expression(inputs))
  }

  private struct Recorded: RecordedFeatures {
    let inputs: [Variable<Scalar>]
    let outputs: [Variable<Scalar>]

    var features: Parameters<Scalar> { Parameters(outputs.map(\.value)) }

    var bytes: Int { recordedBytes(of: outputs) }

    func pullback(_ cotangent: Parameters<Scalar>) -> Parameters<Scalar> {
      Parameters(
        gradient(of: outputs, cotangents: cotangent.constants, withRespectTo: inputs)
          .map(\.value))
    }

    func pushforward(_ tangent: Parameters<Scalar>) -> Parameters<Scalar> {
      Parameters(
        Autodiff.pushforward(of: outputs, along: tangent.constants, at: inputs).map(\.value))
    }
  }
}
