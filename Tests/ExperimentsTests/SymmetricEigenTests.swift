import Commands
import Foundation
import Tensors
import TestSupport
import Testing

@testable import RepresentationLearning

/// A symmetric matrix with what is special about its eigenvalues.
struct EigenSubject: Sendable, CustomTestStringConvertible {
  let name: String
  let matrix: Tensor<Double>
  var testDescription: String { name }

  static let all: [EigenSubject] = {
    var stream = RandomStream(seed: 41, purpose: "symmetric matrices")
    func symmetric(_ n: Int, _ element: (Int, Int) -> Double) -> Tensor<Double> {
      Tensor(shape: [n, n], scalars: (0..<n * n).map { element($0 / n, $0 % n) })
    }
    func drawn(_ n: Int) -> Tensor<Double> {
      let square: Tensor<Double> = stream.normal([n, n])
      return square.adding(square.transposed())
    }
    func gram(_ n: Int, rank: Int) -> Tensor<Double> {
      let root: Tensor<Double> = stream.normal([n, rank])
      return root.multiplied(by: root, transposingOther: true)
    }
    /// The given eigenvalues in another basis.
    func turned(_ values: [Double]) -> Tensor<Double> {
      let n = values.count
      let basis = JacobiEigen(drawn(n)).vectors
      let scaled = Tensor<Double>(
        shape: [n, n], scalars: basis.scalars.enumerated().map { $1 * values[$0 / n] })
      return basis.multiplied(by: scaled, transposingSelf: true)
    }
    var all = [0, 1, 2, 3, 8, 21].map { EigenSubject(name: "random \($0)", matrix: drawn($0)) }
    all += [
      EigenSubject(name: "zero", matrix: .zeros([6, 6])),
      EigenSubject(name: "identity", matrix: symmetric(7) { $0 == $1 ? 1 : 0 }),
      EigenSubject(name: "diagonal", matrix: symmetric(5) { $0 == $1 ? Double(3 - $0) : 0 }),
      EigenSubject(name: "all one", matrix: .ones([9, 9])),
      EigenSubject(name: "permutation", matrix: symmetric(6) { $0 + $1 == 5 ? 1 : 0 }),
      EigenSubject(
        name: "second differences",
        matrix: symmetric(20) { [2.0, -1].dropFirst(abs($0 - $1)).first ?? 0 }),
      EigenSubject(
        name: "two blocks", matrix: symmetric(8) { $0 / 4 == $1 / 4 ? 1 / Double($0 + $1 + 1) : 0 }),
      EigenSubject(name: "repeated", matrix: turned([2, 2, 2, 5, 5, -1, 0, 0, 0, 5])),
      EigenSubject(name: "nearly repeated", matrix: turned([1, 1 + 1e-13, 1 - 1e-13, 3, 3, 0])),
      EigenSubject(name: "graded", matrix: turned((0..<12).map { pow(10, -Double($0)) })),
      EigenSubject(name: "null space", matrix: gram(16, rank: 5)),
      EigenSubject(name: "large numbers", matrix: gram(9, rank: 9).scaled(by: 1e290)),
      EigenSubject(name: "small numbers", matrix: gram(9, rank: 6).scaled(by: 1e-290)),
    ]
    return all
  }()
}

@Suite("Eigenvalues of symmetric matrices", .interruptionFlag)
struct SymmetricEigenTests {
  /// Both algorithms are backward stable: their errors are some units in the last place of the largest
  /// eigenvalue, and grow slowly with n.
  private static let tolerance = 1e-13

  private func largest(_ tensor: Tensor<Double>) -> Double {
    tensor.scalars.reduce(0) { max($0, abs($1)) }
  }

  /// |A v - value v|, the largest of all elements.
  private func residual(_ eigen: SymmetricEigen, _ matrix: Tensor<Double>) -> Double {
    let n = matrix.shape[0]
    let scaled = Tensor<Double>(
      shape: [n, n],
      scalars: eigen.vectors.scalars.enumerated().map { $1 * eigen.values[$0 / n] })
    return largest(eigen.vectors.multiplied(by: matrix).subtracting(scaled))
  }

  private func deviationFromOrthonormal(_ eigen: SymmetricEigen) -> Double {
    let n = eigen.values.count
    let products = eigen.vectors.multiplied(by: eigen.vectors, transposingOther: true)
    return largest(products.subtracting(Tensor.oneHot(Array(0..<n), classes: n)))
  }

  @Test("Values ascend, rows are orthonormal and rebuild the matrix", arguments: EigenSubject.all)
  func decomposition(subject: EigenSubject) throws {
    let (matrix, n) = (subject.matrix, subject.matrix.shape[0])
    let eigen = try SymmetricEigen(matrix)
    #expect(eigen.values.count == n && eigen.vectors.shape == [n, n])
    #expect(zip(eigen.values, eigen.values.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(deviationFromOrthonormal(eigen) < Self.tolerance)
    #expect(residual(eigen, matrix) <= Self.tolerance * largest(matrix))
    var rebuilt = Tensor<Double>.zeros([n, n])
    for (row, value) in eigen.values.enumerated() {
      let vector = eigen.vectors.gatheringRows([row])
      rebuilt.add(vector.multiplied(by: vector, transposingSelf: true), scaledBy: value)
    }
    #expect(largest(rebuilt.subtracting(matrix)) <= Self.tolerance * largest(matrix))
  }

