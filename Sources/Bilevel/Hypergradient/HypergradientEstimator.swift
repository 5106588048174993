/// One way of computing the gradient of phi_K(x) = F(x, y_K(x)), exactly or approximately.
///
/// One sentence for all members: (problem, dynamics, x, K) -> F, hypergradient, y_K, diagnostics.
/// What a member needs beyond that goes into its initialiser.
public protocol HypergradientEstimator<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// F(x, y_K), its (estimated) total derivative with respect to x, and y_K.
  func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int
  ) -> HypergradientEstimate<Scalar>
}

/// What an estimator returns.
public struct HypergradientEstimate<Scalar: TensorScalar>: Sendable {
  /// F(x, y_K).
  public var upperValue: Scalar
  /// The estimate of d phi_K / dx, in the shapes of x.
  public var hypergradient: Parameters<Scalar>
  /// y_K.
  public var lower: Parameters<Scalar>
  /// What happened on the way.
  public var diagnostics: EstimatorDiagnostics

  /// An estimate with its parts.
  public init(
    upperValue: Scalar, hypergradient: Parameters<Scalar>, lower: Parameters<Scalar>,
    diagnostics: EstimatorDiagnostics
  ) {
    self.upperValue = upperValue
    self.hypergradient = hypergradient
    self.lower = lower
    self.diagnostics = diagnostics
  }

  /// Whether value, hypergradient and y_K are all finite. A numerical outcome, not an error.
  public var isFinite: Bool {
    upperValue.isFinite && lower.isFinite && hypergradient.isFinite
  }
}

/// What an estimator did, for records.
public struct EstimatorDiagnostics: Sendable, Equatable {
  /// K.
  public var innerSteps: Int
  /// Steps that were differentiated through (H for a truncated sweep; 0 for none).
  public var differentiatedSteps: Int
  /// What was kept of the trajectory: `none`, `states`, `linearizations`, `checkpoints`,
  /// `tangents`.
  public var storage: String
  /// The largest number of bytes kept of the trajectory at one time.
  public var storedBytes: Int

  /// Diagnostics with their parts.
  public init(innerSteps: Int, differentiatedSteps: Int, storage: String, storedBytes: Int) {
    self.innerSteps = innerSteps
    self.differentiatedSteps = differentiatedSteps
    self.storage = storage
    self.storedBytes = storedBytes
  }
}
