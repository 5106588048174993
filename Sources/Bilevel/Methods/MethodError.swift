/// Settings from which no method can be built; the message is one sentence with the remedy.
public struct MethodError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  /// The process exit code: a usage error.
  public var exitCode: Int32 { 64 }

  /// An error with its sentence.
  public init(_ description: String) { self.description = description }
}

/// A setting as a scalar, which must be a positive finite number in that scalar's precision too.
func positive<Scalar: TensorScalar>(
  _ value: Double, _ name: String, as type: Scalar.Type
) throws(MethodError) -> Scalar {
  guard value.isFinite, value > 0 else {
    throw MethodError("The \(name) must be a positive finite number, but it is \(value).")
  }
  let scalar = Scalar(value)
  guard scalar.isFinite, scalar > 0 else {
    throw MethodError(
      "The \(name) is \(value), which as a \(Scalar.name) is \(scalar): choose a number that can be "
        + "represented.")
  }
  return scalar
}
