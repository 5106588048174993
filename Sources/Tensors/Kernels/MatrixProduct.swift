/// The extents of C[rows, columns] = op(A) op(B), with op the identity or the transpose.
public struct MatrixProductShape: Sendable, Equatable {
  /// Rows of the result.
  public var rows: Int
  /// Columns of the result.
  public var columns: Int
  /// The dimension summed over.
  public var inner: Int
  /// Whether A is stored `[inner, rows]`.
  public var transposesLeft: Bool
  /// Whether B is stored `[columns, inner]`.
  public var transposesRight: Bool
  /// Scalars from one stored row of A to the next.
  var leftStride: Int

  /// The shape of a product; operands are row-major, B and the result contiguous, and A too unless
  /// `leftStride` says that its stored rows are longer than what is used of them.
  public init(
    rows: Int, columns: Int, inner: Int, transposesLeft: Bool = false,
    transposesRight: Bool = false, leftStride: Int? = nil
  ) {
    let used = transposesLeft ? rows : inner
    precondition(
      (leftStride ?? used) >= used, "Rows of \(used) scalars are not \(leftStride ?? 0) apart.")
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.transposesLeft = transposesLeft
    self.transposesRight = transposesRight
    self.leftStride = leftStride ?? used
  }

  var rightStride: Int { transposesRight ? inner : columns }

  /// From the first to the last scalar of A.
  var leftScalars: Int {
    ((transposesLeft ? inner : rows) - 1) * leftStride + (transposesLeft ? rows : inner)
  }
}

/// Writes op(A) op(B) + beta C into C. 2 rows columns inner floating-point operations.
///
/// All operands as ``MatrixProductShape`` says; C must not overlap A or B. With `beta` 0 the old contents
/// of C are never read.
public func multiplyMatrices<Scalar: TensorScalar>(
  _ shape: MatrixProductShape, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  beta: Scalar = 0, into c: UnsafeMutablePointer<Scalar>,
  backend: KernelBackend = .selected
) {
  guard shape.rows > 0, shape.columns > 0 else { return }
  if backend == .oneDNN, Scalar.self == Float.self, shape.inner > 0 {
    let count = shape.rows * shape.columns
    let done = c.withMemoryRebound(to: Float.self, capacity: count) { c in
      a.withMemoryRebound(to: Float.self, capacity: shape.leftScalars) { a in
        b.withMemoryRebound(to: Float.self, capacity: shape.inner * shape.columns) { b in
          OneDNN.multiply(shape, a, b, Float(beta), c)
        }
      }
    }
    if done { return }
  }
  portableMultiplyMatrices(shape, a, b, beta, c)
}

extension Tensor {
  /// The matrix product op(self) op(other); both of rank 2.
  public func multiplied(
    by other: Tensor, transposingSelf: Bool = false, transposingOther: Bool = false,
    backend: KernelBackend = .selected
  ) -> Tensor {
    precondition(
      rank == 2 && other.rank == 2, "A matrix product of shapes \(shape) and \(other.shape).")
    let (rows, inner) = transposingSelf ? (shape[1], shape[0]) : (shape[0], shape[1])
    let (otherInner, columns) =
      transposingOther ? (other.shape[1], other.shape[0]) : (other.shape[0], other.shape[1])
    precondition(
      inner == otherInner,
      "A matrix product sums over \(inner) and \(otherInner) (shapes \(shape), \(other.shape)).")
    let call = MatrixProductShape(
      rows: rows, columns: columns, inner: inner, transposesLeft: transposingSelf,
      transposesRight: transposingOther)
    return Tensor(shape: [rows, columns]) { result in
      scalars.withUnsafeBufferPointer { a in
        other.scalars.withUnsafeBufferPointer { b in
          guard let c = result.baseAddress else { return }
          guard let a = a.baseAddress, let b = b.baseAddress else {
            result.update(repeating: 0)
            return
          }
          multiplyMatrices(call, a, b, into: c, backend: backend)
        }
      }
    }
  }
}
