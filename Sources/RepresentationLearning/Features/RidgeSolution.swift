import Bilevel
import Experiments

/// The lower solution and the exact hypergradient of least squares with a ridge, in closed form:
///
///     A = factor Phi'Phi/n + ridge I,     W*(x) = A^-1 factor Phi'T/n,
///     g = (dPhi/dx)' (F_Phi - h_PhiW A^-1 F_W)   at (Phi(x), W*(x)).
///
/// The lower level is strongly convex, so W* is unique and the implicit function theorem exact: what
/// every estimator approximates as K grows. O(n p^2 + p^3).
package struct RidgeSolution: Sendable {
  /// W*(x).
  package let head: Parameters<Double>
  /// F(x, W*(x)).
  package let upperValue: Double
  /// d F(x, W*(x)) / dx.
  package let hypergradient: Parameters<Double>

  /// Whether the closed form could be computed: with a ridge far below the smallest eigenvalue that is
  /// not zero, the system of features that are not independent is singular in rounding.
  package var isFinite: Bool {
    head.isFinite && upperValue.isFinite && hypergradient.isFinite
  }

  /// The solution at x.
  package init(
    map: any FeatureMap<Double>, upper: LinearHeadObjective<Double>,
    lower: LinearHeadObjective<Double>, at x: Parameters<Double>
  ) {
    precondition(
      lower.loss == .leastSquares && lower.ridge > 0,
      "A closed form needs least squares with a positive ridge, not \(lower.loss.rawValue) with "
        + "\(lower.ridge).")
    let recorded = map.record(at: x)
    let features = recorded.features
    let phi = features.tensors[lower.component]
    let scale = lower.factor / Double(phi.shape[0])
    var matrix = phi.multiplied(by: phi, transposingSelf: true).scaled(by: scale)
    let width = phi.shape[1]
    matrix.withUnsafeMutableScalars {
      for index in 0..<width { $0[index * width + index] += lower.ridge }
    }
    head = Parameters(
      solvePositiveDefinite(
        matrix, phi.multiplied(by: lower.targets, transposingSelf: true).scaled(by: scale)))
    let top = upper.gradients(upper: features, lower: head)
    let adjoint = Parameters(solvePositiveDefinite(matrix, top.lower.tensors[0]))
    let mixed = lower.linearizeLowerGradient(upper: features, lower: head).pullback(adjoint).upper
    upperValue = top.value
    hypergradient = recorded.pullback(top.upper.adding(mixed, scaledBy: -1))
  }
}
