/// What the state of an inner loop holds: the lower variable, and so many earlier ones behind it.
///
/// Everything that estimators need to know of a state. All its maps are linear, and those that end in
/// `Pullback` are the transposes of the ones that they are named after. They copy references to
/// components, not scalars, but for the sum in ``initialStatePullback(_:)``.
public struct StateLayout: Sendable, Hashable {
  /// The number of lower variables in a state, the current one included.
  public let lowerVariables: Int

  /// y_k alone: dynamics without memory.
  public static let current = StateLayout(lowerVariables: 1)
  /// (y_k, y_{k-1}): dynamics that look one step back.
  public static let currentAndPrevious = StateLayout(lowerVariables: 2)

  /// A state of so many lower variables.
  public init(lowerVariables: Int) {
    precondition(lowerVariables >= 1, "A state of \(lowerVariables) lower variables holds nothing.")
    self.lowerVariables = lowerVariables
  }

  /// (y_0, ..., y_0).
  public func initialState<Scalar>(from lower: Parameters<Scalar>) -> Parameters<Scalar> {
    lowerVariables == 1
      ? lower : Parameters((0..<lowerVariables).flatMap { _ in lower.tensors })
  }

  /// The sum of all lower variables in a cotangent.
  public func initialStatePullback<Scalar>(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    (1..<lowerVariables).reduce(lowerVariable(of: p)) { $0.adding(lowerVariable($1, of: p)) }
  }

  /// The current lower variable.
  public func lowerVariable<Scalar>(of state: Parameters<Scalar>) -> Parameters<Scalar> {
    lowerVariables == 1 ? state : lowerVariable(0, of: state)
  }

  /// (p, 0, ..., 0).
  public func lowerVariablePullback<Scalar>(_ p: Parameters<Scalar>) -> Parameters<Scalar> {
    lowerVariables == 1
      ? p
      : Parameters(
        p.tensors
          + (1..<lowerVariables).flatMap { _ in Parameters.zeros(like: p).tensors })
  }

  /// The state with its current lower variable replaced. Linear in both, so that it serves for
  /// tangents and cotangents as well.
  public func replacingLowerVariable<Scalar>(
    of state: Parameters<Scalar>, with lower: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    lowerVariables == 1
      ? lower : Parameters(lower.tensors + state.tensors.dropFirst(lower.tensors.count))
  }

  /// The lower variable of so many steps ago.
  public func lowerVariable<Scalar>(
    _ age: Int, of state: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    precondition(
      (0..<lowerVariables).contains(age) && state.tensors.count.isMultiple(of: lowerVariables),
      "No lower variable \(age) among \(lowerVariables) in \(state.tensors.count) components.")
    let count = state.tensors.count / lowerVariables
    return Parameters(Array(state.tensors[age * count..<(age + 1) * count]))
  }
}
