import Bilevel

/// The paper's counter-example (facts of arXiv 2006.04045, section 3; sl-BAMM
/// `merely_convex/strategy3.py` for n > 1):
/// F = 1/2 |x - y2|^2 + 1/2 |y1 - 1|^2, f = 1/2 |y1|^2 - x' y1, S(x) = {(x, anything)}.
func counterExample<Scalar: TensorScalar>(
  start: (Scalar, Scalar), dimension n: Int = 1
) -> BilevelProblem<Scalar> {
  BilevelProblem(
    upper: ExpressionObjective { x, y in
      let gap = x[0] - y[1]
      let distance = y[0] - 1
      return 0.5 * ((gap * gap).sum() + (distance * distance).sum())
    },
    lower: ExpressionObjective { x, y in (0.5 * (y[0] * y[0]) - x[0] * y[0]).sum() },
    initialLower: ConstantInitialLower(
      Parameters([
        Tensor(repeating: start.0, shape: [n]), Tensor(repeating: start.1, shape: [n]),
      ])))
}

/// The exact minimiser of phi_K for n = 1, from a scalar recursion that shares no code with the
/// library: y1 = p1 + q1 x and y2 = p2 + q2 x are affine in x, so phi_K is a parabola.
func exactSurrogateMinimizer(
  start: (Double, Double), steps: Int, weights: (Int) -> (upper: Double, lower: Double)
) -> Double {
  var (p1, q1, p2, q2) = (start.0, 0.0, start.1, 0.0)
  for k in 1...steps {
    let (u, l) = weights(k)
    (p1, q1) = (p1 - u * (p1 - 1) - l * p1, q1 - u * q1 - l * (q1 - 1))
    (p2, q2) = (p2 - u * p2, q2 - u * (q2 - 1))
  }
  // d/dx of 1/2 (x - p2 - q2 x)^2 + 1/2 (p1 + q1 x - 1)^2 = 0.
  return ((1 - q2) * p2 + q1 * (1 - p1)) / ((1 - q2) * (1 - q2) + q1 * q1)
}

/// The root of the hypergradient in x (n = 1), which is affine because phi_K is a parabola.
func rootOfHypergradient<Scalar: TensorScalar>(
  _ problem: BilevelProblem<Scalar>, _ dynamics: any InnerDynamics<Scalar>,
  _ estimator: any HypergradientEstimator<Scalar>, steps: Int
) -> Scalar {
  func slope(_ x: Scalar) -> Scalar {
    estimator.estimate(
      problem, dynamics: dynamics, upper: Parameters(Tensor([x])), innerSteps: steps
    ).hypergradient.tensors[0].scalars[0]
  }
  let (atZero, atOne) = (slope(0), slope(1))
  return atZero / (atZero - atOne)
}
