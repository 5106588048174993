/// Elementwise functions and their derivatives.
extension Variable {
  /// e raised to each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func exponential() -> Variable {
    .applying(Exponential(), to: [self], value: value.exponential())
  }

  /// The natural logarithm of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logarithm() -> Variable {
    .applying(Logarithm(), to: [self], value: value.logarithm())
  }

  /// The square root of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func squareRoot() -> Variable {
    .applying(SquareRoot(), to: [self], value: value.squareRoot())
  }

  /// The hyperbolic tangent of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func hyperbolicTangent() -> Variable {
    .applying(HyperbolicTangent(), to: [self], value: value.hyperbolicTangent())
  }

  /// 1 / (1 + exp(-x)) of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sigmoid() -> Variable {
    .applying(Sigmoid(), to: [self], value: value.sigmoid())
  }

  /// max(0, x) of each element; the derivative at 0 is taken as 0 (as TensorFlow and PyTorch do).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func rectified() -> Variable {
    .applying(Rectifier(), to: [self], value: value.rectified())
  }

  /// The sine of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sine() -> Variable { .applying(Sine(), to: [self], value: value.sine()) }

  /// The cosine of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func cosine() -> Variable { .applying(Cosine(), to: [self], value: value.cosine()) }

  private struct Exponential: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable { output }
  }

  private struct Logarithm: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable {
      .constant(.ones(input.shape)) / input
    }
  }

  private struct SquareRoot: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable {
      .constant(Tensor(repeating: 0.5, shape: output.shape)) / output
    }
  }

  private struct HyperbolicTangent: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable { -(output * output) + 1 }
  }

  private struct Sigmoid: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable {
      output - output * output
    }
  }

  private struct Rectifier: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable {
      .constant(input.value.positiveIndicator())
    }
  }

  private struct Sine: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable { input.cosine() }
  }

  private struct Cosine: ElementwiseRule {
    func derivative(input: Variable, output: Variable) -> Variable { -input.sine() }
  }
}
