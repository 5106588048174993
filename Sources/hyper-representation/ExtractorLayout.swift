import Autodiff
import Experiments
import Networks

/// The feature extractor: layers z -> activation(z W (+ b)), every one of them activated.
///
/// Its parameters are the upper variable: W1 [inputs, width1], b1 [width1], W2, ...; without biases
/// W1, W2, ...
struct ExtractorLayout: Sendable {
  let widths: [Int]
  let activation: Activation
  let hasBias: Bool
  let initialization: ExtractorInitialization

  /// The extractor of the settings for inputs of the given width.
  init(_ settings: RepresentationSettings, inputs: Int) {
    widths = [inputs] + settings.extractor.widths
    activation = settings.extractor.activation
    hasBias = settings.extractor.hasBias
    initialization = settings.extractor.initialization
  }

  /// Parameters drawn as the settings say.
  func initial<Scalar: TensorScalar>(using stream: inout RandomStream) -> [Tensor<Scalar>] {
    zip(widths, widths.dropFirst()).flatMap { inputs, outputs -> [Tensor<Scalar>] in
      let weights: Tensor<Double>
      switch initialization {
      case .glorot:
        let bound = (6 / Double(inputs + outputs)).squareRoot()
        weights = stream.uniform([inputs, outputs], in: -bound..<bound)
      case .standardNormal: weights = stream.normal([inputs, outputs])
      }
      return [weights.converted()] + (hasBias ? [.zeros([outputs])] : [])
    }
  }

  /// The features `[rows, last width]` of inputs `[rows, first width]`.
  func features<Scalar>(
    _ input: Variable<Scalar>, _ parameters: [Variable<Scalar>]
  ) -> Variable<Scalar> {
    var signal = input
    let perLayer = hasBias ? 2 : 1
    for layer in 0..<(widths.count - 1) {
      signal = signal.multiplied(by: parameters[perLayer * layer])
      if hasBias {
        let bias = parameters[perLayer * layer + 1]
        signal = signal + bias.repeated(signal.shape[0], alongNewAxis: 0)
      }
      signal = activation(signal)
    }
    return signal
  }
}
