import Bilevel
import Experiments
import Networks

/// A feature extractor: layers followed by the activation, the last one too.
///
/// Fully connected layers are z -> activation(z W (+ b)) with parameters W1 [inputs, width1],
/// b1 [width1], W2, ...; convolutional ones 3 x 3 convolutions that move by two pixels, with
/// parameters C1 [filters1, 3, 3, channels], b1 [filters1], C2, ..., and every pixel of the last
/// layer a feature. Without biases C1, C2, ...; the list is the upper variable.
///
/// No layer mixes samples (there is no batch normalisation), so the features of a sample do not
/// depend on which others are evaluated with it.
package struct FeatureExtractor: Sendable {
  /// What the layers are.
  package enum Kind: String, NamedChoice {
    /// z W (+ b).
    case fullyConnected = "fully-connected"
    /// 3 x 3 convolutions that move by two pixels.
    case convolutional
  }

  /// How the weights are drawn; biases start at zero.
  package enum Initialization: String, NamedChoice {
    /// Uniform in +-sqrt(6 / (inputs + outputs)); a convolution counts its nine pixels.
    case glorot
    /// Standard normal.
    case standardNormal = "standard-normal"
  }

  /// What the layers are.
  package let kind: Kind
  /// Height, width and channels of an input row; a row of numbers is [1, p, 1].
  package let inputShape: [Int]
  /// The units or filters of each layer.
  package let widths: [Int]
  /// The function after each layer.
  package let activation: Activation
  /// Whether a bias is added to each unit or filter.
  package let hasBias: Bool
  /// How the weights are drawn.
  package let initialization: Initialization

  /// An extractor with at least one layer.
  package init(
    _ kind: Kind = .fullyConnected, inputShape: [Int], widths: [Int], activation: Activation,
    hasBias: Bool = true, initialization: Initialization = .glorot
  ) {
    precondition(
      inputShape.count == 3 && !widths.isEmpty && (inputShape + widths).allSatisfy { $0 > 0 },
      "An extractor of layers \(widths) for inputs of shape \(inputShape).")
    self.kind = kind
    self.inputShape = inputShape
    self.widths = widths
    self.activation = activation
    self.hasBias = hasBias
    self.initialization = initialization
  }

  /// The number of features of a sample.
  package var featureCount: Int {
    switch kind {
    case .fullyConnected: return widths[widths.count - 1]
    case .convolutional:
      let pixels = inputShape.prefix(2).map { extent in
        widths.reduce(extent) { extent, _ in (extent + 1) / 2 }
      }
      return pixels.reduce(widths[widths.count - 1], *)
    }
  }

  /// The shapes of the layers' weights, without biases.
  private var weightShapes: [[Int]] {
    switch kind {
    case .fullyConnected:
      let inputs = [inputShape.reduce(1, *)] + widths
      return zip(inputs, widths).map { [$0, $1] }
    case .convolutional:
      let channels = [inputShape[2]] + widths
      return zip(channels, widths).map { [$1, 3, 3, $0] }
    }
  }

  /// Parameters drawn from the stream, in Double and rounded once.
  package func initial<Scalar: TensorScalar>(
    using stream: inout RandomStream
  ) -> [Tensor<Scalar>] {
    zip(weightShapes, widths).flatMap { shape, width -> [Tensor<Scalar>] in
      let weights: Tensor<Double>
      switch initialization {
      case .glorot: weights = stream.glorotWeights(shape)
      case .standardNormal: weights = stream.normal(shape)
      }
      return [weights.converted()] + (hasBias ? [.zeros([width])] : [])
    }
  }

  /// The features `[rows, featureCount]` of inputs `[rows, values]`.
  package func features<Scalar>(
    of input: Variable<Scalar>, parameters: [Variable<Scalar>]
  ) -> Variable<Scalar> {
    let rows = input.shape[0]
    var signal = kind == .convolutional ? input.reshaped([rows] + inputShape) : input
    let perLayer = hasBias ? 2 : 1
    for layer in widths.indices {
      let weights = parameters[perLayer * layer]
      signal =
        kind == .convolutional
        ? signal.convolved(with: weights, stride: 2, padding: .symmetric(1))
        : signal.multiplied(by: weights)
      if hasBias {
        let shape = signal.shape
        let width = widths[layer]
        signal = signal.reshaped([shape.reduce(1, *) / width, width])
          .addingToRows(parameters[perLayer * layer + 1]).reshaped(shape)
      }
      signal = activation(signal)
    }
    return signal.reshaped([rows, featureCount])
  }

  /// Calls `body` with the features of a thousand inputs at a time, in order: a large set needs no more
  /// memory for its layers than that.
  func forEachBlock<Scalar>(
    of inputs: Tensor<Scalar>, upper x: Parameters<Scalar>, _ body: (Tensor<Scalar>) -> Void
  ) {
    let rows = inputs.shape[0]
    for start in stride(from: 0, to: rows, by: 1_000) {
      let block = inputs.gatheringRows(Array(start..<min(start + 1_000, rows)))
      body(features(of: .constant(block), parameters: x.constants).value)
    }
  }
}
