/// Layers z -> activation(z W + b), the last one without activation: logits.
///
/// Parameters are a flat list W1 [inputs, width1], b1 [width1], W2, b2, ...; a network with no
/// hidden layer is softmax regression.
public struct FullyConnectedNetwork: Sendable, Equatable {
  /// The widths from input to output, at least two.
  public let widths: [Int]
  /// The function between layers.
  public let activation: Activation

  /// A network with the given widths.
  public init(widths: [Int], activation: Activation) {
    precondition(
      widths.count >= 2 && widths.allSatisfy { $0 > 0 },
      "A network needs at least input and output widths, all positive; got \(widths).")
    self.widths = widths
    self.activation = activation
  }

  /// The shapes of the parameters, in order.
  public var parameterShapes: [[Int]] {
    zip(widths, widths.dropFirst()).flatMap { [[$0, $1], [$1]] }
  }

  /// Parameters drawn as Glorot and Bengio (AISTATS 2010, equation 16) propose: weights uniform in
  /// +-sqrt(6 / (inputs + outputs)) of their layer, biases zero.
  public func glorotParameters<Scalar: TensorScalar>(
    using stream: inout RandomStream, as type: Scalar.Type = Scalar.self
  ) -> [Tensor<Scalar>] {
    parameterShapes.map { shape in
      shape.count == 2 ? stream.glorotWeights(shape) : .zeros(shape)
    }
  }

  /// The logits `[rows, classes]` of inputs `[rows, features]`.
  public func callAsFunction<Scalar>(
    _ input: Variable<Scalar>, parameters: [Variable<Scalar>]
  ) -> Variable<Scalar> {
    precondition(
      parameters.map(\.shape) == parameterShapes,
      "Parameters of shapes \(parameters.map(\.shape)) for a network of \(parameterShapes).")
    var signal = input
    for layer in 0..<(widths.count - 1) {
      if layer > 0 { signal = activation(signal) }
      let bias = parameters[2 * layer + 1].repeated(signal.shape[0], alongNewAxis: 0)
      signal = signal.multiplied(by: parameters[2 * layer]) + bias
    }
    return signal
  }
}
