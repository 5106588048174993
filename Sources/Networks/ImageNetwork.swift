/// A network that turns images `[images, side, side, channels]` into features `[images, featureCount]`.
///
/// Parameters are a flat list of tensors. What a learner, a checkpoint or a command knows of a network
/// is this and nothing else.
public protocol ImageNetwork: Sendable {
  /// The names of the parameters, in order.
  var parameterNames: [String] { get }
  /// The shapes of the parameters, in order.
  var parameterShapes: [[Int]] { get }
  /// The number of features of an image.
  var featureCount: Int { get }
  /// The number of filters under every normalisation, in order.
  var normalisedFilters: [Int] { get }

  /// Parameters drawn from a seeded stream.
  func glorotParameters<Scalar: TensorScalar>(
    using stream: inout RandomStream, as type: Scalar.Type
  ) -> [Tensor<Scalar>]

  /// The features of images.
  ///
  /// - Parameter normalisation: where the moments of the normalisations come from.
  func features<Scalar: TensorScalar>(
    of images: Variable<Scalar>, parameters: [Variable<Scalar>],
    normalisation: NormalisationSource<Scalar>
  ) -> Variable<Scalar>
}

extension ImageNetwork {
  /// The features of images, normalised by their own moments.
  public func features<Scalar: TensorScalar>(
    of images: Variable<Scalar>, parameters: [Variable<Scalar>]
  ) -> Variable<Scalar> {
    features(of: images, parameters: parameters, normalisation: .own)
  }

  /// The moments under every normalisation while the features of images are computed.
  public func moments<Scalar: TensorScalar>(
    of images: Tensor<Scalar>, parameters: [Tensor<Scalar>]
  ) -> NormalisationMoments<Scalar> {
    let collector = MomentCollector<Scalar>()
    _ = features(
      of: .constant(images), parameters: parameters.map { .constant($0) },
      normalisation: .collecting(collector))
    return NormalisationMoments(means: collector.means, variances: collector.variances)
  }
}

/// The mean and the variance of every filter under every normalisation of a network.
public struct NormalisationMoments<Scalar: TensorScalar>: Sendable, Equatable {
  /// Means, `[filters]` each.
  public var means: [Tensor<Scalar>]
  /// Variances (divided by the number of samples, as TensorFlow's), `[filters]` each.
  public var variances: [Tensor<Scalar>]

  /// The given moments.
  public init(means: [Tensor<Scalar>], variances: [Tensor<Scalar>]) {
    precondition(
      means.map(\.shape) == variances.map(\.shape),
      "Means \(means.map(\.shape)) and variances \(variances.map(\.shape)).")
    self.means = means
    self.variances = variances
  }

  /// The moments with the share `rate` replaced by other moments: a running average.
  public func moved(towards other: NormalisationMoments, by rate: Scalar) -> NormalisationMoments {
    precondition(
      means.map(\.shape) == other.means.map(\.shape),
      "Moments of \(means.map(\.shape)) cannot move towards those of \(other.means.map(\.shape)).")
    func mixed(_ own: [Tensor<Scalar>], _ new: [Tensor<Scalar>]) -> [Tensor<Scalar>] {
      zip(own, new).map { own, new in
        var result = own.scaled(by: 1 - rate)
        result.add(new, scaledBy: rate)
        return result
      }
    }
    return NormalisationMoments(
      means: mixed(means, other.means), variances: mixed(variances, other.variances))
  }
}

/// Where the moments of a normalisation come from.
public enum NormalisationSource<Scalar: TensorScalar>: Sendable {
  /// From the images themselves, jointly: over a query set that is transductive.
  case own
  /// From the images themselves, and noted.
  case collecting(MomentCollector<Scalar>)
  /// From a running average over training.
  case running(NormalisationMoments<Scalar>)
}

/// Notes the moments that one computation of features meets; used by one thread.
public final class MomentCollector<Scalar: TensorScalar>: @unchecked Sendable {
  fileprivate(set) var means: [Tensor<Scalar>] = []
  fileprivate(set) var variances: [Tensor<Scalar>] = []
  fileprivate init() {}
}

extension Variable {
  /// This matrix `[rows, filters]` with every column normalised: x^, the moments being those of
  /// normalisation number `layer`.
  func normalised(
    _ source: NormalisationSource<Scalar>, layer: Int, epsilon: Scalar
  ) -> Variable {
    guard case .running(let moments) = source else {
      note(in: source)
      return standardisedColumns(epsilon: epsilon)
    }
    let inverse = moments.variances[layer].scalars.map { 1 / ($0 + epsilon).squareRoot() }
    return addingToRows(.constant(moments.means[layer].scaled(by: -1)))
      .multiplyingRows(by: .constant(Tensor(inverse)))
  }

  /// max(0, gamma x^ + beta) of these images `[images, height, width, filters]`, fused where the moments
  /// are their own; where they are halved, of every 2 x 2 pixels the largest.
  func normalisedRectified(
    _ source: NormalisationSource<Scalar>, layer: Int, scale: Variable?, shift: Variable,
    epsilon: Scalar, halved: Bool
  ) -> Variable {
    let pixels = reshaped([shape[0] * shape[1] * shape[2], shape[3]])
    guard case .running = source else {
      pixels.note(in: source)
      if halved {
        let pairs = WindowGeometry(shape: shape, window: 2, stride: 2, padding: .none)
        return pixels.normalisedRectifiedMaxima(
          pairs, scale: scale, shift: shift, epsilon: epsilon
        ).reshaped([shape[0], pairs.outputHeight, pairs.outputWidth, shape[3]])
      }
      return pixels.normalisedRectified(scale: scale, shift: shift, epsilon: epsilon)
        .reshaped(shape)
    }
    let standard = pixels.normalised(source, layer: layer, epsilon: epsilon)
    let rectified = (scale.map { standard.multiplyingRows(by: $0) } ?? standard)
      .addingToRows(shift).rectified().reshaped(shape)
    return halved ? rectified.maximumPooled(window: 2) : rectified
  }

  private func note(in source: NormalisationSource<Scalar>) {
    guard case .collecting(let collector) = source else { return }
    let moments = value.columnMeansAndVariances()
    collector.means.append(moments.mean)
    collector.variances.append(moments.variance)
  }
}
