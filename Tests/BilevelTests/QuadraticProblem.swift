import Bilevel
import TestSupport

/// A strongly convex quadratic lower level: f = 1/2 y'Ay - y'Bx, F = 1/2 |y - t|^2 + c/2 |x|^2.
///
/// y_{k+1} = (I - sA) y_k + s B x is affine, so y_K and dy_K/dx are matrix powers, computed here by
/// plain loops: g = c x + Z_K' (y_K - t).
struct QuadraticProblem: Sendable {
  var hessian: Tensor<Double>
  let coupling: Tensor<Double>
  let target: Tensor<Double>
  var start: Tensor<Double>
  let curvature = 0.3

  init(lowerCount m: Int = 5, upperCount n: Int = 3, seed: UInt64 = 11) {
    var stream = RandomStream(seed: seed, purpose: "quadratic problem")
    let root: Tensor<Double> = stream.uniform([m, m], in: -0.5..<0.5)
    var hessian = root.multiplied(by: root, transposingOther: true)
    // Eigenvalues in [0.5, 0.5 + |root|^2]: well conditioned by construction.
    hessian.withUnsafeMutableScalars { for index in 0..<m { $0[index * m + index] += 0.5 } }
    self.hessian = hessian
    coupling = stream.uniform([m, n], in: -1..<1)
    target = stream.uniform([m], in: -1..<1)
    start = stream.uniform([m], in: -1..<1)
  }

  var upperCount: Int { coupling.shape[1] }

  func point(_ seed: UInt64 = 1) -> Parameters<Double> {
    var stream = RandomStream(seed: seed, purpose: "point")
    return Parameters(stream.uniform([upperCount], in: -1..<1))
  }

  var problem: BilevelProblem<Double> {
    let (hessian, coupling, target, curvature) = (hessian, coupling, target, curvature)
    return BilevelProblem(
      upper: ExpressionObjective { x, y in
        let gap = y[0] - .constant(target)
        return 0.5 * (gap * gap).sum() + (curvature / 2) * (x[0] * x[0]).sum()
      },
      lower: ExpressionObjective { x, y in
        let column = y[0].reshaped([target.count, 1])
        let pulled = Variable<Double>.constant(hessian).multiplied(by: column)
        let pushed = Variable<Double>.constant(coupling)
          .multiplied(by: x[0].reshaped([coupling.shape[1], 1]))
        return (column * (0.5 * pulled - pushed)).sum()
      },
      initialLower: ConstantInitialLower(Parameters(start)))
  }

  /// g by the recursion Z_{k+1} = (I - sA) Z_k + sB, in naive loops.
  func closedForm(at x: Parameters<Double>, steps: Int, stepSize s: Double) -> [Double] {
    let (m, n) = (target.count, upperCount)
    var y = start.scalars
    var z = [[Double]](repeating: [Double](repeating: 0, count: n), count: m)
    for _ in 0..<steps {
      var (nextY, nextZ) = (y, z)
      for row in 0..<m {
        var pull = 0.0
        for column in 0..<m { pull += hessian[row, column] * y[column] }
        for column in 0..<n { pull -= coupling[row, column] * x.tensors[0].scalars[column] }
        nextY[row] = y[row] - s * pull
        for j in 0..<n {
          var sum = 0.0
          for column in 0..<m { sum += hessian[row, column] * z[column][j] }
          nextZ[row][j] = z[row][j] - s * sum + s * coupling[row, j]
        }
      }
      (y, z) = (nextY, nextZ)
    }
    return (0..<n).map { j in
      (0..<m).reduce(curvature * x.tensors[0].scalars[j]) { sum, row in
        sum + z[row][j] * (y[row] - target.scalars[row])
      }
    }
  }
}
