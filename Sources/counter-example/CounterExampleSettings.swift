import Bilevel
import Experiments

/// Everything that defines a run: what a protocol fixes and a user may override.
///
/// Written in the order of the pipeline; the names are those of `--set` and of configuration files.
struct CounterExampleSettings: Codable, Sendable, Equatable {
  var problem = Problem()
  var start = Start()
  var inner = Inner()
  var aggregation = Aggregation()
  var truncation = Truncation()
  var solver = Solver()
  var oneStage = OneStage()
  var penalty = Penalty()
  var details = MethodDetails()
  var upper = Upper()
  var outer = OuterDetails()
  var evaluation = Evaluation()

  /// Which member of the family.
  struct Problem: Codable, Sendable, Equatable {
    /// n.
    var dimension = 1
    /// mu: 0 is the article's problem, more makes the lower solution unique.
    var strongConvexity = 0.0
    /// c, the y2 that the unique lower solution has.
    var target = 1.0
    /// X is the box of all |x_i| <= this.
    var upperBound = 100.0
  }

  /// Where everything starts; lists are repeated over the coordinates.
  struct Start: Codable, Sendable, Equatable {
    /// x_0.
    var upper = [0.0]
    /// y1 in y_0.
    var first = [0.0]
    /// y2 in y_0.
    var second = [0.0]
  }

  /// The inner loop.
  struct Inner: Codable, Sendable, Equatable {
    /// K.
    var steps = 64
    /// s_l.
    var stepSize = 0.5
    /// beta of heavy-ball dynamics.
    var momentum = 0.5
    /// Whether each inner loop starts from the last y_K.
    var startsWarm = false
  }

  /// Descent aggregation (BDA).
  struct Aggregation: Codable, Sendable, Equatable {
    var schedule = AggregationSchedule.Rule.harmonic
    var alpha = 0.5
    /// s_u; unset means s_l.
    var upperStepSize: Double?
  }

  /// Truncated sweeps (T-RHG).
  struct Truncation: Codable, Sendable, Equatable {
    /// H; unset means half of K, rounded up.
    var history: Int?
  }

  /// Linear solvers of implicit methods.
  struct Solver: Codable, Sendable, Equatable {
    /// Conjugate-gradient or fixed-point steps; Neumann terms are one fewer.
    var steps = 20
    /// Relative to |F_y|.
    var tolerance = 1e-8
    /// Added to the diagonal of the lower Hessian.
    var damping = 0.0
    /// eta of Neumann series and fixed-point iteration; unset means s_l.
    var stepSize: Double?
    /// Whether each solve starts from the last one's solution. Off by default: a cold start is what
    /// the derived points are about.
    var startsWarm = false
  }

  /// One-stage differences.
  struct OneStage: Codable, Sendable, Equatable {
    /// r, the distance by which y is moved.
    var radius = 0.01
  }

  /// Value-function methods.
  struct Penalty: Codable, Sendable, Equatable {
    /// gamma of V-PBGD.
    var weight = 1.0
    /// eta of BOME.
    var barrierRatio = 0.5
    /// Their outer learning rate: x and y move together, so that steps must be shorter.
    var learningRate = 0.3
  }

  /// The outer loop.
  struct Upper: Codable, Sendable, Equatable {
    var optimizer = OuterSettings.Kind.gradient
    var learningRate = 0.6
    /// Of the momentum optimiser.
    var momentum = 0.9
    var iterations = 200
    /// The loop ends early once |x_{n+1} - x_n| / sqrt(n) is at most this; 0 runs all iterations,
    /// but in sweeps, where no curve is kept, it then is 1e-10.
    var tolerance = 0.0
  }

  /// What is measured, and how often.
  struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    var every = 1
  }
}

extension CounterExampleSettings {
  /// The problem that the settings describe.
  var counterExample: CounterExampleProblem {
    CounterExampleProblem(
      dimension: problem.dimension, strongConvexity: problem.strongConvexity,
      target: problem.target, firstStart: start.first, secondStart: start.second,
      upperBound: problem.upperBound)
  }

