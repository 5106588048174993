import Bilevel

/// What an experiment can run: a method of the field, or a baseline that frames them.
package enum Arm: Sendable {
  /// A bi-level method.
  case method(Method)
  /// Another way of training.
  case baseline(Baseline)

  /// The name on the command line and in records.
  package var name: String {
    switch self {
    case .method(let method): method.name
    case .baseline(let baseline): baseline.name
    }
  }

  /// The name in tables.
  package var displayName: String {
    switch self {
    case .method(let method): method.displayName
    case .baseline(let baseline): baseline.displayName
    }
  }

  /// Where it comes from.
  package var citation: String {
    switch self {
    case .method(let method): method.citation
    case .baseline(let baseline): baseline.citation
    }
  }

  /// The method; nil for a baseline.
  package var method: Method? {
    if case .method(let method) = self { method } else { nil }
  }

  /// Whether a key of the methods' sections or of `outer` can change what it does.
  package func reads(_ key: String) -> Bool {
    switch self {
    case .method(let method):
      // Value-function methods may have a learning rate of their own; all else of `outer` is common.
      key.hasPrefix("outer.") || method.reads(key)
    case .baseline(let baseline): baseline.settings.contains(key)
    }
  }

  /// Whether it has an outer loop: every method, and baselines that learn by the outer optimiser.
  package var trainsInOuterLoop: Bool { reads("outer.iterations") }
}

/// A way of training that is no bi-level method, by its name.
package struct Baseline: Sendable, Hashable {
  /// The name on the command line and in records.
  package let name: String
  /// The name in tables.
  package let displayName: String
  /// Where it comes from.
  package let citation: String
  /// The keys of the methods' sections and of `outer` that it reads.
  package let settings: [String]
  /// The inner dynamics that it trains by, or what takes their place: "closed-form".
  package let dynamics: String

  /// A baseline.
  package init(
    _ name: String, _ displayName: String, citation: String,
    settings: [String] = ["inner.steps", "inner.stepSize"],
    dynamics: String = "gradient-descent"
  ) {
    self.name = name
    self.displayName = displayName
    self.citation = citation
    self.settings = settings
    self.dynamics = dynamics
  }
}
