/// A bound put on hypergradients before an optimiser sees them.
public enum GradientClipping: Sendable, Equatable, Codable {
  /// The whole hypergradient is scaled down to at most this Euclidean norm (Pascanu et al. 2013).
  case norm(Double)
  /// Each coordinate is clamped to plus or minus this value.
  case value(Double)

  /// The clipped hypergradient; NaN stays NaN.
  public func apply<Scalar: TensorScalar>(
    to hypergradient: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    switch self {
    case .norm(let bound): Ball(radius: Scalar(bound)).project(hypergradient)
    case .value(let bound):
      Box(lower: -Scalar(bound), upper: Scalar(bound)).project(hypergradient)
    }
  }
}

/// An optimiser that clips hypergradients first.
public struct ClippedOptimizer<Scalar: TensorScalar>: OuterOptimizer {
  /// The optimiser behind.
  public private(set) var base: any OuterOptimizer<Scalar>
  /// The bound.
  public let clipping: GradientClipping

  /// The given optimiser behind a bound.
  public init(_ base: any OuterOptimizer<Scalar>, clipping: GradientClipping) {
    switch clipping {
    case .norm(let bound), .value(let bound):
      precondition(bound > 0, "Clipping to \(bound) would leave nothing.")
    }
    self.base = base
    self.clipping = clipping
  }

  /// The base's step along the clipped hypergradient.
  public mutating func step(
    from x: Parameters<Scalar>, along hypergradient: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    base.step(from: x, along: clipping.apply(to: hypergradient))
  }

  /// The base's memory: clipping has none.
  public var memory: OuterOptimizerMemory<Scalar> { base.memory }

  /// Continues from a checkpoint.
  public mutating func restore(_ memory: OuterOptimizerMemory<Scalar>) { base.restore(memory) }
}