  @Test(
    "Values, rank and the spaces of equal values are those of Jacobi's rotations",
    arguments: EigenSubject.all)
  func oracle(subject: EigenSubject) throws {
    let eigen = try SymmetricEigen(subject.matrix)
    let jacobi = JacobiEigen(subject.matrix)
    let order = jacobi.values.indices.sorted { jacobi.values[$0] < jacobi.values[$1] }
    let bound = Self.tolerance * largest(subject.matrix)
    for (row, position) in order.enumerated() {
      #expect(abs(eigen.values[row] - jacobi.values[position]) <= bound, "value \(row)")
    }
    let largestValue = jacobi.values.max() ?? 0
    #expect(
      eigen.rank(relativeTolerance: 1e-12) == jacobi.values.count { $0 > 1e-12 * largestValue })
    // Groups of values that are apart from all others by far more than rounding: their projectors are
    // unique, their vectors are not.
    let gap = 1e-3 * largest(subject.matrix)
    var start = 0
    for end in 1..<max(1, order.count + 1)
    where end == order.count || eigen.values[end] - eigen.values[end - 1] > gap {
      let own = eigen.vectors.gatheringRows(Array(start..<end))
      let other = jacobi.vectors.gatheringRows(Array(order[start..<end]))
      let difference = own.multiplied(by: own, transposingSelf: true)
        .subtracting(other.multiplied(by: other, transposingSelf: true))
      #expect(largest(difference) < 1e-10, "rows \(start) to \(end - 1)")
      start = end
    }
  }

  @Test("An eigendecomposition rebuilds its matrix and finds its rank")
  func rank() throws {
    var stream = RandomStream(seed: 7, purpose: "eigen")
    let root: Tensor<Double> = stream.normal([9, 4])
    let matrix = root.multiplied(by: root, transposingOther: true)
    let eigen = try SymmetricEigen(matrix)
    #expect(eigen.rank(relativeTolerance: 1e-12) == 4)
    var rebuilt = Tensor<Double>.zeros([9, 9])
    for (row, value) in eigen.values.enumerated() {
      let vector = eigen.vectors.gatheringRows([row])
      rebuilt.add(vector.multiplied(by: vector, transposingSelf: true), scaledBy: value)
    }
    #expect(largestDeviation([rebuilt], [matrix]) < 1e-13)
    // A pseudo-inverse: A A^+ A = A.
    let inverse = eigen.pseudoInverseApplied(to: matrix, relativeTolerance: 1e-12)
    #expect(largestDeviation([matrix.multiplied(by: inverse)], [matrix]) < 1e-12)
    let none = try SymmetricEigen(.zeros([0, 0]))
    #expect(none.rank(relativeTolerance: 1e-12) == 0 && none.values.isEmpty)
  }

  @Test("Zero is told from the smallest value that counts, and the latter is divided by rightly")
  func nullSpace() throws {
    var stream = RandomStream(seed: 42, purpose: "features")
    // Rank 25 of 40, with singular values down to some 1e-5 of the first: 1e-10 in the Gram matrix.
    let scales = (0..<25).map { pow(10, -4.5 * Double($0) / 24) }
    let left: Tensor<Double> = stream.normal([40, 25])
    let right: Tensor<Double> = stream.normal([25, 60])
    let weighted = Tensor<Double>(
      shape: [25, 60], scalars: right.scalars.enumerated().map { $1 * scales[$0 / 60] })
    let features = left.multiplied(by: weighted)
    let matrix = features.multiplied(by: features, transposingOther: true)
    let eigen = try SymmetricEigen(matrix)
    let top = try #require(eigen.values.last)
    #expect(eigen.rank(relativeTolerance: HeadSolutionSet.relativeTolerance) == 25)
    // A factor of ten below the bound.
    #expect(eigen.values.prefix(15).allSatisfy { abs($0) < 1e-13 * top })
    let b: Tensor<Double> = stream.normal([40, 3])
    let found = eigen.pseudoInverseApplied(to: b, relativeTolerance: 1e-12)
    let expected = JacobiEigen(matrix).pseudoInverseApplied(to: b, relativeTolerance: 1e-12)
    // Rounding of 1e-15 in a value of 1e-10.
    #expect(largest(found.subtracting(expected)) < 1e-4 * largest(expected))
    #expect(largest(expected) > 1)
  }

  @Test("The lower triangle is read")
  func triangle() throws {
    var matrix = EigenSubject.all[4].matrix
    let expected = try SymmetricEigen(matrix)
    for row in 0..<8 { for column in row + 1..<8 { matrix[row, column] = 7 } }
    let found = try SymmetricEigen(matrix)
    #expect(largestDeviation([Tensor(found.values)], [Tensor(expected.values)]) < 1e-13)
  }

  @Test("What is not finite is a result", arguments: [Double.nan, .infinity])
  func notFinite(value: Double) throws {
    var matrix = EigenSubject.all[4].matrix
    (matrix[5, 2], matrix[2, 5]) = (value, value)
    let eigen = try SymmetricEigen(matrix)
    #expect(eigen.values.count == 8 && eigen.values.allSatisfy(\.isNaN))
    #expect(eigen.rank(relativeTolerance: 1e-12) == 0)
    let solution = eigen.pseudoInverseApplied(to: .ones([8, 2]), relativeTolerance: 1e-12)
    #expect(solution.shape == [8, 2] && solution.scalars.allSatisfy(\.isNaN))
  }

  // MARK: - Larger matrices

  /// Seconds that this thread has computed, which other tests beside this one do not lengthen.
  private var threadSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  @Test("600 rows take no more than some seconds, and null values stay zero")
  func large() throws {
    var stream = RandomStream(seed: 43, purpose: "large")
    let features: Tensor<Double> = stream.normal([600, 400])
    let matrix = features.multiplied(by: features, transposingOther: true)
    let begin = threadSeconds
    let eigen = try SymmetricEigen(matrix)
    let seconds = threadSeconds - begin
    // A quarter of a second, two where nothing is optimised; Jacobi's rotations took twelve. The thread
    // sanitizer makes seventy times as much of it.
    let isWatched = dlsym(nil, "__tsan_init") != nil
    #expect(isWatched || seconds < 8, "\(seconds) s")
    let top = try #require(eigen.values.last)
    #expect(eigen.rank(relativeTolerance: HeadSolutionSet.relativeTolerance) == 400)
    #expect(eigen.values.prefix(200).allSatisfy { abs($0) < 1e-13 * top })
    #expect(deviationFromOrthonormal(eigen) < Self.tolerance)
    #expect(residual(eigen, matrix) < Self.tolerance * top)
  }

  @Test("Somebody who asks to stop is heard between two rows")
  func interrupted() throws {
    let matrix = EigenSubject.all[5].matrix
    Interruption.reset()
    defer { Interruption.reset() }
    _ = try SymmetricEigen(matrix)
    Interruption.request()
    #expect(throws: Interrupted.self) { try SymmetricEigen(matrix) }
    let targets = Tensor<Double>.ones([21, 2])
    #expect(throws: Interrupted.self) {
      try HeadSolutionSet(leastSquares: matrix, targets: targets)
    }
    #expect(throws: Interrupted.self) {
      try HeadSolutionSet(crossEntropy: matrix, targets: targets)
    }
  }
}

/// Cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, section 8.5), by plain loops: what
/// ``SymmetricEigen`` is compared with. Shares nothing with it; slow.
private struct JacobiEigen {
  /// The eigenvalues, in no particular order.
  var values: [Double] = []
  /// Row i is the eigenvector of `values[i]`.
  var vectors: Tensor<Double>

  init(_ matrix: Tensor<Double>) {
    let n = matrix.shape[0]
    // Squares of what is compared must be numbers.
    let size = matrix.scalars.reduce(0) { max($0, abs($1)) }
    let unit = size > 0 ? size : 1
    var a = (0..<n).map { row in (0..<n).map { matrix[row, $0] / unit } }
    var v = (0..<n).map { row in (0..<n).map { $0 == row ? 1.0 : 0 } }
    for _ in 0..<60 {
      var outside = 0.0
      for p in 0..<n { for q in 0..<n where q != p { outside += a[p][q] * a[p][q] } }
      guard outside > 1e-30 else { break }
      for p in 0..<n {
        for q in 0..<n where q > p && a[p][q] != 0 {
          let ratio = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let tangent = (ratio >= 0 ? 1.0 : -1.0) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          let sine = tangent * cosine
          func turned(_ left: Double, _ right: Double) -> (Double, Double) {
            (cosine * left - sine * right, sine * left + cosine * right)
          }
          for k in 0..<n { (a[k][p], a[k][q]) = turned(a[k][p], a[k][q]) }
          for k in 0..<n {
            (a[p][k], a[q][k]) = turned(a[p][k], a[q][k])
            (v[p][k], v[q][k]) = turned(v[p][k], v[q][k])
          }
        }
      }
    }
    values = (0..<n).map { a[$0][$0] * unit }
    vectors = Tensor(shape: [n, n], scalars: v.flatMap { $0 })
  }

  func pseudoInverseApplied(
    to b: Tensor<Double>, relativeTolerance: Double
  ) -> Tensor<Double> {
    var result = Tensor<Double>.zeros(b.shape)
    for (row, value) in values.enumerated() where value > relativeTolerance * (values.max() ?? 0) {
      let vector = vectors.gatheringRows([row])
      result.add(
        vector.multiplied(by: vector.multiplied(by: b), transposingSelf: true),
        scaledBy: 1 / value)
    }
    return result
  }
}
