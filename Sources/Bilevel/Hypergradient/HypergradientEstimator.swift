/// One way of computing the gradient of phi_K(x) = F(x, y_K(x)), exactly or approximately.
///
/// One sentence for all members: (problem, dynamics, x, K) -> F, hypergradient, y_K, diagnostics.
/// What a member needs beyond that goes into its initialiser.
public protocol HypergradientEstimator<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// F(x, y_K), its (estimated) total derivative with respect to x, and y_K.
  ///
  /// Pure: what an estimator wants to remember goes out in ``HypergradientEstimate/memory`` and comes
  /// back in here.
  ///
  /// - Parameters:
  ///   - n: the outer iteration, counted from 0, for schedules that depend on it.
  ///   - memory: what the previous outer iteration's estimate asked to be handed back; nil in the
  ///     first.
  func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar>
}

extension HypergradientEstimator {
  /// The estimate of the first outer iteration.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, memory: EstimatorMemory<Scalar>? = nil
  ) -> HypergradientEstimate<Scalar> {
    estimate(
      problem, dynamics: dynamics, upper: x, innerSteps: innerSteps, outerIteration: 0,
      memory: memory)
  }
}

/// What an estimator carries from one outer iteration to the next: points by their names, such as
/// `adjoint` (the q of implicit methods) or `minimizer` (the auxiliary lower variable of penalty
/// methods). Names are unique over all parts of an estimate, so that memories can be merged.
public typealias EstimatorMemory<Scalar: TensorScalar> = [String: Parameters<Scalar>]

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
  /// What the next outer iteration is to be handed; empty for estimators without memory.
  public var memory: EstimatorMemory<Scalar>

  /// An estimate with its parts.
  public init(
    upperValue: Scalar, hypergradient: Parameters<Scalar>, lower: Parameters<Scalar>,
    diagnostics: EstimatorDiagnostics, memory: EstimatorMemory<Scalar> = [:]
  ) {
    self.upperValue = upperValue
    self.hypergradient = hypergradient
    self.lower = lower
    self.diagnostics = diagnostics
    self.memory = memory
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
  /// How the linear solves of an implicit method ended: one, or one for each task of a meta-batch.
  public var linearSolves: [LinearSolverReport]
  /// The step k at which a pessimistically truncated trajectory was cut.
  public var selectedStep: Int?
  /// The multiplier of the lower level in a penalty method's direction.
  public var penaltyMultiplier: Double?

  /// Diagnostics with their parts.
  public init(
    innerSteps: Int, differentiatedSteps: Int, storage: String, storedBytes: Int,
    linearSolves: [LinearSolverReport] = [], selectedStep: Int? = nil,
    penaltyMultiplier: Double? = nil
  ) {
    self.innerSteps = innerSteps
    self.differentiatedSteps = differentiatedSteps
    self.storage = storage
    self.storedBytes = storedBytes
    self.linearSolves = linearSolves
    self.selectedStep = selectedStep
    self.penaltyMultiplier = penaltyMultiplier
  }

  /// The diagnostics of an estimate that has no inner loop: nothing was iterated, nothing kept.
  public static var withoutInnerLoop: EstimatorDiagnostics {
    EstimatorDiagnostics(innerSteps: 0, differentiatedSteps: 0, storage: "none", storedBytes: 0)
  }
}
