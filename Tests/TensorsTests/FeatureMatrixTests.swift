import Tensors
import TestSupport
import Testing

@Suite("Feature matrices")
struct FeatureMatrixTests {
  struct Subject: Sendable, CustomTestStringConvertible {
    var rows: Int
    var features: Int
    var columns: Int
    var density: Double
    var testDescription: String { "\(rows) x \(features), \(columns) columns, \(density) full" }
  }

  /// Around the panel sizes, the vector widths, the unrolling by four and the eight-row tiles.
  static let subjects: [Subject] = {
    let extents = [
      (1, 1), (0, 4), (4, 0), (5, 3), (8, 8), (9, 33), (67, 130), (513, 65), (1100, 9), (3, 2050),
    ]
    let columns = [1, 2, 5, 8, 10, 16, 17, 28, 32, 48]
    return extents.enumerated().flatMap { index, extents in
      columns.map {
        Subject(
          rows: extents.0, features: extents.1, columns: $0, density: [0, 0.1, 0.5, 1][index % 4])
      }
    }
  }()

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type, _ s: Subject) {
    let a = randomSparseTensor([s.rows, s.features], density: s.density, as: type)
    let w = randomTensor([s.features, s.columns], seed: 2, as: type)
    let r = randomTensor([s.rows, s.columns], seed: 3, as: type)
    let forward = naiveProduct(
      MatrixProductShape(rows: s.rows, columns: s.columns, inner: s.features), a.scalars, w.scalars)
    let backward = naiveProduct(
      MatrixProductShape(
        rows: s.features, columns: s.columns, inner: s.rows, transposesLeft: true), a.scalars,
      r.scalars)
    for storage in FeatureMatrix<Scalar>.Storage.allCases {
      let matrix = FeatureMatrix(a, storage: storage)
      #expect(forward.violation(by: matrix.product(w)) == nil, "\(storage), A W")
      #expect(backward.violation(by: matrix.transposedProduct(r)) == nil, "\(storage), A^T R")
      #expect(matrix.toDense() == a)
    }
  }

  @Test(arguments: subjects)
  func productsAgreeWithThreeLoops(_ subject: Subject) {
    check(Float.self, subject)
    check(Double.self, subject)
  }

  @Test func aColumnOfOnesFollowsTheFeatures() {
    for (rows, features) in [(3, 4), (0, 2), (2, 0), (70, 33)] {
      let a = randomSparseTensor([rows, features], density: 0.3, as: Double.self)
      let expected = (0..<rows).flatMap { row in
        a.scalars[row * features..<(row + 1) * features] + [1]
      }
      for storage in FeatureMatrix<Double>.Storage.allCases {
        let matrix = FeatureMatrix(a, storage: storage, appendsOnes: true)
        #expect(matrix.toDense() == Tensor(shape: [rows, features + 1], scalars: expected))
        #expect(matrix.nonzeroCount == expected.filter { $0 != 0 }.count)
      }
    }
  }

  /// Z = A W, each row replaced by half of it plus its number, and G = A^T of that.
  @Test(arguments: subjects)
  func forwardTransformedAndBack(_ s: Subject) {
    let a = randomSparseTensor([s.rows, s.features], density: s.density, as: Double.self)
    let meaningful = (s.columns + 1) / 2
    var w = randomTensor([s.features, s.columns], seed: 2, as: Double.self)
    for feature in 0..<s.features {
      for column in meaningful..<s.columns { w[feature, column] = 0 }
    }
    let columns = s.columns
    for storage in FeatureMatrix<Double>.Storage.allCases {
      let matrix = FeatureMatrix(a, storage: storage)
      var expected = matrix.product(w)
      for row in 0..<s.rows {
        for column in 0..<meaningful {
          expected[row, column] = expected[row, column] / 2 + Double(row)
        }
      }
      let rows = AlignedBuffer<Double>(count: s.rows * columns)
      rows.scalars.update(repeating: .nan)
      let place = SharedMutablePointer(rows.pointer)
      let result = matrix.run(w, rows: s.features) {
        matrix.multiplyBack(
          $0, columns: columns, meaningful: meaningful, rows: rows.pointer, into: $1
        ) { range in
          for row in range {
            for column in 0..<meaningful {
              let entry = place.pointer + row * columns + column
              entry.pointee = entry.pointee / 2 + Double(row)
            }
          }
        }
      }
      #expect(Array(rows.scalars) == expected.scalars, "\(storage), rows")
      let backward = naiveProduct(
        MatrixProductShape(
          rows: s.features, columns: columns, inner: s.rows, transposesLeft: true), a.scalars,
        expected.scalars)
      #expect(backward.violation(by: result) == nil, "\(storage), A^T Z")
    }
  }

  /// With Y = A V beside Z, and Z times Y going back: one pass over dense entries instead of two.
  @Test(arguments: subjects)
  func twoProductsForwardAndOneBack(_ s: Subject) {
    let a = randomSparseTensor([s.rows, s.features], density: s.density, as: Double.self)
    let (w, v) = (
      randomTensor([s.features, s.columns], seed: 2, as: Double.self),
      randomTensor([s.features, s.columns], seed: 3, as: Double.self)
    )
    let columns = s.columns
    for storage in FeatureMatrix<Double>.Storage.allCases {
      let matrix = FeatureMatrix(a, storage: storage)
      let (first, second) = (matrix.product(w), matrix.product(v))
      let expected = first.multiplying(second)
      let rows = AlignedBuffer<Double>(count: max(1, s.rows * columns))
      let others = AlignedBuffer<Double>(count: max(1, s.rows * columns))
      others.scalars.update(repeating: .nan)
      let (z, y) = (SharedMutablePointer(rows.pointer), SharedMutablePointer(others.pointer))
      let right = AlignedBuffer<Double>(count: v.count)
      _ = right.scalars.update(fromContentsOf: v.scalars)
      let before = matrix.passes
      let result = matrix.run(w, rows: s.features) { left, out in
        matrix.multiplyBack(
          left, columns: columns, rows: rows.pointer, alongside: right.pointer,
          rows: others.pointer, into: out
        ) { range in
          for index in range.lowerBound * columns..<range.upperBound * columns {
            z.pointer[index] *= y.pointer[index]
          }
        }
      }
      #expect(matrix.passes - before == (storage == .dense ? 1 : 0))
      #expect(Array(others.scalars.prefix(s.rows * columns)) == second.scalars)
      #expect(Array(rows.scalars.prefix(s.rows * columns)) == expected.scalars)
      let backward = naiveProduct(
        MatrixProductShape(
          rows: s.features, columns: columns, inner: s.rows, transposesLeft: true), a.scalars,
        expected.scalars)
      #expect(backward.violation(by: result) == nil, "\(storage), A^T (Z Y)")
    }
  }

  @Test func theStorageFollowsTheDensity() {
    let sparse = FeatureMatrix(randomSparseTensor([50, 40], density: 0.2, as: Float.self))
    #expect(sparse.storage == .sparse)
    #expect(abs(sparse.density - 0.2) < 0.05)
    #expect(sparse.nonzeroCount == sparse.toDense().scalars.filter { $0 != 0 }.count)
    let dense = FeatureMatrix(randomSparseTensor([50, 40], density: 0.6, as: Float.self))
    #expect(dense.storage == .dense)
    #expect(dense.bytes == 50 * 48 * 4)
    #expect(sparse.bytes < dense.bytes)
  }

  @Test(arguments: FeatureMatrix<Float>.Storage.allCases)
  func chosenRows(_ storage: FeatureMatrix<Float>.Storage) {
    let a = randomSparseTensor([6, 5], density: 0.5, as: Float.self)
    let matrix = FeatureMatrix(a, storage: storage)
    let chosen = matrix.rows([4, 0, 4])
    #expect(chosen.storage == storage)
    #expect(chosen.toDense() == a.gatheringRows([4, 0, 4]))
  }

  @Test(arguments: FeatureMatrix<Float>.Storage.allCases)
  func aDivergedWeightShows(_ storage: FeatureMatrix<Float>.Storage) {
    let matrix = FeatureMatrix(
      Tensor<Float>(shape: [2, 2], scalars: [1, 2, 0, 3]), storage: storage)
    var w = Tensor<Float>.ones([2, 16])
    w[1, 3] = .nan
    let z = matrix.product(w)
    #expect(z[0, 3].isNaN && z[1, 3].isNaN && z[0, 2] == 3)
  }

  @Test func paddingIsTheNextMultipleOfSixteen() {
    #expect([0, 1, 10, 16, 17].map(FeatureMatrix<Float>.paddedColumnCount) == [0, 16, 16, 16, 32])
  }

  @Test func buffersAreAlignedAndZero() {
    for count in [0, 1, 17, 1000] {
      let buffer = AlignedBuffer<Float>(count: count)
      #expect(UInt(bitPattern: buffer.pointer) % 64 == 0)
      #expect(buffer.scalars.count == count && buffer.scalars.allSatisfy { $0 == 0 })
    }
  }
}

extension FeatureMatrix {
  /// A W, into a buffer that starts as NaN: old contents must not matter.
  fileprivate func product(_ w: Tensor<Scalar>) -> Tensor<Scalar> {
    run(w, rows: rowCount) { multiply($0, columns: w.shape[1], into: $1) }
  }

  /// A^T R.
  fileprivate func transposedProduct(_ r: Tensor<Scalar>) -> Tensor<Scalar> {
    run(r, rows: featureCount) { transposedMultiply($0, columns: r.shape[1], into: $1) }
  }

  fileprivate func run(
    _ operand: Tensor<Scalar>, rows: Int,
    _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
  ) -> Tensor<Scalar> {
    let input = AlignedBuffer<Scalar>(count: operand.count)
    _ = input.scalars.update(fromContentsOf: operand.scalars)
    let output = AlignedBuffer<Scalar>(count: rows * operand.shape[1])
    output.scalars.update(repeating: .nan)
    body(input.pointer, output.pointer)
    return Tensor(shape: [rows, operand.shape[1]], scalars: Array(output.scalars))
  }
}
