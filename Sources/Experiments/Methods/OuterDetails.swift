import Bilevel

/// How the outer learning rate decays and hypergradients are clipped, the same in all experiments.
///
/// Every field reads as `outer.<name>` in `--set` and in configuration files.
public struct OuterDetails: Codable, Sendable, Equatable {
  /// How the learning rate depends on the outer iteration.
  public var decay = DecayChoice.none
  /// d in rate / (1 + d n), for inverse-time decay.
  public var inverseTimeDecay = 1e-5
  /// The rate at the end of a cosine decay.
  public var finalLearningRate = 0.0
  /// Outer iterations of the cosine; unset means all of the run.
  public var cosineIterations: Int?
  /// The Euclidean norm that hypergradients are scaled down to, if any.
  public var clippingNorm: Double?
  /// The value that each coordinate of a hypergradient is clamped to, if any.
  public var clippingValue: Double?

  /// The defaults: a constant rate, nothing clipped.
  public init() {}

  /// The decays by name.
  public enum DecayChoice: String, NamedChoice {
    /// A constant rate.
    case none
    /// rate / (1 + d n).
    case inverseTime = "inverse-time"
    /// Half a cosine from the rate to the final one.
    case cosine
  }

  /// Throws where both ways of clipping are asked for; single values are refused where the optimiser
  /// is built.
  public func validate() throws(ConfigurationError) {
    guard clippingNorm == nil || clippingValue == nil else {
      throw ConfigurationError(
        .invalidOption,
        "Hypergradients are clipped by norm or by value, but both outer.clippingNorm and "
          + "outer.clippingValue are set: set one of them to null.")
    }
  }

  /// The settings of an optimiser with these details, for a run of so many outer iterations.
  public func applied(to settings: OuterSettings, iterations: Int) -> OuterSettings {
    var result = settings
    switch decay {
    case .none: break
    case .inverseTime: result.decay = .inverseTime(decay: inverseTimeDecay)
    case .cosine:
      result.decay = .cosine(
        final: finalLearningRate, iterations: cosineIterations ?? iterations)
    }
    result.clipping =
      clippingNorm.map { .norm($0) } ?? clippingValue.map { .value($0) } ?? settings.clipping
    return result
  }
}
