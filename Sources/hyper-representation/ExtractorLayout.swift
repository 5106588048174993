import Autodiff
import Experiments
import Networks

/// The feature extractor: layers followed by the activation, the last one too.
///
/// Fully connected layers are z -> activation(z W (+ b)) with parameters W1 [inputs, width1],
/// b1 [width1], W2, ...; convolutional ones 3 x 3 convolutions that move by two pixels, with
/// parameters C1 [filters1, 3, 3, channels], b1 [filters1], C2, ..., and every pixel of the last
/// layer a feature. Without biases C1, C2, ...; the list is the upper variable.
///
/// No layer mixes samples (there is no batch normalisation), so the features of a sample do not
/// depend on which others are evaluated with it.
struct ExtractorLayout: Sendable {
  /// Height, width and channels of an input row; a row of numbers is [1, p, 1].
  let inputShape: [Int]
  private let settings: RepresentationSettings.Extractor

  /// The extractor of the settings for inputs of the given shape.
  init(_ settings: RepresentationSettings.Extractor, inputShape: [Int]) {
    self.settings = settings
    self.inputShape = inputShape
  }

  /// The number of features of a sample.
  var featureCount: Int {
    switch settings.kind {
    case .fullyConnected: return settings.widths.last ?? 1
    case .convolutional:
      let pixels = inputShape.prefix(2).map { extent in
        settings.widths.reduce(extent) { extent, _ in (extent + 1) / 2 }
      }
      return pixels.reduce(settings.widths.last ?? 1, *)
    }
  }

  /// The shapes of the layers' weights, without biases.
  private var weightShapes: [[Int]] {
    switch settings.kind {
    case .fullyConnected:
      let widths = [inputShape.reduce(1, *)] + settings.widths
      return zip(widths, widths.dropFirst()).map { [$0, $1] }
    case .convolutional:
      let channels = [inputShape[2]] + settings.widths
      return zip(channels, channels.dropFirst()).map { [$1, 3, 3, $0] }
    }
  }

  /// Parameters drawn as the settings say.
  func initial<Scalar: TensorScalar>(using stream: inout RandomStream) -> [Tensor<Scalar>] {
    zip(weightShapes, settings.widths).flatMap { shape, width -> [Tensor<Scalar>] in
      let weights: Tensor<Double>
      switch settings.initialization {
      case .glorot:
        // Fan-in and fan-out of a convolution count its window of nine pixels.
        let fans = shape.count == 2 ? shape[0] + shape[1] : 9 * (shape[0] + shape[3])
        let bound = (6 / Double(fans)).squareRoot()
        weights = stream.uniform(shape, in: -bound..<bound)
      case .standardNormal: weights = stream.normal(shape)
      }
      return [weights.converted()] + (settings.hasBias ? [.zeros([width])] : [])
    }
  }

  /// The features `[rows, featureCount]` of inputs `[rows, values]`.
  func features<Scalar>(
    _ input: Variable<Scalar>, _ parameters: [Variable<Scalar>]
  ) -> Variable<Scalar> {
    let rows = input.shape[0]
    var signal = settings.kind == .convolutional ? input.reshaped([rows] + inputShape) : input
    let perLayer = settings.hasBias ? 2 : 1
    for layer in settings.widths.indices {
      let weights = parameters[perLayer * layer]
      signal =
        settings.kind == .convolutional
        ? signal.convolved(with: weights, stride: 2, padding: .symmetric(1))
        : signal.multiplied(by: weights)
      if settings.hasBias {
        let shape = signal.shape
        let width = settings.widths[layer]
        signal = signal.reshaped([shape.reduce(1, *) / width, width])
          .addingToRows(parameters[perLayer * layer + 1]).reshaped(shape)
      }
      signal = settings.activation(signal)
    }
    return signal.reshaped([rows, featureCount])
  }
}
