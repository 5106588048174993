/// Derivatives of functions of tensors, for callers that hold values and want values.

/// The value of a scalar function and its gradient, in the shapes of `point`.
public func valueAndGradient<Scalar>(
  at point: [Tensor<Scalar>], of function: ([Variable<Scalar>]) -> Variable<Scalar>
) -> (value: Scalar, gradient: [Tensor<Scalar>]) {
  let inputs = point.map { Variable($0) }
  let output = function(inputs)
  return (
    output.value.scalar, gradient(of: output, withRespectTo: inputs).map(\.value)
  )
}

/// The Hessian-vector product f'' v of a scalar function: the gradient of <f', v>.
///
/// Cost: about twice a gradient in time, and the recorded gradient in memory.
public func hessianVectorProduct<Scalar>(
  at point: [Tensor<Scalar>], along direction: [Tensor<Scalar>],
  of function: ([Variable<Scalar>]) -> Variable<Scalar>
) -> [Tensor<Scalar>] {
  let inputs = point.map { Variable($0) }
  let slope = gradient(of: function(inputs), withRespectTo: inputs, keepingGraph: true)
  return gradient(
    of: slope, cotangents: direction.map { .constant($0) }, withRespectTo: inputs
  ).map(\.value)
}

/// The cotangents J' c of a function's inputs.
public func vectorJacobianProduct<Scalar>(
  at point: [Tensor<Scalar>], cotangents: [Tensor<Scalar>],
  of function: ([Variable<Scalar>]) -> [Variable<Scalar>]
) -> [Tensor<Scalar>] {
  let inputs = point.map { Variable($0) }
  return gradient(
    of: function(inputs), cotangents: cotangents.map { .constant($0) }, withRespectTo: inputs
  ).map(\.value)
}

/// The tangents J t of a function's outputs.
public func jacobianVectorProduct<Scalar>(
  at point: [Tensor<Scalar>], along tangents: [Tensor<Scalar>],
  of function: ([Variable<Scalar>]) -> [Variable<Scalar>]
) -> [Tensor<Scalar>] {
  let inputs = point.map { Variable($0) }
  return pushforward(
    of: function(inputs), along: tangents.map { .constant($0) }, at: inputs
  ).map(\.value)
}
