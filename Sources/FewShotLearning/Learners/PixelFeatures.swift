import Experiments
import Networks

/// The pixels of an image as its features: a network without parameters.
package struct PixelFeatures: ImageNetwork {
  /// The pixels of an image, over all channels.
  package let featureCount: Int

  /// The features of images with so many rows and columns.
  package init(side: Int, channels: Int) { featureCount = side * side * channels }

  /// None.
  package var parameterNames: [String] { [] }
  /// None.
  package var parameterShapes: [[Int]] { [] }
  /// None.
  package var normalisedFilters: [Int] { [] }

  /// None.
  package func glorotParameters<Scalar: TensorScalar>(
    using stream: inout RandomStream, as type: Scalar.Type
  ) -> [Tensor<Scalar>] { [] }

  /// The pixels, row by row.
  package func features<Scalar: TensorScalar>(
    of images: Variable<Scalar>, parameters: [Variable<Scalar>],
    normalisation: NormalisationSource<Scalar>
  ) -> Variable<Scalar> { images.reshaped([images.shape[0], featureCount]) }
}
