import Bilevel
import Experiments

/// Where a method based on gradient descent comes to rest on the counter-example's quartic member, in one
/// coordinate.
///
/// With e_k = y1_k - x, descent with step s gives e_{k+1} = e_k - s e_k^3, and the sensitivity
/// d_k = dy1_k/dx the recursion d_{k+1} = d_k + 3 s e_k^2 (1 - d_k). The second variable is as in
/// the quadratic member. An estimator that takes z for dy1/dx comes to rest at the root in x of
///
///     g(x) = (1 - z2) (x - y2) + z (y1 - 1),
///
/// found by bisection: nothing is shared with the library.
struct QuarticRecursion {
  private let settings: MethodSettings
  private let problem: CounterExampleProblem
  private let start: (Double, Double)
  private let estimator: String

  /// The recursion of an estimator by its name; nil for dynamics and estimators that none is declared
  /// for.
  init?(
    dynamics: String, estimator: String, _ settings: MethodSettings,
    _ problem: CounterExampleProblem, start: (Double, Double)
  ) {
    let known = [
      "reverse", "forward", "truncated-reverse", "conjugate-gradient", "neumann", "fixed-point",
    ]
    // A second variable that starts at its solution stays there, whatever x is.
    guard dynamics == "gradient-descent", known.contains(estimator), start.1 == problem.target
    else { return nil }
    self.settings = settings
    self.problem = problem
    self.start = start
    self.estimator = estimator
  }

  /// y1 and the sensitivity that the estimator takes for dy1/dx, at x.
  private func lower(at x: Double) -> (y: Double, sensitivity: Double) {
    let (step, steps) = (settings.inner.stepSize, settings.inner.steps)
    let window =
      estimator == "truncated-reverse" ? settings.truncation.history ?? (steps + 1) / 2 : steps
    var (e, d) = (start.0 - x, 0.0)
    for k in stride(from: 1, through: steps, by: 1) {
      if k == steps - window + 1 { d = 0 }
      d += 3 * step * e * e * (1 - d)
      e -= step * e * e * e
    }
    let (curvature, damping) = (3 * e * e, settings.solver.damping)
    switch estimator {
    // Where the curvature is zero and nothing is added, the solver sees a zero matrix and answers 0.
    case "conjugate-gradient": d = curvature == 0 ? 0 : curvature / (curvature + damping)
    case "neumann", "fixed-point":
      let eta = settings.solver.stepSize ?? step
      var (sum, power) = (0.0, 1.0)
      for _ in 0..<settings.solver.steps {
        sum += eta * power
        power *= 1 - eta * (curvature + damping)
      }
      d = curvature * sum
    default: break
    }
    return (x + e, d)
  }

  /// The root of g within 1 of c; nil where g has one sign there.
  var root: Double? {
    func g(_ x: Double) -> Double {
      let (y, d) = lower(at: x)
      return x - problem.target + d * (y - 1)
    }
    // Farther from the start, steps may no longer be stable.
    var (low, high) = (problem.target - 1, problem.target + 1)
    guard g(low) < 0, g(high) > 0 else { return nil }
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if g(middle) < 0 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
