import Bilevel
import Experiments
import Results
import Tensors

/// What is measured at one point (x, y): distances per coordinate, so that n does not matter.
package struct CounterExampleMetrics {
  /// The problem, whose optimum distances are taken to.
  package let problem: CounterExampleProblem

  /// The metrics of a problem.
  package init(problem: CounterExampleProblem) { self.problem = problem }

  /// Names, units and directions of what is recorded per outer iteration and at the end.
  package static var perIteration: [RunRecord.Metric] {
    [
      .init(name: "x", unit: "1", betterWhen: .neither, headline: true),
      .init(name: "upperError", unit: "1", betterWhen: .lower, headline: true),
      .init(name: "lowerError", unit: "1", betterWhen: .lower, headline: true),
      .init(name: "firstLowerError", unit: "1", betterWhen: .lower),
      .init(name: "secondLowerError", unit: "1", betterWhen: .lower),
      .init(name: "upperObjective", unit: "1", betterWhen: .neither, headline: true),
      .init(name: "lowerGap", unit: "1", betterWhen: .lower),
      .init(name: "outerStep", unit: "1", betterWhen: .neither),
      .init(name: "stationaryPoint", unit: "1", betterWhen: .neither, headline: true),
      .init(name: "stationaryError", unit: "1", betterWhen: .lower),
      .init(name: "solverConvergedFraction", unit: "fraction", betterWhen: .neither),
    ]
  }

  /// The mean coordinate of x, root-mean-square distances to the optimum, F(x, y) and
  /// f(x, y) - min f(x, .), the last two divided by n.
  package func values<Scalar: TensorScalar>(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> [String: Double] {
    let x = x.tensors[0].scalars.map { Double($0) }
    let first = y.tensors[0].scalars.map { Double($0) }
    let second = y.tensors[1].scalars.map { Double($0) }
    let count = Double(x.count)
    let best = problem.optimalLower
    let firstError = Self.rootMeanSquare(first.map { $0 - best.first })
    let secondError = Self.rootMeanSquare(second.map { $0 - best.second })
    let gap = Self.rootMeanSquare(zip(x, second).map { $0 - $1 })
    let distance = Self.rootMeanSquare(first.map { $0 - 1 })
    let lowerGaps = zip(x, first).map { $0 - $1 }
    // 1/4 of the mean fourth power is half of the mean square of a square over the root of two.
    let lowerGap = Self.rootMeanSquare(
      problem.isQuartic ? lowerGaps.map { $0 * $0 / 2.0.squareRoot() } : lowerGaps)
    let targetGap = Self.rootMeanSquare(second.map { $0 - problem.target })
    return [
      "x": x.reduce(0, +) / count,
      "upperError": Self.rootMeanSquare(x.map { $0 - problem.optimalUpper }),
      "firstLowerError": firstError,
      "secondLowerError": secondError,
      "lowerError": (firstError * firstError + secondError * secondError).squareRoot(),
      "upperObjective": (gap * gap + distance * distance) / 2,
      "lowerGap": (lowerGap * lowerGap + problem.strongConvexity * targetGap * targetGap) / 2,
    ]
  }

  /// |x - x*| / sqrt(n).
  package func upperError<Scalar: TensorScalar>(_ x: Parameters<Scalar>) -> Double {
    Self.rootMeanSquare(x.tensors[0].scalars.map { Double($0) - problem.optimalUpper })
  }

  /// The root of the mean square.
  package static func rootMeanSquare(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(max(1, values.count))).squareRoot()
  }
}
