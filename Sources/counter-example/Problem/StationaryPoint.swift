import Bilevel
import Experiments

/// Where a method's outer iterations on the counter-example come to rest, derived rather than run.
///
/// Every coordinate is a problem of its own. After K inner steps y1 = p1 + q1 x and y2 = p2 + q2 x,
/// and every estimator based on a linear model of y(x) returns, with its own sensitivities z,
///
///     g(x) = (1 - z2) (x - y2) + z1 (y1 - 1),
///
/// which vanishes at x = ((1 - z2) p2 + z1 (1 - p1)) / ((1 - z2) (1 - q2) + z1 q1). Exact methods
/// have z = q, and the point is then the minimiser of phi_K. The recursions are scalar and share
/// nothing with the library but the schedules' weights: they are what its results are held against.
package enum StationaryPoint: Sendable, Equatable {
  /// The point, one coordinate of x.
  case at(Double)
  /// There is none that can be derived, or none at all; the sentence says why.
  case absent(String)

  /// The point, if there is one.
  package var value: Double? {
    if case .at(let value) = self { value } else { nil }
  }

  /// Where the method comes to rest in one coordinate that starts at (y1, y2).
  ///
  /// `outerIteration` matters for schedules that change over outer iterations: the point is then
  /// that of the weights in that iteration. Dynamics and estimators for which no recursion is declared
  /// here have no derived point.
  package init(
    _ method: Method, _ settings: MethodSettings, on problem: CounterExampleProblem,
    start: (Double, Double), outerIteration: Int
  ) {
    let settings = method.applied(to: settings)
    guard !problem.isQuartic else {
      let recursion = QuarticRecursion(
        dynamics: method.dynamics.name, estimator: method.estimator.name, settings, problem,
        start: start)
      let plain = settings.lowerSet.kind == .none && !settings.inner.learnsStart
      if plain, Self.solvesExactly(method, settings), let root = recursion?.root {
        self = .at(problem.nearest(to: root))
      } else {
        self = .absent(
          "No recursion of the quartic member is declared for \(method.dynamics.name) with "
            + "\(method.estimator.name) from this start.")
      }
      return
    }
    if let reason = Self.obstacle(method, settings, problem, outerIteration: outerIteration) {
      self = .absent(reason)
      return
    }
    switch method.estimator.name {
    case "value-function-penalty":
      self = .at(
        problem.nearest(to: Self.penaltyMinimizer(problem, gamma: settings.penalty.weight)))
      return
    case "pessimistic-truncation" where settings.inner.steps < 2:
      self = .absent("With one inner step there is no trajectory to cut.")
      return
    case "dynamic-barrier", "pessimistic-truncation":
      self = .at(problem.optimalUpper)
      return
    default: break
    }
    guard
      let affine = AffineRecursion(
        method.dynamics.name, settings, problem, start: start, outerIteration: outerIteration),
      let z = Self.sensitivities(
        method, settings, problem, affine, outerIteration: outerIteration)
    else {
      self = .absent(
        "No recursion is declared for \(method.dynamics.name) with \(method.estimator.name).")
      return
    }
    let slope = (1 - z.second) * (1 - affine.second.slope) + z.first * affine.first.slope
    let constant =
      (1 - z.second) * affine.second.constant + z.first * (1 - affine.first.constant)
    guard slope > 0 else {
      self = .absent("The hypergradient has slope \(slope) in x and does not lead to a point.")
      return
    }
    // Outer steps that are projected onto X come to rest at its nearest point: g is increasing in x.
    self = .at(problem.nearest(to: constant / slope))
  }

  /// Whether a linear solver does what is derived here: as many steps as are set from zero, or the
  /// solution itself. A residual of a millionth moves the point by less than it is compared to.
  private static func solvesExactly(_ method: Method, _ settings: MethodSettings) -> Bool {
    guard method.estimator.settings.contains("solver.tolerance") else { return true }
    let isSeries = method.estimator.name != "conjugate-gradient"
    return settings.solver.tolerance <= 1e-6 && !(isSeries && settings.solver.startsWarm)
  }

  private static func obstacle(
    _ method: Method, _ settings: MethodSettings, _ problem: CounterExampleProblem,
    outerIteration: Int
  ) -> String? {
    if settings.lowerSet.kind != .none { return "The projection onto Y is not linear in x." }
    if !solvesExactly(method, settings) {
      return "The linear solver stops early, or goes on from its last solution."
    }
    let isQuiet = problem.strongConvexity == 0 || problem.target == 1
    switch (method.dynamics.name, method.estimator.name) {
    case (_, "value-function-penalty") where outerIteration < settings.penalty.iterations:
      return "The penalty weight is still rising."
    case ("learned-aggregation", _): return "Learned weights change phi_K while it is minimised."
    case ("proximal-gradient", _): return "The proximal step is not linear in x."
    case (_, "conjugate-gradient")
    where !method.dynamics.aggregates && problem.strongConvexity == 0
      && settings.solver.damping == 0:
      return "Conjugate gradients break down on the singular Hessian after one step, which leaves "
        + "g = (a^2 + a b + b^2) / a with a = y1 - 1 and b = x - y2: no zero, a pole at x = 1."
    case ("gradient-descent", "pessimistic-truncation")
    where isQuiet && settings.inner.learnsStart:
      return nil
    case (_, "pessimistic-truncation"): return "phi_K is a maximum over k."
    case (_, "dynamic-barrier") where !isQuiet:
      return "The barrier method approaches x* more slowly than any rate that is derived here."
    default:
      if settings.inner.learnsStart { return "A learned start changes phi_K." }
      return nil
    }
  }

  /// z: what the estimator takes for (dy1/dx, dy2/dx); nil where that is not declared.
  private static func sensitivities(
    _ method: Method, _ settings: MethodSettings, _ problem: CounterExampleProblem,
    _ affine: AffineRecursion, outerIteration: Int
  ) -> (first: Double, second: Double)? {
    let aggregates = method.dynamics.aggregates
    let step = settings.lowerStepSize(aggregating: aggregates)
    let weights = AggregationSchedule(
      settings.aggregation.schedule, alpha: aggregates ? settings.aggregation.alpha : 0
    ).steadyWeights(outerIteration: outerIteration)
    let l = weights.lower
    let u = weights.upper * settings.upperStepSize / step
    let damping = settings.solver.damping
    switch method.estimator.name {
    case "reverse", "forward": return (affine.first.slope, affine.second.slope)
    case "truncated-reverse": return affine.tail
    case "one-stage": return (step * l, step * u)
    case "conjugate-gradient":
      return (
        l / (u + l + damping), u == 0 ? 0 : u / (u + l * problem.strongConvexity + damping)
      )
    case "neumann", "fixed-point":
      let eta = settings.solver.stepSize ?? step
      func sum(_ weight: Double, _ curvature: Double) -> Double {
        var (total, power) = (0.0, 1.0)
        for _ in 0..<settings.solver.steps {
          total += eta * power
          power *= 1 - eta * (curvature + damping)
        }
        return weight * total
      }
      return (sum(l, u + l), sum(u, u + l * problem.strongConvexity))
    default: return nil
    }
  }

  /// x at the minimum of F + gamma (f - min f) in x and y together.
  private static func penaltyMinimizer(
    _ problem: CounterExampleProblem, gamma: Double
  ) -> Double {
    let pull = gamma * problem.strongConvexity
    let (a, b) = (pull / (1 + pull), gamma / (1 + gamma))
    return (a * problem.target + b) / (a + b)
  }
}

