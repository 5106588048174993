/// A matrix A [rows, columns] prepared once for many products with narrow matrices.
///
/// Bi-level training of a linear model multiplies the same features by a few columns hundreds of
/// times per hypergradient, so the preparation (finding the non-zeros, ordering them both ways)
/// pays at once. Images are mostly background: MNIST has 81 % zeros, and sparse storage does a
/// fifth of the dense work. Which storage is used follows from the density, once, at construction.
///
/// Narrow operands are padded to a multiple of ``lanes`` columns; every product writes each element
/// as a sum in a fixed order, by one thread, so results do not depend on the number of threads.
public struct FeatureMatrix<Scalar: TensorScalar>: Sendable {
  /// The columns that a narrow operand is padded to a multiple of.
  public static var lanes: Int { 16 }

  /// How the matrix is stored.
  public enum Storage: String, Sendable, CaseIterable {
    /// All elements, row after row.
    case dense
    /// The non-zero elements, by rows and again by columns.
    case sparse
  }

  /// The number of rows of A.
  public let rowCount: Int
  /// The number of columns of A, a column of ones included where one was appended.
  public let columnCount: Int
  /// The fraction of elements that are not zero.
  public let density: Double
  private let elements: Elements

  private enum Elements: Sendable {
    case dense([Scalar])
    case sparse(byRows: CompressedRows<Scalar>, byColumns: CompressedRows<Scalar>)
  }

  /// The density below which sparse storage is faster: per element it does the same arithmetic as
  /// the dense kernel, and reads an index beside the value.
  public static var sparseDensityLimit: Double { 0.5 }

  /// The matrix of a tensor of rank 2, optionally with a last column of ones (a bias).
  ///
  /// Storage is chosen by the density unless given. Non-finite elements count as non-zero, so they
  /// reach every product that they must reach. O(rows columns).
  public init(
    _ features: Tensor<Scalar>, appendingOnes: Bool = false, storage: Storage? = nil
  ) {
    precondition(features.rank == 2, "Features form a matrix, not shape \(features.shape).")
    let (rows, width) = (features.shape[0], features.shape[1])
    let columns = width + (appendingOnes ? 1 : 0)
    var scalars = [Scalar](repeating: 1, count: rows * columns)
    for row in 0..<rows {
      scalars.replaceSubrange(
        row * columns..<row * columns + width,
        with: features.scalars[row * width..<(row + 1) * width])
    }
    rowCount = rows
    columnCount = columns
    let nonZeros = scalars.count { !($0 == 0) }
    density = scalars.isEmpty ? 0 : Double(nonZeros) / Double(scalars.count)
    switch storage ?? (density < Self.sparseDensityLimit ? .sparse : .dense) {
    case .dense: elements = .dense(scalars)
    case .sparse:
      let byRows = CompressedRows(dense: scalars, rows: rows, columns: columns)
      elements = .sparse(byRows: byRows, byColumns: byRows.transposed())
    }
  }

  /// How the matrix is stored.
  public var storage: Storage {
    switch elements {
    case .dense: .dense
    case .sparse: .sparse
    }
  }

  /// Bytes held.
  public var bytes: Int {
    switch elements {
    case .dense(let scalars): scalars.count * MemoryLayout<Scalar>.stride
    case .sparse(let byRows, let byColumns): byRows.bytes + byColumns.bytes
    }
  }

  /// Writes A w to `result` [rowCount, width], for w [columnCount, width], both contiguous.
  ///
  /// `width` must be a multiple of ``lanes``. 2 width floating-point operations per stored element;
  /// nothing is allocated.
  public func multiply(
    _ w: UnsafePointer<Scalar>, width: Int, into result: UnsafeMutablePointer<Scalar>
  ) {
    requireWholeLanes(width)
    switch elements {
    case .dense(let scalars):
      denseMultiply(scalars, rows: rowCount, columns: columnCount, w, width, result)
    case .sparse(let byRows, _):
      byRows.multiply(w, width: width, into: result)
    }
  }

  /// Writes A' r to `result` [columnCount, width], for r [rowCount, width], both contiguous.
  public func transposedMultiply(
    _ r: UnsafePointer<Scalar>, width: Int, into result: UnsafeMutablePointer<Scalar>
  ) {
    requireWholeLanes(width)
    switch elements {
    case .dense(let scalars):
      denseTransposedMultiply(scalars, rows: rowCount, columns: columnCount, r, width, result)
    case .sparse(_, let byColumns):
      byColumns.multiply(r, width: width, into: result)
    }
  }

  private func requireWholeLanes(_ width: Int) {
    precondition(
      width > 0 && width % Self.lanes == 0,
      "A width of \(width) columns is not a positive multiple of \(Self.lanes).")
  }
}
