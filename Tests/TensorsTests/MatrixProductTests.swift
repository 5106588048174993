import Tensors
import TestSupport
import Testing

@Suite("Matrix products")
struct MatrixProductTests {
  /// Odd, tiny, empty, and just around the block sizes of the kernels.
  static let extents: [[Int]] = [
    [1, 1, 1], [2, 3, 5], [8, 16, 16], [7, 17, 15], [9, 31, 33], [1, 300, 40], [40, 1, 300],
    [33, 257, 1], [65, 513, 18], [300, 70, 40], [150, 64, 290],
  ]
  static let transposes = [(false, false), (false, true), (true, false), (true, true)]

  private func check<Scalar: TensorScalar>(
    _ type: Scalar.Type, _ extents: [Int], _ transposes: (Bool, Bool), beta: Scalar,
    _ backend: KernelBackend
  ) -> String? {
    let shape = MatrixProductShape(
      rows: extents[0], columns: extents[2], inner: extents[1], transposesLeft: transposes.0,
      transposesRight: transposes.1)
    let a = randomTensor([shape.rows * shape.inner], seed: 1, as: type).scalars
    let b = randomTensor([shape.inner * shape.columns], seed: 2, as: type).scalars
    var c = randomTensor([shape.rows, shape.columns], seed: 3, as: type)
    let expected = naiveProduct(shape, a, b, beta: beta, c: c.scalars)
    c.withUnsafeMutableScalars { c in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          multiplyMatrices(shape, a, b, beta: beta, into: c, backend: backend)
        }
      }
    }
    return expected.violation(by: c)
  }

  @Test(arguments: extents, transposes)
  func agreeWithThreeLoops(extents: [Int], transposes: (Bool, Bool)) {
    for backend in KernelBackend.available {
      for beta in [0, 1, -0.5] {
        #expect(check(Float.self, extents, transposes, beta: Float(beta), backend) == nil)
        #expect(check(Double.self, extents, transposes, beta: beta, backend) == nil)
      }
    }
  }

  @Test(arguments: [[0, 3, 4], [3, 0, 4], [3, 4, 0]])
  func emptyOperandsGiveZeros(_ extents: [Int]) {
    for backend in KernelBackend.available {
      let a = Tensor<Float>.zeros([extents[0], extents[1]])
      let b = Tensor<Float>.zeros([extents[1], extents[2]])
      #expect(a.multiplied(by: b, backend: backend) == .zeros([extents[0], extents[2]]))
    }
  }

  @Test func withBetaZeroTheOldContentsAreNotRead() {
    for backend in KernelBackend.available {
      var c = Tensor<Float>(repeating: .nan, shape: [2, 20])
      let (a, b) = (randomTensor([2, 3], as: Float.self), randomTensor([3, 20], as: Float.self))
      c.withUnsafeMutableScalars { c in
        a.scalars.withUnsafeBufferPointer { a in
          b.scalars.withUnsafeBufferPointer { b in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else {
              return
            }
            multiplyMatrices(
              MatrixProductShape(rows: 2, columns: 20, inner: 3), a, b, into: c, backend: backend)
          }
        }
      }
      #expect(c.isFinite)
    }
  }

  @Test func aBackendThatIsAskedForAndWasNotBuiltIsKnown() {
    #expect(KernelBackend.lacks(["BDA_BACKEND": "onednn"], available: [.portable]))
    #expect(!KernelBackend.lacks(["BDA_BACKEND": "onednn"], available: [.portable, .oneDNN]))
    for text in ["portable", "", "foo"] {
      #expect(!KernelBackend.lacks(["BDA_BACKEND": text], available: [.portable]))
    }
    #expect(!KernelBackend.lacks([:], available: [.portable]))
  }

  @Test func zeroTimesInfinityIsNotSkipped() {
    for backend in KernelBackend.available {
      let a = Tensor<Float>(shape: [2, 2], scalars: [0, 1, 1, 1])
      let b = Tensor<Float>(shape: [2, 3], scalars: [.infinity, 1, .nan, 2, 3, 4])
      let c = a.multiplied(by: b, backend: backend)
      #expect(c[0, 0].isNaN && c[0, 1] == 3 && c[0, 2].isNaN)
      #expect(c[1, 0] == .infinity && c[1, 1] == 4 && c[1, 2].isNaN)
    }
  }

  @Test func transposingOptionsEqualTransposedCopies() {
    let a = randomTensor([5, 7], seed: 1, as: Double.self)
    let b = randomTensor([9, 5], seed: 2, as: Double.self)
    let direct = a.multiplied(by: b, transposingSelf: true, transposingOther: true)
    #expect(direct == a.transposed().multiplied(by: b.transposed()))
  }
}
