/// An outer optimiser as data: what command lines and configuration files fill in.
public struct OuterSettings: Sendable, Equatable, Codable {
  /// The outer optimisers that can be named.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// ``GradientStep`` without momentum.
    case gradient
    /// ``GradientStep`` with momentum.
    case momentum
    /// ``Adam``.
    case adam
  }

  /// How the learning rate depends on the outer iteration.
  public enum Decay: Sendable, Equatable, Codable {
    /// Not at all.
    case none
    /// rate / (1 + decay n).
    case inverseTime(decay: Double)
    /// Along half a cosine to `final` in the given number of iterations.
    case cosine(final: Double, iterations: Int)
  }

  /// The optimiser.
  public var optimizer: Kind
  /// The learning rate in outer iteration 0.
  public var rate: Double
  /// How it decays.
  public var decay: Decay
  /// m of the momentum optimiser.
  public var momentum: Double
  /// A bound on hypergradients, if any.
  public var clipping: GradientClipping?

  /// Settings with a constant rate and no clipping unless given.
  public init(
    _ optimizer: Kind, rate: Double, decay: Decay = .none, momentum: Double = 0.9,
    clipping: GradientClipping? = nil
  ) {
    self.optimizer = optimizer
    self.rate = rate
    self.decay = decay
    self.momentum = momentum
    self.clipping = clipping
  }

  /// The optimiser that the settings describe.
  public func outerOptimizer<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> any OuterOptimizer<Scalar> {
    _ = try positive(rate, "outer learning rate", as: Scalar.self)
    let learningRate = try learningRate()
    let base: any OuterOptimizer<Scalar>
    switch optimizer {
    case .gradient: base = GradientStep(learningRate: learningRate)
    case .momentum:
      guard (0..<1).contains(momentum) else {
        throw MethodError(
          "The outer momentum must be at least 0 and less than 1, but it is \(momentum).")
      }
      base = GradientStep(learningRate: learningRate, momentum: momentum)
    case .adam: base = Adam(learningRate: learningRate)
    }
    guard let clipping else { return base }
    switch clipping {
    case .norm(let bound), .value(let bound):
      _ = try positive(bound, "clipping bound", as: Scalar.self)
    }
    return ClippedOptimizer(base, clipping: clipping)
  }

  private func learningRate() throws(MethodError) -> LearningRate {
    switch decay {
    case .none: return .constant(rate)
    case .inverseTime(let decay):
      guard decay.isFinite, decay >= 0 else {
        throw MethodError("The inverse-time decay must not be negative, but it is \(decay).")
      }
      return .inverseTime(rate, decay: decay)
    case .cosine(let final, let iterations):
      guard final.isFinite, final >= 0, iterations >= 1 else {
        throw MethodError(
          "A cosine decay needs a final rate of at least 0 and at least one iteration, but it was "
            + "given \(final) and \(iterations).")
      }
      return .cosine(rate, final: final, iterations: iterations)
    }
  }
}
