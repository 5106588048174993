import Bilevel

/// What an experiment can run: a method of the field, or a baseline that frames them.
public enum Arm: Sendable {
  /// A bi-level method.
  case method(Method)
  /// Training without an outer loop.
  case baseline(Baseline)

  /// The name on the command line and in records.
  public var name: String {
    switch self {
    case .method(let method): method.name
    case .baseline(let baseline): baseline.name
    }
  }

  /// The name in tables.
  public var displayName: String {
    switch self {
    case .method(let method): method.displayName
    case .baseline(let baseline): baseline.displayName
    }
  }

  /// Where it comes from.
  public var citation: String {
    switch self {
    case .method(let method): method.citation
    case .baseline(let baseline): baseline.citation
    }
  }

  /// The method; nil for a baseline.
  public var method: Method? {
    if case .method(let method) = self { method } else { nil }
  }

  /// Whether a key of the methods' sections or of `outer` can change what it does.
  public func reads(_ key: String) -> Bool {
    switch self {
    case .method(let method):
      // Value-function methods may have a learning rate of their own; all else of `outer` is common.
      key.hasPrefix("outer.") || method.reads(key)
    case .baseline(let baseline): baseline.settings.contains(key)
    }
  }
}

/// A way of training without an outer loop, by its name.
public struct Baseline: Sendable, Hashable {
  /// The name on the command line and in records.
  public let name: String
  /// The name in tables.
  public let displayName: String
  /// Where it comes from.
  public let citation: String
  /// The keys of the methods' sections that it reads.
  public let settings: [String]

  /// A baseline.
  public init(
    _ name: String, _ displayName: String, citation: String,
    settings: [String] = ["inner.steps", "inner.stepSize"]
  ) {
    self.name = name
    self.displayName = displayName
    self.citation = citation
    self.settings = settings
  }
}
