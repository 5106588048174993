import Tensors

/// A seeded tensor of standard normal scalars.
public func randomTensor<Scalar: TensorScalar>(
  _ shape: [Int], seed: UInt64 = 1, as type: Scalar.Type = Scalar.self
) -> Tensor<Scalar> {
  var stream = RandomStream(seed: seed, purpose: "test")
  return stream.normal(shape)
}

/// A seeded tensor in which about `density` of the scalars are not zero.
public func randomSparseTensor<Scalar: TensorScalar>(
  _ shape: [Int], density: Double, seed: UInt64 = 1, as type: Scalar.Type = Scalar.self
) -> Tensor<Scalar> {
  var stream = RandomStream(seed: seed, purpose: "sparse test")
  return Tensor(
    shape: shape,
    scalars: (0..<shape.reduce(1, *)).map { _ in
      stream.uniform() < density ? Scalar(stream.normal()) : 0
    })
}
