import Tensors

extension RandomStream {
  /// Weights as Glorot and Bengio (AISTATS 2010, equation 16) propose: uniform in
  /// +-sqrt(6 / (inputs + outputs)), of shape `[inputs, outputs]` or `[filters, height, width, channels]`,
  /// where each pixel of the window counts.
  ///
  /// - Precondition: the shape has two or four dimensions.
  public mutating func glorotWeights<Scalar: TensorScalar>(_ shape: [Int]) -> Tensor<Scalar> {
    precondition(
      shape.count == 2 || shape.count == 4,
      "Weights of shape \(shape): a layer has two dimensions and a convolution four.")
    let window = shape.count == 4 ? shape[1] * shape[2] : 1
    let bound = (6 / Double(window * (shape[0] + shape[shape.count - 1]))).squareRoot()
    return uniform(shape, in: -bound..<bound)
  }
}
