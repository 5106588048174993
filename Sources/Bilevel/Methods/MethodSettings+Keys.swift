extension MethodSettings {
  /// Every key of the methods' sections, in the order of the sections.
  public static let keys: [SettingKey<MethodSettings>] = [
    .whole("inner.steps", "K, inner steps", 1...10_000_000) { $0.inner.steps },
    .positive("inner.stepSize", "s_l, the step size of the lower direction") { $0.inner.stepSize },
    .properFraction("inner.momentum", "beta of dynamics with momentum") { $0.inner.momentum },
    .flag("inner.startsWarm", "whether each inner loop starts from the last y_K") {
      $0.inner.startsWarm
    },
    .flag("inner.learnsStart", "whether y_0 is a part of the upper variable") {
      $0.inner.learnsStart
    },
    .flag("inner.sharesOneRate", "whether learned rates are one number for all of y") {
      $0.inner.sharesOneRate
    },
    .choice("aggregation.schedule", "the rule of BDA's weights a_k and b_k") {
      $0.aggregation.schedule
    },
    .fraction("aggregation.alpha", "alpha, the rule's parameter; its start where it is learned") {
      $0.aggregation.alpha
    },
    .optionalPositive("aggregation.upperStepSize", "s_u; null means s_l") {
      $0.aggregation.upperStepSize
    },
    .optionalPositive(
      "aggregation.lowerStepSize", "s_l of aggregating dynamics; null means inner.stepSize"
    ) { $0.aggregation.lowerStepSize },
    .flag("aggregation.learnsWeightPerStep", "whether learned weights are one per inner step") {
      $0.aggregation.learnsWeightPerStep
    },
    .flag("aggregation.learnsStepSizes", "whether s_u and s_l are learned too") {
      $0.aggregation.learnsStepSizes
    },
    .optionalWhole(
      "truncation.history", "H, the steps that T-RHG goes back; null means half of K, rounded up",
      1...10_000_000
    ) { $0.truncation.history },
    .whole(
      "solver.steps",
      "steps of the linear solver, one Hessian-vector product each; summands of a Neumann series",
      1...10_000_000
    ) { $0.solver.steps },
    .properFraction("solver.tolerance", "the residual at which it stops, relative to |F_y|") {
      $0.solver.tolerance
    },
    .optionalPositive(
      "solver.stepSize", "eta of Neumann series and fixed-point iteration; null means s_l"
    ) { $0.solver.stepSize },
    .notNegative("solver.damping", "added to the diagonal of the lower Hessian") {
      $0.solver.damping
    },
    .flag("solver.startsWarm", "whether it starts from the last outer iteration's solution") {
      $0.solver.startsWarm
    },
    .positive("oneStage.radius", "r, the distance by which one-stage differences move y") {
      $0.oneStage.radius
    },
    .positive("penalty.weight", "gamma of V-PBGD") { $0.penalty.weight },
    .notNegative("penalty.initialWeight", "gamma in the first outer iteration, where it rises") {
      $0.penalty.initialWeight
    },
    .whole(
      "penalty.iterations", "outer iterations over which gamma rises; 0 for a constant gamma",
      0...1_000_000_000
    ) { $0.penalty.iterations },
    .positive("penalty.barrierRatio", "eta of BOME's dynamic barrier") { $0.penalty.barrierRatio },
    .optionalPositive(
      "penalty.learningRate",
      "outer learning rate of methods that move x and y together; null means outer.learningRate"
    ) { $0.penalty.learningRate },
    .choice("proximal.penalty", "the penalty of proximal-gradient dynamics") {
      $0.proximal.penalty
    },
    .positive("proximal.size", "the weight of the l1 penalty, or half the width of the box") {
      $0.proximal.size
    },
    .choice("lowerSet.kind", "Y, the set that the inner loop is projected onto") {
      $0.lowerSet.kind
    },
    .positive(
      "lowerSet.size", "half the width of the box, the sum of the simplex, the radius of the ball"
    ) { $0.lowerSet.size },
    .optionalWhole(
      "trajectory.megabytes",
      "what reverse mode may keep before it recomputes; null means a 256th of the machine's memory, "
        + "at least 96", unit: "MiB", 0...1_000_000
    ) { $0.trajectory.megabytes },
    .whole(
      "trajectory.tangentsPerBlock", "tangents that forward mode carries at a time", 1...1_000_000
    ) { $0.trajectory.tangentsPerBlock },
  ]

  /// Keys that concern every method.
  static let commonKeys: Set<String> = [
    "inner.steps", "inner.stepSize", "inner.startsWarm", "inner.learnsStart", "lowerSet.kind",
    "lowerSet.size",
  ]

  /// Keys that change time and memory and nothing else.
  public static let costKeys: Set<String> = [
    "trajectory.megabytes", "trajectory.tangentsPerBlock",
  ]
}

extension OuterSettings {
  /// Every key of the section `outer`.
  public static let keys: [SettingKey<OuterSettings>] = [
    .choice("outer.optimizer", "the outer optimiser") { $0.optimizer },
    .positive("outer.learningRate", "the learning rate in outer iteration 0") { $0.learningRate },
    .properFraction("outer.momentum", "m of the momentum optimiser") { $0.momentum },
    .whole("outer.iterations", "outer iterations", 1...1_000_000_000) { $0.iterations },
    .notNegative(
      "outer.tolerance",
      "the loop ends once |x_{n+1} - x_n| / sqrt(count of x) is at most this; 0 runs all iterations"
    ) { $0.tolerance },
    .choice("outer.decay", "how the learning rate falls") { $0.decay },
    .notNegative("outer.inverseTimeDecay", "d in rate / (1 + d n), for inverse-time decay") {
      $0.inverseTimeDecay
    },
    .notNegative("outer.finalLearningRate", "the rate at the end of a cosine decay") {
      $0.finalLearningRate
    },
    .optionalWhole(
      "outer.cosineIterations", "outer iterations of the cosine; null means all of the run",
      1...1_000_000_000
    ) { $0.cosineIterations },
    .optionalPositive("outer.clippingNorm", "the norm that hypergradients are scaled down to") {
      $0.clippingNorm
    },
    .optionalPositive("outer.clippingValue", "the value that each coordinate is clamped to") {
      $0.clippingValue
    },
  ]
}
