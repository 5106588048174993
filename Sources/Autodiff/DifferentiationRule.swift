/// The derivative of one operation, in both directions.
///
/// With output = op(inputs) and J its Jacobian, ``pullback(_:inputs:output:)`` returns J' c and
/// ``pushforward(_:inputs:output:)`` returns J t; the law that ties them, tested for every rule, is
/// the transpose identity <c, J t> = <J' c, t>. Both are written in operations on variables, which
/// is what makes derivatives of any order come by composition.
protocol DifferentiationRule<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The cotangent of each input, or nil where the derivative is zero.
  func pullback(
    _ cotangent: Variable<Scalar>, inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> [Variable<Scalar>?]

  /// The tangent of the output; an input without a tangent has nil. At least one is not nil.
  func pushforward(
    _ tangents: [Variable<Scalar>?], inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>?

  /// The values of ``pullback(_:inputs:output:)``, for a sweep that keeps no graph; nil where they are
  /// not computed faster than by composition, which is the default.
  func pullbackValues(
    _ cotangent: Tensor<Scalar>, inputs: [Variable<Scalar>], output: Tensor<Scalar>
  ) -> [Tensor<Scalar>?]?
}

extension DifferentiationRule {
  func pullbackValues(
    _ cotangent: Tensor<Scalar>, inputs: [Variable<Scalar>], output: Tensor<Scalar>
  ) -> [Tensor<Scalar>?]? { nil }
}

/// The sum of two optional terms.
func total<Scalar>(_ left: Variable<Scalar>?, _ right: Variable<Scalar>?) -> Variable<Scalar>? {
  guard let left else { return right }
  guard let right else { return left }
  return left + right
}

/// A rule for an operation that is linear in its only input: tangent and output are computed alike.
protocol LinearRule<Scalar>: DifferentiationRule {
  /// The operation itself.
  func apply(_ input: Variable<Scalar>) -> Variable<Scalar>
  /// Its transpose; the input gives the shape to return to.
  func applyTransposed(_ cotangent: Variable<Scalar>, inputShape: [Int]) -> Variable<Scalar>
}

extension LinearRule {
  func pullback(
    _ cotangent: Variable<Scalar>, inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> [Variable<Scalar>?] {
    [applyTransposed(cotangent, inputShape: inputs[0].shape)]
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map(apply)
  }
}

/// A rule for an operation that is linear in each of its two inputs.
protocol BilinearRule<Scalar>: DifferentiationRule {
  /// The operation itself.
  func apply(_ first: Variable<Scalar>, _ second: Variable<Scalar>) -> Variable<Scalar>
  /// The transpose of the map that `second` makes of the operation.
  func firstCotangent(
    _ cotangent: Variable<Scalar>, second: Variable<Scalar>
  ) -> Variable<Scalar>
  /// The transpose of the map that `first` makes of the operation.
  func secondCotangent(
    _ cotangent: Variable<Scalar>, first: Variable<Scalar>
  ) -> Variable<Scalar>
}

extension BilinearRule {
  func pullback(
    _ cotangent: Variable<Scalar>, inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> [Variable<Scalar>?] {
    [
      inputs[0].isDifferentiable ? firstCotangent(cotangent, second: inputs[1]) : nil,
      inputs[1].isDifferentiable ? secondCotangent(cotangent, first: inputs[0]) : nil,
    ]
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    total(
      tangents[0].map { apply($0, inputs[1]) }, tangents[1].map { apply(inputs[0], $0) })
  }
}

/// A rule for an elementwise operation: the Jacobian is diagonal, so both directions multiply by it.
protocol ElementwiseRule<Scalar>: DifferentiationRule {
  /// The derivative at each element.
  func derivative(input: Variable<Scalar>, output: Variable<Scalar>) -> Variable<Scalar>
}

extension ElementwiseRule {
  func pullback(
    _ cotangent: Variable<Scalar>, inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> [Variable<Scalar>?] {
    [cotangent * derivative(input: inputs[0], output: output)]
  }

  func pushforward(
    _ tangents: [Variable<Scalar>?], inputs: [Variable<Scalar>], output: Variable<Scalar>
  ) -> Variable<Scalar>? {
    tangents[0].map { $0 * derivative(input: inputs[0], output: output) }
  }
}
