import Commands
import Experiments
import Foundation
import Tensors

/// S(x) for a head without ridge on fixed features: an affine set, in closed form.
///
/// Least squares: S = {W : Phi W = Pi T} with Pi the projector onto the range of Phi, so
/// dist(W, S) = |Phi^+ (Phi W - T)|. With more features than samples S has dimension
/// (p - rank Phi) c: where an inner loop ends in it depends on where it starts.
///
/// Cross-entropy with smoothed targets (every entry of T positive) and Phi of full row rank: the
/// minimum is attained where softmax(Phi W) = T, that is Phi W = log T up to a constant per row; with
/// C = I - 11'/c, S = {W : (Phi W - log T) C = 0} and dist(W, S) = |Phi^+ (Phi W - log T) C|. With
/// targets of 0 and 1 on separable features the infimum 0 is not attained and S is empty.
///
/// Norms are Frobenius. Cost: one eigendecomposition of size min(n, p), which a signal ends. Features
/// whose Gram matrix is not finite have rank 0, and NaN for all else.
package struct HeadSolutionSet: Sendable {
  private let features: Tensor<Double>
  private let reference: Tensor<Double>
  private let centres: Bool
  private let gram: SymmetricEigen
  private let isWide: Bool
  /// The rank of Phi.
  package let rank: Int

  /// Eigenvalues of the Gram matrix below this fraction of the largest count as zero: the square of
  /// a millionth, which is where single-precision features stop carrying information.
  package static let relativeTolerance = 1e-12

  /// The set for least squares.
  ///
  /// - Throws: `Interrupted` between rows of the eigendecomposition.
  package init(
    leastSquares features: Tensor<Double>, targets: Tensor<Double>
  ) throws(Interrupted) {
    try self.init(features, reference: targets, centres: false)
  }

  /// The set for cross-entropy against positive targets, or nil where it has no closed form: some
  /// target is not positive, or the features cannot fit all targets.
  ///
  /// - Throws: `Interrupted` between rows of the eigendecomposition.
  package init?(
    crossEntropy features: Tensor<Double>, targets: Tensor<Double>
  ) throws(Interrupted) {
    guard targets.scalars.allSatisfy({ $0 > 0 }) else { return nil }
    try self.init(features, reference: targets.logarithm(), centres: true)
    guard rank == features.shape[0] else { return nil }
  }

  private init(
    _ features: Tensor<Double>, reference: Tensor<Double>, centres: Bool
  ) throws(Interrupted) {
    self.features = features
    self.reference = reference
    self.centres = centres
    isWide = features.shape[1] >= features.shape[0]
    gram = try SymmetricEigen(
      features.multiplied(by: features, transposingSelf: !isWide, transposingOther: isWide))
    rank = gram.rank(relativeTolerance: Self.relativeTolerance)
  }

  /// dist(W, S).
  package func distance(of head: Tensor<Double>) -> Double {
    let step = correction(of: head)
    return step.dot(step).squareRoot()
  }

  /// The point of S nearest to W.
  package func project(_ head: Tensor<Double>) -> Tensor<Double> {
    head.subtracting(correction(of: head))
  }

  /// Phi^+ (Phi W - reference), centred where the loss does not see constants.
  private func correction(of head: Tensor<Double>) -> Tensor<Double> {
    var gap = features.multiplied(by: head).subtracting(reference)
    if centres {
      let classes = gap.shape[1]
      let means = gap.sum(alongAxis: 1).scaled(by: 1 / Double(classes))
      gap = gap.subtracting(means.repeated(classes, alongNewAxis: 1))
    }
    return pseudoInverse(gap)
  }

  /// Phi^+ b.
  private func pseudoInverse(_ b: Tensor<Double>) -> Tensor<Double> {
    let tolerance = Self.relativeTolerance
    if isWide {
      return features.multiplied(
        by: gram.pseudoInverseApplied(to: b, relativeTolerance: tolerance), transposingSelf: true)
    }
    return gram.pseudoInverseApplied(
      to: features.multiplied(by: b, transposingSelf: true), relativeTolerance: tolerance)
  }

  /// min over W in S of 1/(2m) |Psi W - targets|^2: what the optimistic bi-level problem asks for at
  /// this x, and what an inner loop that finds the best point of S would reach. Least squares only.
  ///
  /// With N = I - Phi^+ Phi: W = W_0 + N Z, so it is least squares in Z on Psi N, solved by its
  /// normal equations with a ridge of a 1e-12 of their mean diagonal, which keeps them definite.
  package func optimisticValue(
    features validation: Tensor<Double>, targets: Tensor<Double>
  ) -> Double {
    precondition(!centres, "The optimistic value has a closed form for least squares only.")
    let start = pseudoInverse(reference)
    let residual = targets.subtracting(validation.multiplied(by: start))
    // (Psi N)' = Psi' - Phi^+ Phi Psi'.
    let transposed = validation.transposed()
    let free = transposed.subtracting(pseudoInverse(features.multiplied(by: transposed)))
    var matrix = free.multiplied(by: free, transposingOther: true)
    let width = matrix.shape[0]
    let trace = (0..<width).reduce(0) { $0 + matrix[$1, $1] }
    let count = Double(max(1, validation.shape[0]))
    guard trace > 1e-12 * validation.dot(validation) else {
      return residual.dot(residual) / (2 * count)
    }
    matrix.withUnsafeMutableScalars {
      for index in 0..<width { $0[index * width + index] += 1e-12 * trace / Double(width) }
    }
    let best = solvePositiveDefinite(matrix, free.multiplied(by: residual))
    let rest = residual.subtracting(free.multiplied(by: best, transposingSelf: true))
    return rest.dot(rest) / (2 * count)
  }
}
