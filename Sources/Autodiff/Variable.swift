/// A tensor that remembers how it was computed, so that it can be differentiated.
///
/// The invariant: a variable's value never changes, and its history is kept only while something
/// differentiable lies behind it. Operations on constants are plain tensor operations and keep
/// nothing, so values that no derivative needs cost no memory.
///
/// Derivatives of any order come by composition: every rule (`DifferentiationRule`) is itself
/// written in operations on variables, so a gradient is a variable with a history of its own.
public struct Variable<Scalar: TensorScalar>: Sendable {
  let node: Node<Scalar>

  init(node: Node<Scalar>) { self.node = node }

  /// A leaf with respect to which derivatives can be taken.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(_ value: Tensor<Scalar>) {
    node = Node(value: value, rule: nil, inputs: [], isDifferentiable: true)
  }

  /// A value that no derivative flows through.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func constant(_ value: Tensor<Scalar>) -> Variable {
    Variable(node: Node(value: value, rule: nil, inputs: [], isDifferentiable: false))
  }

  /// The variable's value.
  public var value: Tensor<Scalar> { node.value }

  /// The shape of the value.
  public var shape: [Int] { node.value.shape }

  /// Whether a derivative can flow through this variable.
  public var isDifferentiable: Bool { node.isDifferentiable }

  /// The same value as a constant: the field's "stop gradient".
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func detached() -> Variable { isDifferentiable ? .constant(value) : self }

  /// The result of `rule` applied to `inputs`, remembered if any input is differentiable.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func applying(
    _ rule: any DifferentiationRule<Scalar>, to inputs: [Variable], value: Tensor<Scalar>
  ) -> Variable {
    guard inputs.contains(where: \.isDifferentiable) else { return .constant(value) }
    return Variable(
      node: Node(
        value: value, rule: rule, inputs: inputs.map(\.node), isDifferentiable: true))
  }
}
