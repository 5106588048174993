/// Matrix products and their derivatives, which are matrix products.
extension Variable {
  /// The product op(self) op(other) of two matrices, with op the identity or the transpose.
  ///
  /// With C = A B: the cotangent of A is c B', that of B is A' c (and likewise transposed), so the
  /// rule is closed and no transpose is ever materialised. Three products for value and gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplied(
    by other: Variable, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Variable {
    .applying(
      MatrixProduct(transposesLeft: transposingSelf, transposesRight: transposingOther),
      to: [self, other],
      value: value.multiplied(
        by: other.value, transposingSelf: transposingSelf, transposingOther: transposingOther))
  }

  private struct MatrixProduct: DifferentiationRule {
    let transposesLeft: Bool
    let transposesRight: Bool

    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let (a, b) = (inputs[0], inputs[1])
      var left: Variable?
      var right: Variable?
      if a.isDifferentiable {
        left =
          transposesLeft
          ? b.multiplied(
            by: cotangent, transposingSelf: transposesRight, transposingOther: true)
          : cotangent.multiplied(by: b, transposingOther: !transposesRight)
      }
      if b.isDifferentiable {
        right =
          transposesRight
          ? cotangent.multiplied(
            by: a, transposingSelf: true, transposingOther: transposesLeft)
          : a.multiplied(by: cotangent, transposingSelf: !transposesLeft)
      }
      return [left, right]
    }

    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(
        tangents[0].map {
          $0.multiplied(
            by: inputs[1], transposingSelf: transposesLeft, transposingOther: transposesRight)
        },
        tangents[1].map {
          inputs[0].multiplied(
            by: $0, transposingSelf: transposesLeft, transposingOther: transposesRight)
        })
    }
  }
}
