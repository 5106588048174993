/// The outer optimiser as data: the section `outer` of every experiment's configuration.
public struct OuterSettings: Sendable, Equatable, Codable {
  /// The optimiser.
  public var optimizer = Kind.adam
  /// The learning rate in outer iteration 0.
  public var learningRate = 0.001
  /// m of the momentum optimiser.
  public var momentum = 0.9
  /// Outer iterations.
  public var iterations = 100
  /// The loop ends early once |x_{n+1} - x_n| / sqrt(count of x) is at most this; 0 runs all
  /// iterations.
  public var tolerance = 0.0
  /// How the learning rate depends on the outer iteration.
  public var decay = Decay.none
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

  /// The outer optimisers that can be named.
  public enum Kind: String, NamedChoice {
    /// ``GradientStep`` without momentum.
    case gradient
    /// ``GradientStep`` with momentum.
    case momentum
    /// ``Adam``.
    case adam
  }

  /// The decays of the learning rate by name.
  public enum Decay: String, NamedChoice {
    /// A constant rate.
    case none
    /// rate / (1 + d n).
    case inverseTime = "inverse-time"
    /// Half a cosine from the rate to the final one.
    case cosine
  }

  /// An optimiser with a constant rate and no clipping.
  public init(
    _ optimizer: Kind = .adam, learningRate: Double = 0.001, iterations: Int = 100
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.iterations = iterations
  }

  /// Whether a key of the section `outer` has an effect, given the values of the others.
  public func hasEffect(_ key: String) -> Bool {
    switch key {
    case "outer.momentum": optimizer == .momentum
    case "outer.inverseTimeDecay": decay == .inverseTime
    case "outer.finalLearningRate", "outer.cosineIterations": decay == .cosine
    default: true
    }
  }

  /// Why the two ways of clipping do not go together, as a sentence; nil where at most one is set.
  public var clippingConflict: String? {
    clippingNorm == nil || clippingValue == nil
      ? nil
      : "Hypergradients are clipped by norm or by value, but both outer.clippingNorm and "
        + "outer.clippingValue are set and one of them must be null"
  }

  /// The optimiser that the settings describe.
  public func outerOptimizer<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> any OuterOptimizer<Scalar> {
    _ = try positive(learningRate, "outer learning rate", as: type)
    let rate = try rateByIteration()
    let base: any OuterOptimizer<Scalar>
    switch optimizer {
    case .gradient: base = GradientStep(learningRate: rate)
    case .momentum:
      guard (0..<1).contains(Scalar(momentum)) else {
        let isRounded = (0..<1).contains(momentum)
        throw MethodError(
          "The outer momentum must be at least 0 and less than 1, but it is \(momentum)"
            + (isRounded ? ", which as a \(Scalar.name) is \(Scalar(momentum))." : "."))
      }
      base = GradientStep(learningRate: rate, momentum: momentum)
    case .adam: base = Adam(learningRate: rate)
    }
    if let conflict = clippingConflict { throw MethodError("\(conflict); set it so.") }
    if let clippingNorm {
      _ = try positive(clippingNorm, "clipping bound", as: type)
      return ClippedOptimizer(base, clipping: .norm(clippingNorm))
    }
    if let clippingValue {
      _ = try positive(clippingValue, "clipping bound", as: type)
      return ClippedOptimizer(base, clipping: .value(clippingValue))
    }
    return base
  }

  private func rateByIteration() throws(MethodError) -> LearningRate {
    switch decay {
    case .none: return .constant(learningRate)
    case .inverseTime:
      guard inverseTimeDecay.isFinite, inverseTimeDecay >= 0 else {
        throw MethodError(
          "The inverse-time decay must not be negative, but it is \(inverseTimeDecay).")
      }
      return .inverseTime(learningRate, decay: inverseTimeDecay)
    case .cosine:
      let length = cosineIterations ?? iterations
      guard finalLearningRate.isFinite, finalLearningRate >= 0, length >= 1 else {
        throw MethodError(
          "A cosine decay needs a final rate of at least 0 and at least one iteration, but it was "
            + "given \(finalLearningRate) and \(length).")
      }
      return .cosine(learningRate, final: finalLearningRate, iterations: length)
    }
  }
}
