/// Blocks of [3 x 3 convolution, batch normalisation, ReLU, halving] that turn images into features.
///
/// The trunk of few-shot classification since Vinyals et al. (NeurIPS 2016): four blocks of 64
/// filters, the halving by stride 2 (Omniglot in MAML, FAR-HO and the official BDA code) or by 2 x 2
/// maximum pooling (miniImageNet, 32 filters). Images are `[images, side, side, channels]`. Parameters
/// are a flat list, block by block: filters `[filters, 3, 3, channels]`, scale gamma `[filters]` (if
/// learned), shift beta `[filters]`. Convolutions have no bias: the normalisation would remove it.
///
/// Normalisation uses the moments of the images it is applied to, call by call (as the official code
/// does), or a running average of them.
public struct ConvolutionalNetwork: ImageNetwork, Equatable {
  /// How a block halves its images.
  public enum Halving: String, Sendable, CaseIterable, Codable {
    /// The convolution moves by two pixels.
    case stride
    /// 2 x 2 maximum pooling after the ReLU; an odd last row or column is left out.
    case maximumPooling = "max-pool"
  }

  /// Zeros around the images of a convolution.
  public enum Padding: String, Sendable, CaseIterable, Codable {
    /// TensorFlow's: as many as needed, the odd one below and to the right.
    case same
    /// One on every side, PyTorch's usual choice.
    case one
  }

  /// Rows and columns of the images.
  public let side: Int
  /// Channels of the images.
  public let channels: Int
  /// Filters of each block.
  public let filters: [Int]
  /// How a block halves its images.
  public let halving: Halving
  /// Zeros around the images.
  public let padding: Padding
  /// Whether the normalised values are scaled by a learned gamma.
  public let learnsScale: Bool
  /// Whether features are averaged over the last block's pixels (the official code's network for the
  /// initialisation-based methods) instead of listed pixel by pixel.
  public let averagesPixels: Bool
  /// Added to the variance in the normalisation.
  public let epsilon: Double

  /// A network; four blocks of 64 filters unless given.
  public init(
    side: Int, channels: Int, filters: [Int] = [64, 64, 64, 64], halving: Halving = .stride,
    padding: Padding = .one, learnsScale: Bool = true, averagesPixels: Bool = false,
    epsilon: Double = 1e-5
  ) {
    precondition(
      !filters.isEmpty && filters.allSatisfy { $0 > 0 } && side > 0 && channels > 0,
      "Blocks of \(filters) filters on images of \(side) x \(side) x \(channels).")
    self.side = side
    self.channels = channels
    self.filters = filters
    self.halving = halving
    self.padding = padding
    self.learnsScale = learnsScale
    self.averagesPixels = averagesPixels
    self.epsilon = epsilon
    precondition(
      featureCount > 0,
      "\(filters.count) blocks leave nothing of images of \(side) x \(side) pixels.")
  }

  /// Parameters of one block.
  var parametersPerBlock: Int { learnsScale ? 3 : 2 }

  /// The shapes of the parameters, in order.
  public var parameterShapes: [[Int]] {
    filters.indices.flatMap { block -> [[Int]] in
      let inputs = block == 0 ? channels : filters[block - 1]
      let weights = [filters[block], 3, 3, inputs]
      return learnsScale
        ? [weights, [filters[block]], [filters[block]]] : [weights, [filters[block]]]
    }
  }

  /// The names of the parameters, in order: conv0, gamma0, beta0, conv1, ...
  public var parameterNames: [String] {
    filters.indices.flatMap { block in
      learnsScale
        ? ["conv\(block)", "gamma\(block)", "beta\(block)"] : ["conv\(block)", "beta\(block)"]
    }
  }

  /// The extent of the images after every block.
  public var sides: [Int] { Self.sides(from: side, blocks: filters.count, halving) }

  /// The extent of images of `side` x `side` pixels after each of some blocks; 0 where nothing is left.
  public static func sides(from side: Int, blocks: Int, _ halving: Halving) -> [Int] {
    var sides: [Int] = []
    for _ in 0..<blocks {
      let last = sides.last ?? side
      sides.append(halving == .stride ? last / 2 + last % 2 : last / 2)
    }
    return sides
  }

  /// The number of features of an image: the last block's filters, times its pixels unless they are
  /// averaged.
  public var featureCount: Int {
    let last = sides.last ?? side
    return (averagesPixels ? 1 : last * last) * (filters.last ?? channels)
  }

  /// Filters drawn as Glorot and Bengio (AISTATS 2010, equation 16) propose, gamma 1, beta 0.
  public func glorotParameters<Scalar: TensorScalar>(
    using stream: inout RandomStream, as type: Scalar.Type = Scalar.self
  ) -> [Tensor<Scalar>] {
    zip(parameterNames, parameterShapes).map { name, shape in
      if shape.count == 4 { return stream.glorotWeights(shape) }
      return name.hasPrefix("gamma") ? .ones(shape) : .zeros(shape)
    }
  }

  /// The filters of every block.
  public var normalisedFilters: [Int] { filters }

  /// The features `[images, featureCount]` of images `[images, side, side, channels]`.
  ///
  /// Cost: one convolution and one fused normalisation per block, whose results are in memory while
  /// a derivative is to be taken.
  public func features<Scalar: TensorScalar>(
    of images: Variable<Scalar>, parameters: [Variable<Scalar>],
    normalisation: NormalisationSource<Scalar>
  ) -> Variable<Scalar> {
    precondition(
      parameters.map(\.shape) == parameterShapes,
      "Parameters of shapes \(parameters.map(\.shape)) for a network of \(parameterShapes).")
    precondition(
      images.shape.count == 4 && Array(images.shape.dropFirst()) == [side, side, channels],
      "Images of shape \(images.shape) for a network of \(side) x \(side) x \(channels).")
    var signal = images
    for block in filters.indices {
      let first = block * parametersPerBlock
      signal = signal.convolved(
        with: parameters[first], stride: halving == .stride ? 2 : 1,
        padding: padding == .same ? .same : .symmetric(1))
      signal = signal.normalisedRectified(
        normalisation, layer: block, scale: learnsScale ? parameters[first + 1] : nil,
        shift: parameters[first + parametersPerBlock - 1], epsilon: Scalar(epsilon),
        halved: halving == .maximumPooling)
    }
    return averagesPixels
      ? signal.averagedOverPixels() : signal.reshaped([images.shape[0], featureCount])
  }
}

/// The logits `[rows, classes]` of features under a linear layer, weights `[features, classes]` and
/// bias `[classes]`.
public func linearLogits<Scalar>(
  _ features: Variable<Scalar>, weights: Variable<Scalar>, bias: Variable<Scalar>
) -> Variable<Scalar> {
  features.multiplied(by: weights).addingToRows(bias)
}