  /// A method's settings under these.
  func methodSettings(_ method: CounterExampleMethod) -> MethodSettings {
    var result = MethodSettings(
      method.combination, innerStepSize: inner.stepSize,
      upperStepSize: aggregation.upperStepSize, schedule: aggregation.schedule,
      alpha: aggregation.alpha, history: truncation.history)
    result.learnsInitialization = method.learnsInitialization
    result.innerMomentum = inner.momentum
    result.solverSteps = solver.steps
    result.solverTolerance = solver.tolerance
    result.solverStepSize = solver.stepSize
    result.damping = solver.damping
    result.solverStartsWarm = solver.startsWarm
    result.oneStageRadius = oneStage.radius
    result.penaltyWeight = penalty.weight
    result.barrierRatio = penalty.barrierRatio
    return details.applied(to: result)
  }

  /// The outer optimiser of a method.
  func outerSettings(_ method: CounterExampleMethod) -> OuterSettings {
    outer.applied(
      to: OuterSettings(
        upper.optimizer,
        rate: method.movesLowerVariable ? penalty.learningRate : upper.learningRate,
        momentum: upper.momentum), iterations: upper.iterations)
  }

  /// Throws the first setting that makes no sense, with what it must be.
  func validate() throws(ConfigurationError) {
    try require(
      (1...10_000_000).contains(problem.dimension), "problem.dimension", problem.dimension,
      "at least 1 and at most 10000000")
    try requireNotNegative(problem.strongConvexity, "problem.strongConvexity")
    try require(problem.target.isFinite, "problem.target", problem.target, "finite")
    try requirePositive(problem.upperBound, "problem.upperBound")
    for (values, key) in [
      (start.upper, "start.upper"), (start.first, "start.first"), (start.second, "start.second"),
    ] {
      try require(
        !values.isEmpty && values.allSatisfy(\.isFinite), key, values,
        "a list of finite numbers, such as [0]")
    }
    try require(inner.steps >= 1, "inner.steps", inner.steps, "at least 1")
    try requirePositive(inner.stepSize, "inner.stepSize")
    try require(
      (0..<1).contains(inner.momentum), "inner.momentum", inner.momentum, "in [0, 1)")
    try require(
      (0...1).contains(aggregation.alpha), "aggregation.alpha", aggregation.alpha,
      "between 0 and 1")
    if let size = aggregation.upperStepSize {
      try requirePositive(size, "aggregation.upperStepSize")
    }
    if let history = truncation.history {
      try require(history >= 1, "truncation.history", history, "at least 1")
    }
    try require(solver.steps >= 1, "solver.steps", solver.steps, "at least 1")
    try requireNotNegative(solver.tolerance, "solver.tolerance")
    try requireNotNegative(solver.damping, "solver.damping")
    if let size = solver.stepSize { try requirePositive(size, "solver.stepSize") }
    try requirePositive(oneStage.radius, "oneStage.radius")
    try requirePositive(penalty.weight, "penalty.weight")
    try requirePositive(penalty.barrierRatio, "penalty.barrierRatio")
    try requirePositive(penalty.learningRate, "penalty.learningRate")
    try requirePositive(upper.learningRate, "upper.learningRate")
    try require((0..<1).contains(upper.momentum), "upper.momentum", upper.momentum, "in [0, 1)")
    try require(upper.iterations >= 1, "upper.iterations", upper.iterations, "at least 1")
    try requireNotNegative(upper.tolerance, "upper.tolerance")
    try require(evaluation.every >= 1, "evaluation.every", evaluation.every, "at least 1")
    try details.validate()
    try outer.validate()
  }

  private func requirePositive(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value.isFinite && value > 0, key, value, "a positive finite number")
  }

  private func requireNotNegative(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value.isFinite && value >= 0, key, value, "a finite number of at least 0")
  }

  private func require(
    _ condition: Bool, _ key: String, _ value: Any, _ wanted: String
  ) throws(ConfigurationError) {
    guard !condition else { return }
    throw ConfigurationError(
      .invalidOption,
      "The setting \(key) is \(value) but must be \(wanted); correct it with --set \(key)=... or in "
        + "the configuration file.")
  }
}
