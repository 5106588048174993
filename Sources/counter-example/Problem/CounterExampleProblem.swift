import Bilevel
import Experiments

/// The article's proof by example, in n dimensions (n = 1 is the article's):
///
///     F = 1/2 |x - y2|^2 + 1/2 |y1 - e|^2,   f = 1/2 |y1|^2 - x' y1 + mu/2 |y2 - c|^2.
///
/// mu = 0: S(x) = {(x, anything)} and the optimum is x* = y1* = y2* = e with F* = 0, which a method
/// finds only if it moves y2 within S(x). mu > 0: S(x) = {(x, c)} and x* = (e + c) / 2, which every
/// sound method finds (with c = 1 again at e). Both hold while x* lies in the box X, else its nearest
/// point takes the place of x*.
///
/// The quartic member has 1/4 sum (y1 - x)^4 in the place of 1/2 |y1|^2 - x' y1: the same solutions,
/// without strong convexity in y1.
package struct CounterExampleProblem: Sendable, Equatable {
  /// n.
  package var dimension: Int
  /// mu.
  package var strongConvexity: Double
  /// c.
  package var target: Double
  /// y1 at the start, repeated over the coordinates as often as needed.
  package var firstStart: [Double]
  /// y2 at the start, likewise.
  package var secondStart: [Double]
  /// X is the box of all |x_i| <= this.
  package var upperBound: Double
  /// Whether the term in y1 is 1/4 sum (y1 - x)^4.
  package var isQuartic: Bool

  /// A problem with the given starts.
  package init(
    dimension: Int = 1, strongConvexity: Double = 0, target: Double = 1,
    firstStart: [Double] = [0], secondStart: [Double] = [0], upperBound: Double = 100,
    isQuartic: Bool = false
  ) {
    precondition(dimension >= 1, "A problem in \(dimension) dimensions has no variables.")
    precondition(
      !firstStart.isEmpty && !secondStart.isEmpty,
      "Starts of \(firstStart.count) and \(secondStart.count) values; at least one is needed.")
    self.dimension = dimension
    self.strongConvexity = strongConvexity
    self.target = target
    self.firstStart = firstStart
    self.secondStart = secondStart
    self.upperBound = upperBound
    self.isQuartic = isQuartic
  }

  /// The values repeated over n coordinates, as a tensor of shape `[n]`.
  package func spread<Scalar: TensorScalar>(_ values: [Double]) -> Tensor<Scalar> {
    Tensor((0..<dimension).map { Scalar(values[$0 % values.count]) })
  }

  /// x*, the same in every coordinate: min over y in S(x) of F is convex in each coordinate of x, so over
  /// the box X it is least where the box lies nearest to the minimum without bounds.
  package var optimalUpper: Double { nearest(to: strongConvexity > 0 ? (1 + target) / 2 : 1) }

  /// The point of X nearest to one that is the same in every coordinate.
  func nearest(to x: Double) -> Double { min(upperBound, max(-upperBound, x)) }

  /// (y1*, y2*).
  package var optimalLower: (first: Double, second: Double) {
    (optimalUpper, strongConvexity > 0 ? target : optimalUpper)
  }

  /// F*.
  package var optimalValue: Double {
    let (first, second) = optimalLower
    let gap = optimalUpper - second
    return Double(dimension) * (gap * gap + (first - 1) * (first - 1)) / 2
  }

  /// The bi-level problem with its closed-form objectives.
  package func bilevel<Scalar: TensorScalar>(as type: Scalar.Type) -> BilevelProblem<Scalar> {
    let (mu, c) = (Scalar(strongConvexity), Scalar(target))
    let lower: any Objective<Scalar> =
      isQuartic
      ? QuarticLowerObjective(strongConvexity: mu, target: c)
      : CounterExampleLowerObjective(strongConvexity: mu, target: c)
    return BilevelProblem(
      upper: CounterExampleUpperObjective(), lower: lower,
      initialLower: ConstantInitialLower(
        Parameters([spread(firstStart), spread(secondStart)])),
      upperFeasibleSet: Box(lower: Scalar(-upperBound), upper: Scalar(upperBound)))
  }

  /// The same problem written as expressions, all derivatives by `Autodiff`: the reference for the
  /// closed forms.
  package func bilevelByExpressions<Scalar: TensorScalar>(
    as type: Scalar.Type
  ) -> BilevelProblem<Scalar> {
    let (mu, c, isQuartic) = (Scalar(strongConvexity), Scalar(target), isQuartic)
    var problem = bilevel(as: type)
    problem.upper = ExpressionObjective { x, y in
      let gap = x[0] - y[1]
      let distance = y[0] - 1
      return 0.5 * ((gap * gap).sum() + (distance * distance).sum())
    }
    problem.lower = ExpressionObjective { x, y in
      let distance = y[1] - c
      if isQuartic {
        let gap = y[0] - x[0]
        return (0.25 * (gap * gap * gap * gap) + (0.5 * mu) * (distance * distance)).sum()
      }
      return (0.5 * (y[0] * y[0]) - x[0] * y[0] + (0.5 * mu) * (distance * distance)).sum()
    }
    return problem
  }
}
