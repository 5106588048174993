import Tensors
import TestSupport
import Testing

@Suite("Products of features with wide matrices", .serialized)
struct WideFeatureMatrixTests {
  struct Subject: Sendable, CustomTestStringConvertible {
    var rows: Int
    var features: Int
    var columns: Int
    var density: Double
    var testDescription: String { "\(rows) x \(features), \(columns) columns, \(density) full" }
  }

  /// Around panels of 128, blocks of 640, and every rest of sixty-four columns.
  static let subjects = [
    Subject(rows: 1, features: 1, columns: 16, density: 1),
    Subject(rows: 5, features: 3, columns: 32, density: 0.5),
    Subject(rows: 129, features: 130, columns: 48, density: 0.2),
    Subject(rows: 640, features: 128, columns: 64, density: 0.3),
    Subject(rows: 641, features: 257, columns: 80, density: 0.1),
    Subject(rows: 1300, features: 20, columns: 112, density: 0),
    Subject(rows: 2000, features: 7, columns: 304, density: 0.4),
    Subject(rows: 6000, features: 3, columns: 16, density: 0.5),
    Subject(rows: 0, features: 4, columns: 16, density: 1),
  ]

  private func product<Scalar: TensorScalar>(
    _ a: WideFeatureMatrix<Scalar>, _ w: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let columns = w.shape[1]
    return Tensor(shape: [a.rowCount, columns]) { z in
      w.scalars.withUnsafeBufferPointer { w in
        guard let w = w.baseAddress, let z = z.baseAddress else { return }
        a.multiply(w, columns: columns, into: z)
      }
    }
  }

  /// G = A' R with R = (row + 1) Z, and Z if it is kept.
  private func forwardAndBack<Scalar: TensorScalar>(
    _ a: WideFeatureMatrix<Scalar>, _ w: Tensor<Scalar>, keeping: Bool
  ) -> (g: Tensor<Scalar>, z: Tensor<Scalar>) {
    let columns = w.shape[1]
    var z = Tensor<Scalar>(repeating: .nan, shape: [a.rowCount, columns])
    let g = Tensor<Scalar>(shape: [a.featureCount, columns]) { g in
      z.withUnsafeMutableScalars { z in
        w.scalars.withUnsafeBufferPointer { w in
          guard let w = w.baseAddress, let g = g.baseAddress else { return }
          a.multiplyBack(
            w, columns: columns, keeping: keeping ? z.baseAddress : nil, into: g
          ) { _, rows, z, r in
            for (index, row) in rows.enumerated() {
              for column in 0..<columns {
                r[index * columns + column] = Scalar(row + 1) * z[index * columns + column]
              }
            }
          }
        }
      }
    }
    return (g, z)
  }

  private func check<Scalar: TensorScalar>(_ s: Subject, as type: Scalar.Type) {
    let features = randomSparseTensor([s.rows, s.features], density: s.density, as: type)
    let ones = features.appendingOnes()
    for appendsOnes in [false, true] {
      let a = appendsOnes ? ones : features
      let w = randomTensor([a.shape[1], s.columns], seed: 2, as: type)
      let forward = naiveProduct(
        MatrixProductShape(rows: s.rows, columns: s.columns, inner: a.shape[1]), a.scalars,
        w.scalars)
      for storage in WideFeatureMatrix<Scalar>.Storage.allCases {
        let matrix = WideFeatureMatrix(features, storage: storage, appendsOnes: appendsOnes)
        let z = product(matrix, w)
        #expect(forward.violation(by: z) == nil, "\(storage), A W")
        var residuals = z
        for row in 0..<s.rows {
          for column in 0..<s.columns { residuals[row, column] *= Scalar(row + 1) }
        }
        let backward = naiveProduct(
          MatrixProductShape(
            rows: a.shape[1], columns: s.columns, inner: s.rows, transposesLeft: true), a.scalars,
          residuals.scalars)
        for keeping in [false, true] {
          let (g, kept) = forwardAndBack(matrix, w, keeping: keeping)
          #expect(backward.violation(by: g) == nil, "\(storage), A' R")
          if keeping { #expect(forward.violation(by: kept) == nil, "\(storage), Z kept") }
        }
      }
    }
  }

  @Test(arguments: subjects)
  func productsAgreeWithThreeLoops(_ subject: Subject) {
    check(subject, as: Float.self)
    check(subject, as: Double.self)
  }

  @Test(arguments: WideFeatureMatrix<Float>.Storage.allCases)
  func theBitsDoNotDependOnThreads(storage: WideFeatureMatrix<Float>.Storage) {
    let a = WideFeatureMatrix(
      randomSparseTensor([3000, 40], density: 0.3, as: Float.self), storage: storage)
    let w = randomTensor([40, 48], seed: 2, as: Float.self)
    let one = withThreads(1) { forwardAndBack(a, w, keeping: false).g }
    for threads in [2, 3] {
      #expect(withThreads(threads) { forwardAndBack(a, w, keeping: false).g } == one)
    }
  }

  @Test func pooledBuffersComeBack() {
    let pool = ScratchPool<Float>()
    var buffer: PooledBuffer<Float>? = pool.buffer(count: 100)
    let first = buffer?.pointer
    buffer = nil
    let second = pool.buffer(count: 90)
    #expect(second.pointer == first && second.count == 90)
    // The first is in use: another one.
    #expect(pool.buffer(count: 10).pointer != first)
  }
}

extension Tensor {
  /// The matrix with a last column of ones.
  fileprivate func appendingOnes() -> Tensor {
    let (rows, width) = (shape[0], shape[1])
    return Tensor(
      shape: [rows, width + 1],
      scalars: (0..<rows).flatMap { Array(scalars[$0 * width..<($0 + 1) * width]) + [1] })
  }
}
