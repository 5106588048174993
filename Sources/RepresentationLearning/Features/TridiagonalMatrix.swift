import Commands
import Foundation
import Tensors

/// A symmetric tridiagonal matrix T and orthonormal rows V with A = V' T V, for ``SymmetricEigen``.
///
/// First Householder's reduction of A (EISPACK `tred2`), then QL steps with implicit shifts (`imtql2`), each
/// of which keeps A and drives elements beside the diagonal to zero: at the end T is diagonal and the rows
/// of V are the eigenvectors.
struct TridiagonalMatrix {
  /// T's diagonal.
  private(set) var diagonal: [Double]
  /// T's elements beside the diagonal: number i stands between i and i + 1, the last is 0.
  private(set) var besides: [Double]
  /// V.
  private(set) var vectors: SquareRows

  /// The largest absolute row sum of T, which no step changes by much.
  private var size = 0.0

  /// The reduction of a symmetric matrix, of which the lower triangle is read.
  ///
  /// From the last row to the second, I - u u' / h reflects what is left of the diagonal onto its last
  /// element; then the reflections are multiplied. 8/3 n^3 operations.
  init(reducing matrix: Tensor<Double>) throws(Interrupted) {
    let n = matrix.shape[0]
    vectors = SquareRows(width: n, scalars: matrix.scalars)
    diagonal = Array(repeating: 0, count: n)
    besides = Array(repeating: 0, count: n)
    // |u|^2 / 2 of each row's reflection, 0 where there is none.
    var heights = besides
    for row in stride(from: n - 1, to: 0, by: -1) {
      try Interruption.checkpoint()
      guard row > 1, let scale = vectors.scale(row) else {
        besides[row - 1] = vectors[row, row - 1]
        continue
      }
      let last = vectors[row, row - 1]
      let squares = vectors.square(row, row)
      let length = last < 0 ? squares.squareRoot() : -squares.squareRoot()
      besides[row - 1] = scale * length
      heights[row] = squares - last * length
      vectors[row, row - 1] = last - length
      vectors.reflectBothSides(row, heights[row])
    }
    for row in 0..<n {
      try Interruption.checkpoint()
      if heights[row] > 0 { vectors.reflectRows(row, heights[row]) }
      diagonal[row] = vectors[row, row]
      vectors.addUnit(row)
    }
    for row in 0..<n {
      size = max(
        size, abs(diagonal[row]) + abs(besides[row]) + (row > 0 ? abs(besides[row - 1]) : 0))
    }
  }

  /// The last row of the block that begins at `row`: the element beside its diagonal element is
  /// negligible.
  func endOfBlock(from row: Int) -> Int {
    var end = row
    while end + 1 < diagonal.count {
      let neighbours = abs(diagonal[end]) + abs(diagonal[end + 1])
      let bound = Double.ulpOfOne * (neighbours + Double.ulpOfOne * size)
      if abs(besides[end]) <= bound { break }
      end += 1
    }
    return end
  }

  /// One QL step on the block of the rows `first` to `end`, with Wilkinson's shift.
  mutating func takeStep(_ first: Int, _ end: Int) {
    var g = (diagonal[first + 1] - diagonal[first]) / (2 * besides[first])
    let root = hypot(g, 1)
    g = diagonal[end] - diagonal[first] + besides[first] / (g + (g < 0 ? -root : root))
    var (sine, cosine, shift) = (1.0, 1.0, 0.0)
    for row in stride(from: end - 1, through: first, by: -1) {
      let f = sine * besides[row]
      let b = cosine * besides[row]
      let length = hypot(f, g)
      besides[row + 1] = length
      if length == 0 {
        // The block has come apart here: what was begun is finished by the next step.
        diagonal[row + 1] -= shift
        besides[end] = 0
        return
      }
      sine = f / length
      cosine = g / length
      g = diagonal[row + 1] - shift
      let turned = (diagonal[row] - g) * sine + 2 * cosine * b
      shift = sine * turned
      diagonal[row + 1] = g + shift
      g = cosine * turned - b
      vectors.rotate(row, cosine, sine)
    }
    diagonal[first] -= shift
    besides[first] = g
    besides[end] = 0
  }
}
