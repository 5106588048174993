/// Sums, differences, products and quotients of variables of equal shape, and their rules.
extension Variable {
  /// The elementwise sum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (left: Variable, right: Variable) -> Variable {
    .applying(Sum(), to: [left, right], value: left.value.adding(right.value))
  }

  /// The elementwise difference.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (left: Variable, right: Variable) -> Variable {
    .applying(Difference(), to: [left, right], value: left.value.subtracting(right.value))
  }

  /// The elementwise product.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (left: Variable, right: Variable) -> Variable {
    .applying(Product(), to: [left, right], value: left.value.multiplying(right.value))
  }

  /// The elementwise quotient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (left: Variable, right: Variable) -> Variable {
    .applying(Quotient(), to: [left, right], value: left.value.dividing(right.value))
  }

  /// Each element times `factor`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (factor: Scalar, variable: Variable) -> Variable {
    .applying(Scaling(factor: factor), to: [variable], value: variable.value.scaled(by: factor))
  }

  /// Each element negated.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static prefix func - (variable: Variable) -> Variable { -1 * variable }

  /// Each element plus `term`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (variable: Variable, term: Scalar) -> Variable {
    .applying(Shift(), to: [variable], value: variable.value.shifted(by: term))
  }

  /// Each element minus `term`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (variable: Variable, term: Scalar) -> Variable { variable + (-term) }

  private struct Sum: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [cotangent, cotangent]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(tangents[0], tangents[1])
    }
  }

  private struct Difference: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [cotangent, -cotangent]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(tangents[0], tangents[1].map { -$0 })
    }
  }

  private struct Product: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      [
        inputs[0].isDifferentiable ? cotangent * inputs[1] : nil,
        inputs[1].isDifferentiable ? cotangent * inputs[0] : nil,
      ]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(tangents[0].map { $0 * inputs[1] }, tangents[1].map { inputs[0] * $0 })
    }
  }

  private struct Quotient: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let first = cotangent / inputs[1]
      return [first, inputs[1].isDifferentiable ? -(first * output) : nil]
    }
    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      total(
        tangents[0].map { $0 / inputs[1] }, tangents[1].map { -($0 * output / inputs[1]) })
    }
  }

  private struct Scaling: LinearRule {
    let factor: Scalar
    func apply(_ input: Variable) -> Variable { factor * input }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      factor * cotangent
    }
  }

  private struct Shift: LinearRule {
    func apply(_ input: Variable) -> Variable { input }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable { cotangent }
  }
}
