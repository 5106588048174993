/// What methods can be told, by sections: the one vocabulary of all experiments.
///
/// A section's member is a key of configuration files and `--set`, such as `inner.stepSize`; every
/// default here is the default everywhere, and protocols state what they change.
/// ``MethodSettings/keys`` says of each key what it means, its unit and its range; a method's
/// dynamics and estimator say which keys they read.
public struct MethodSettings: Codable, Sendable, Equatable {
  /// The inner loop.
  public var inner = Inner()
  /// Descent aggregation (BDA).
  public var aggregation = Aggregation()
  /// Truncated sweeps (T-RHG).
  public var truncation = Truncation()
  /// The linear solvers of implicit hypergradients.
  public var solver = Solver()
  /// One-stage differences.
  public var oneStage = OneStage()
  /// Value-function methods.
  public var penalty = Penalty()
  /// Proximal-gradient dynamics.
  public var proximal = Proximal()
  /// Y, the set that the inner loop is projected onto.
  public var lowerSet = LowerSet()
  /// What sweeps keep in memory.
  public var trajectory = Trajectory()

  /// The defaults.
  public init() {}

  /// The inner loop.
  public struct Inner: Codable, Sendable, Equatable {
    /// K.
    public var steps = 100
    /// s_l.
    public var stepSize = 0.1
    /// beta of dynamics with momentum.
    public var momentum = 0.9
    /// Whether each inner loop starts from the last y_K.
    public var startsWarm = false
    /// Whether y_0 is a part of the upper variable.
    public var learnsStart = false
    /// Whether learned rates are one number for all scalars of y.
    public var sharesOneRate = false

    /// An inner loop of K steps of the given size.
    public init(steps: Int = 100, stepSize: Double = 0.1) {
      self.steps = steps
      self.stepSize = stepSize
    }
  }

  /// Descent aggregation (BDA).
  public struct Aggregation: Codable, Sendable, Equatable {
    /// The rule of the weights.
    public var schedule = AggregationSchedule.Rule.harmonic
    /// The rule's parameter; where weights are learned, their start.
    public var alpha = 0.5
    /// s_u; unset means s_l.
    public var upperStepSize: Double?
    /// s_l of aggregating dynamics where it differs from `inner.stepSize`.
    public var lowerStepSize: Double?
    /// Whether learned weights are one per inner step, not one for all.
    public var learnsWeightPerStep = false
    /// Whether s_u and s_l are learned too.
    public var learnsStepSizes = false

    /// Aggregation by a rule.
    public init(
      schedule: AggregationSchedule.Rule = .harmonic, alpha: Double = 0.5,
      upperStepSize: Double? = nil
    ) {
      self.schedule = schedule
      self.alpha = alpha
      self.upperStepSize = upperStepSize
    }
  }

  /// Truncated sweeps (T-RHG).
  public struct Truncation: Codable, Sendable, Equatable {
    /// H; unset means half of K, rounded up.
    public var history: Int?
  }

  /// The linear solvers of implicit hypergradients.
  public struct Solver: Codable, Sendable, Equatable {
    /// Steps, each with one Hessian-vector product; a Neumann series of so many summands.
    public var steps = 20
    /// The residual at which it stops, relative to |F_y|.
    public var tolerance = 1e-8
    /// eta of Neumann series and fixed-point iteration; unset means s_l.
    public var stepSize: Double?
    /// Added to the diagonal of the lower Hessian.
    public var damping = 0.0
    /// Whether it starts from the last outer iteration's solution.
    public var startsWarm = false
  }

  /// One-stage differences.
  public struct OneStage: Codable, Sendable, Equatable {
    /// r, the distance by which y is moved.
    public var radius = 0.01
  }

  /// Value-function methods.
  public struct Penalty: Codable, Sendable, Equatable {
    /// gamma of V-PBGD at the end (0.2 in the official hyper-cleaning script).
    public var weight = 0.2
    /// gamma at the start.
    public var initialWeight = 0.0
    /// Outer iterations over which gamma rises; 0 for a constant gamma.
    public var iterations = 0
    /// eta of BOME's dynamic barrier (0.5 as recalled from the article, to be checked).
    public var barrierRatio = 0.5
    /// The outer learning rate of methods that move x and y together; unset means
    /// `outer.learningRate`.
    public var learningRate: Double?
  }

  /// Proximal-gradient dynamics.
  public struct Proximal: Codable, Sendable, Equatable {
    /// The penalty r.
    public var penalty = ProximalChoice.l1
    /// The weight of the l1 penalty, or half the width of the box.
    public var size = 0.001
  }

  /// The penalties of proximal-gradient dynamics by name.
  public enum ProximalChoice: String, NamedChoice {
    /// ``ProximalGradient/Penalty/l1(weight:)``.
    case l1
    /// ``ProximalGradient/Penalty/box(lower:upper:)``, symmetric about 0.
    case box
  }

  /// The set that the inner loop is projected onto.
  public struct LowerSet: Codable, Sendable, Equatable {
    /// Which set.
    public var kind = LowerSetChoice.none
    /// Half the width of the box, the sum of the simplex or the radius of the ball.
    public var size = 1.0
  }

  /// The sets Y by name.
  public enum LowerSetChoice: String, NamedChoice {
    /// The whole space.
    case none
    /// ``Box``, symmetric about 0.
    case box
    /// ``Simplex``.
    case simplex
    /// ``Ball``.
    case ball
  }

  /// What sweeps keep in memory.
  public struct Trajectory: Codable, Sendable, Equatable {
    /// Megabytes that reverse mode may keep before it recomputes instead; unset means
    /// ``TrajectoryMemory/defaultBytes``.
    public var megabytes: Int?
    /// Tangents that forward mode carries at a time.
    public var tangentsPerBlock = 64
  }
}

extension MethodSettings {
  /// Whether a key of these sections has an effect on any method, given the values of the others.
  public func hasEffect(_ key: String) -> Bool {
    switch key {
    case "lowerSet.size": lowerSet.kind != .none
    case "penalty.initialWeight": penalty.iterations > 0
    default: true
    }
  }

  /// s_l of dynamics that aggregate or do not.
  public func lowerStepSize(aggregating: Bool) -> Double {
    aggregating ? aggregation.lowerStepSize ?? inner.stepSize : inner.stepSize
  }

  /// s_u.
  public var upperStepSize: Double {
    aggregation.upperStepSize ?? lowerStepSize(aggregating: true)
  }

  /// H of truncated sweeps through K steps: half of them, rounded up, unless given.
  public func truncationHistory(innerSteps: Int) -> Int {
    truncation.history ?? innerSteps / 2 + innerSteps % 2
  }

  /// Bytes of trajectory that reverse mode may keep.
  public var trajectoryBytes: Int {
    guard let megabytes = trajectory.megabytes else { return TrajectoryMemory.defaultBytes }
    let (bytes, overflows) = max(0, megabytes).multipliedReportingOverflow(by: 1 << 20)
    return overflows ? Int.max : bytes
  }

  /// Y, where the inner loop is projected.
  func lowerFeasibleSet<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) throws(MethodError) -> (any DifferentiableFeasibleSet<Scalar>)? {
    switch lowerSet.kind {
    case .none: return nil
    case .box:
      let half = try positive(lowerSet.size, "half width of a box", as: type)
      return Box(lower: -half, upper: half)
    case .simplex: return Simplex(total: try positive(lowerSet.size, "sum of a simplex", as: type))
    case .ball: return Ball(radius: try positive(lowerSet.size, "radius of a ball", as: type))
    }
  }
}
