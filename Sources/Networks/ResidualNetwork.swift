/// Residual blocks, two 1 x 1 convolutions and one mean over pixels: the official code's variant "V2".
///
/// Block i of `filters[i]` filters adds to a 1 x 1 convolution of its input three times
/// [3 x 3 convolution, batch normalisation, leaky ReLU of slope 0.1], and halves by 2 x 2 maximum
/// pooling. Then come a 1 x 1 convolution to `hidden` channels, the mean over 6 x 6 pixels, and a 1 x 1
/// convolution to `features`. On Omniglot: filters 64 and 96, hidden 2,048, features 512
/// (vis-opt-group/BDA, boml/setup_model/meta_repr_v2.py).
///
/// 1. Its convolutions' biases are left out: the normalisation behind them removes them.
/// 2. The mean is taken before the first 1 x 1 convolution. Both are linear, so they commute, and the
///    wide layer is computed once per image instead of once per pixel.
/// 3. The mean is over the first 6 x 6 pixels where the last block leaves 6 to 11 (of the 7 x 7 of
///    Omniglot the official code drops a row and a column), and over all of them otherwise.
/// 4. Pooling leaves out an odd last row or column, where the official code pads.
public struct ResidualNetwork: ImageNetwork, Equatable {
  /// Rows and columns of the images.
  public let side: Int
  /// Channels of the images.
  public let channels: Int
  /// Filters of each block.
  public let filters: [Int]
  /// Channels between the 1 x 1 convolutions.
  public let hidden: Int
  /// The number of features of an image.
  public let featureCount: Int
  /// Added to the variance in the normalisation.
  public let epsilon: Double

  /// Convolutions of a block, not counting the one around them.
  private static let depth = 3
  /// The leaky rectifier's slope below 0.
  private static let slope = 0.1

  /// A network.
  public init(
    side: Int, channels: Int, filters: [Int] = [64, 96], hidden: Int = 2_048,
    features: Int = 512, epsilon: Double = 1e-5
  ) {
    precondition(
      !filters.isEmpty && filters.allSatisfy { $0 > 0 } && hidden > 0 && features > 0
        && channels > 0 && side >> filters.count > 0,
      "Blocks of \(filters) filters on images of \(side) x \(side) x \(channels).")
    self.side = side
    self.channels = channels
    self.filters = filters
    self.hidden = hidden
    self.featureCount = features
    self.epsilon = epsilon
  }

  /// One entry per parameter: its name and shape, block by block, then the two dense layers.
  private var parameters: [(name: String, shape: [Int])] {
    var list: [(String, [Int])] = []
    for block in filters.indices {
      let inputs = block == 0 ? channels : filters[block - 1]
      let count = filters[block]
      list.append(("block\(block)/skip", [count, 1, 1, inputs]))
      for layer in 0..<Self.depth {
        list.append(("block\(block)/conv\(layer)", [count, 3, 3, layer == 0 ? inputs : count]))
        list.append(("block\(block)/beta\(layer)", [count]))
      }
    }
    let last = filters[filters.count - 1]
    return list + [
      ("wide/weights", [last, hidden]), ("wide/bias", [hidden]),
      ("features/weights", [hidden, featureCount]), ("features/bias", [featureCount]),
    ]
  }

  /// The names of the parameters, in order.
  public var parameterNames: [String] { parameters.map(\.name) }
  /// The shapes of the parameters, in order.
  public var parameterShapes: [[Int]] { parameters.map(\.shape) }
  /// Three normalisations a block.
  public var normalisedFilters: [Int] {
    filters.flatMap { Array(repeating: $0, count: Self.depth) }
  }

  /// Weights drawn as Glorot and Bengio (AISTATS 2010, equation 16) propose, shifts and biases 0.
  public func glorotParameters<Scalar: TensorScalar>(
    using stream: inout RandomStream, as type: Scalar.Type = Scalar.self
  ) -> [Tensor<Scalar>] {
    parameterShapes.map { shape in
      shape.count > 1 ? stream.glorotWeights(shape) : .zeros(shape)
    }
  }

  /// The features `[images, featureCount]` of images `[images, side, side, channels]`.
  public func features<Scalar: TensorScalar>(
    of images: Variable<Scalar>, parameters: [Variable<Scalar>],
    normalisation: NormalisationSource<Scalar>
  ) -> Variable<Scalar> {
    precondition(
      parameters.map(\.shape) == parameterShapes
        && Array(images.shape.dropFirst()) == [side, side, channels],
      "Images \(images.shape) and parameters \(parameters.map(\.shape)) for \(self).")
    var signal = images
    var next = 0
    func parameter() -> Variable<Scalar> {
      next += 1
      return parameters[next - 1]
    }
    for block in filters.indices {
      let skipped = signal.convolved(with: parameter(), stride: 1, padding: .none)
      for layer in 0..<Self.depth {
        signal = signal.convolved(with: parameter(), stride: 1, padding: .symmetric(1))
        let shape = signal.shape
        let rows = signal.reshaped([shape[0] * shape[1] * shape[2], shape[3]])
          .normalised(
            normalisation, layer: Self.depth * block + layer, epsilon: Scalar(epsilon)
          ).addingToRows(parameter())
        signal = (rows.rectified() - Scalar(Self.slope) * (-rows).rectified()).reshaped(shape)
      }
      signal = (skipped + signal).maximumPooled(window: 2)
    }
    let wide = meanOverPixels(signal).multiplied(by: parameter()).addingToRows(parameter())
    return wide.multiplied(by: parameter()).addingToRows(parameter())
  }

  /// The mean over pixels, `[images, channels]`; see 3.
  private func meanOverPixels<Scalar: TensorScalar>(
    _ signal: Variable<Scalar>
  ) -> Variable<Scalar> {
    let (images, extent, count) = (signal.shape[0], signal.shape[1], signal.shape[3])
    guard (7..<12).contains(extent) else { return signal.averagedOverPixels() }
    var positions: [Int32] = []
    for image in 0..<images {
      for row in 0..<6 {
        let first = ((image * extent + row) * extent) * count
        positions += (first..<first + 6 * count).map { Int32($0) }
      }
    }
    return signal.gathering(positions, shape: [images, 6, 6, count]).averagedOverPixels()
  }
}
