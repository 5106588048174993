/// Settings from which no method can be built; the message is one sentence with the remedy.
public struct MethodError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The sentence.
  public let description: String
  /// The process exit code: a usage error.
  public var exitCode: Int32 { 64 }

  /// An error with its sentence.
  public init(_ description: String) { self.description = description }
}