/// y1 and y2 after some inner steps as affine functions of x, in one coordinate.
struct AffineRecursion {
  /// constant + slope x.
  struct Line {
    var constant: Double
    var slope: Double
  }

  private(set) var first: Line
  private(set) var second: Line
  /// The slopes that only the last H steps account for: what a truncated sweep sees.
  private(set) var tail = (first: 0.0, second: 0.0)

  /// The recursion of dynamics by their name; nil for those that none is declared for.
  init?(
    _ dynamics: String, _ settings: MethodSettings, _ problem: CounterExampleProblem,
    start: (Double, Double), outerIteration: Int
  ) {
    let (aggregates, momentum): (Bool, Double)
    switch dynamics {
    case "gradient-descent": (aggregates, momentum) = (false, 0)
    case "descent-aggregation": (aggregates, momentum) = (true, 0)
    case "heavy-ball": (aggregates, momentum) = (false, settings.inner.momentum)
    case "heavy-ball-aggregation": (aggregates, momentum) = (true, settings.inner.momentum)
    default: return nil
    }
    let steps = settings.inner.steps
    first = Line(constant: start.0, slope: 0)
    second = Line(constant: start.1, slope: 0)
    let schedule = AggregationSchedule(
      settings.aggregation.schedule, alpha: aggregates ? settings.aggregation.alpha : 0)
    let step = settings.lowerStepSize(aggregating: aggregates)
    let (mu, c) = (problem.strongConvexity, problem.target)
    let window = settings.truncation.history ?? (steps + 1) / 2
    var before = (first, second)
    var tailBefore = tail
    for k in stride(from: 1, through: steps, by: 1) {
      var (u, l) = (0.0, step)
      if aggregates {
        let weights = schedule.weights(step: k, outerIteration: outerIteration)
        (u, l) = (weights.upper * settings.upperStepSize, weights.lower * step)
      }
      if k == steps - window + 1 { (tail, tailBefore) = ((0, 0), (0, 0)) }
      let (a, b, t) = (first, second, tail)
      first = Line(
        constant: a.constant - u * (a.constant - 1) - l * a.constant
          + momentum * (a.constant - before.0.constant),
        slope: a.slope - u * a.slope - l * (a.slope - 1) + momentum * (a.slope - before.0.slope))
      second = Line(
        constant: b.constant - u * b.constant - l * mu * (b.constant - c)
          + momentum * (b.constant - before.1.constant),
        slope: b.slope - u * (b.slope - 1) - l * mu * b.slope
          + momentum * (b.slope - before.1.slope))
      tail = (
        t.first - u * t.first - l * (t.first - 1) + momentum * (t.first - tailBefore.first),
        t.second - u * (t.second - 1) - l * mu * t.second
          + momentum * (t.second - tailBefore.second)
      )
      before = (a, b)
      tailBefore = t
    }
  }
}
