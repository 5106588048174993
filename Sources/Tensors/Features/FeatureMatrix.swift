/// A matrix A of features, shape `[rows, features]`, prepared once for many products with narrow
/// matrices.
///
/// Softmax regression multiplies the same features by ever new weights, some ten columns wide, and
/// by ever new residuals transposed: Z = A W and G = A^T R. Here A is stored for exactly these two:
/// dense, or, where most features are zero (81 % of MNIST), as compressed rows for the first
/// product and compressed columns for the second. All write into the caller's memory, allocate
/// nothing, run on ``Parallel/threads`` cores, and add in an order that depends on the matrix alone:
/// the same bits for any number of threads.
///
/// Non-finite values: a stored NaN or infinity spreads as IEEE arithmetic says. The sparse storage
/// skips the zeros of A, so 0 times a non-finite weight counts as 0 there; `multiply` of the dense
/// storage gives NaN. Weights of a diverged run show it in either storage, because a column of
/// weights meets nonzero features.
public struct FeatureMatrix<Scalar: TensorScalar>: Sendable {
  /// How the entries are held.
  public enum Storage: String, Sendable, CaseIterable {
    /// All entries, row after row.
    case dense
    /// The nonzero entries twice: by rows and by columns.
    case sparse
  }

  /// Below this share of nonzero entries the sparse storage is chosen: a gathered multiply-add costs
  /// between three and four times a streamed one (whole hypergradients: 0.077 s at a share of 0.19
  /// against 0.116 s dense).
  static var sparseBelowDensity: Double { 0.25 }

  /// The number of rows, n.
  public let rowCount: Int
  /// The number of features (columns), d.
  public let featureCount: Int
  /// The number of nonzero entries.
  public let nonzeroCount: Int
  /// How the entries are held.
  public let storage: Storage

  private let dense: DenseFeatures<Scalar>?
  private let byRows: CompressedPanels<Scalar>?
  private let byColumns: CompressedPanels<Scalar>?

  /// The prepared form of a tensor of shape `[rows, features]`. O(rows features).
  ///
  /// - Parameters:
  ///   - features: the entries.
  ///   - storage: dense or sparse; by density (`sparseBelowDensity`) when nil.
  ///   - appendsOnes: whether a last column of ones follows the features, for an intercept.
  public init(_ features: Tensor<Scalar>, storage: Storage? = nil, appendsOnes: Bool = false) {
    let prepared = PreparedFeatures(
      features, storage: storage, appendsOnes: appendsOnes,
      sparseBelowDensity: Self.sparseBelowDensity, featuresPerPanel: Self.featuresPerPanel,
      rowsPerPanel: Self.rowsPerPanel, padding: 8)
    rowCount = prepared.rowCount
    featureCount = prepared.featureCount
    nonzeroCount = prepared.nonzeroCount
    self.storage = prepared.storage
    dense = prepared.dense
    byRows = prepared.byRows
    byColumns = prepared.byColumns
  }

  /// Weights of so many features (16 columns of Float) share the first-level cache with the rest.
  private static var featuresPerPanel: Int { 1024 }
  /// Residuals of so many rows fill a quarter of the second-level cache.
  private static var rowsPerPanel: Int { 512 }

  /// How often products have read the entries of the dense storage from memory, for tests that hold
  /// a computation to so many passes; 0 in the sparse storage. Copies share the count.
  package var passes: Int { dense?.passes.load(ordering: .relaxed) ?? 0 }

  /// The share of nonzero entries, between 0 and 1; 1 for an empty matrix.
  public var density: Double {
    let count = rowCount * featureCount
    return count == 0 ? 1 : Double(nonzeroCount) / Double(count)
  }

  /// Bytes held by the storage.
  public var bytes: Int {
    (dense?.bytes ?? 0) + (byRows?.bytes ?? 0) + (byColumns?.bytes ?? 0)
  }

  /// The number of columns to use for `columns` meaningful ones, so that each row of a narrow matrix
  /// fills whole vector registers: the next multiple of 16.
  public static func paddedColumnCount(_ columns: Int) -> Int {
    precondition(columns >= 0, "A matrix of \(columns) columns does not exist.")
    return (columns + 15) / 16 * 16
  }
}

// MARK: - Products

extension FeatureMatrix {
  /// Writes Z = A W. 2 nonzeroCount columns floating-point operations (sparse).
  ///
  /// - Parameters:
  ///   - w: W, `[featureCount, columns]`, contiguous. Fastest on a 64-byte boundary with `columns`
  ///     a multiple of 16 (see ``paddedColumnCount(_:)`` and ``AlignedBuffer``); any is allowed.
  ///   - columns: the columns of W and Z.
  ///   - meaningful: how many of them are not padding, which must be zero. All when nil.
  ///   - z: Z, `[rowCount, columns]`, contiguous; must not overlap W. Old contents are not read.
  public func multiply(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int? = nil,
    into z: UnsafeMutablePointer<Scalar>
  ) {
    let meaningful = checked(meaningful, columns)
    byRows?.multiply(w, columns: columns, into: z)
    dense?.multiply(w, columns: columns, meaningful: meaningful, into: z)
  }

  /// Writes G = A^T R. 2 nonzeroCount columns floating-point operations (sparse).
  ///
  /// - Parameters:
  ///   - r: R, `[rowCount, columns]`, contiguous; alignment as in `multiply(_:columns:into:)`.
  ///   - columns: the columns of R and G.
  ///   - meaningful: how many of them are not padding, which must be zero. All when nil.
  ///   - g: G, `[featureCount, columns]`, contiguous; must not overlap R. Old contents are not read.
  public func transposedMultiply(
    _ r: UnsafePointer<Scalar>, columns: Int, meaningful: Int? = nil,
    into g: UnsafeMutablePointer<Scalar>
  ) {
    let meaningful = checked(meaningful, columns)
    byColumns?.multiply(r, columns: columns, into: g)
    dense?.transposedMultiply(r, columns: columns, meaningful: meaningful, into: g)
  }

  /// Writes Z = A W to `z`, has `body` replace its rows, and writes G = A^T Z: one step of training,
  /// with A read once where it is dense.
  ///
  /// - Parameters:
  ///   - w: W, as in `multiply(_:columns:into:)`.
  ///   - columns: the columns of W, Z and G.
  ///   - meaningful: as in ``transposedMultiply(_:columns:meaningful:into:)``.
  ///   - z: Z, `[rowCount, columns]`, contiguous; what `body` leaves there stays.
  ///   - g: G, `[featureCount, columns]`, contiguous; must overlap neither W nor Z.
  ///   - body: called once for each of some disjoint ranges of rows that cover all of them, on any
  ///     thread, when the rows of Z are there; writes to these rows only.
  public func multiplyBack(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int? = nil,
    rows z: UnsafeMutablePointer<Scalar>, into g: UnsafeMutablePointer<Scalar>,
    transforming body: @Sendable (Range<Int>) -> Void
  ) {
    let meaningful = checked(meaningful, columns)
    if let dense {
      dense.multiplyBack(
        w, columns: columns, meaningful: meaningful, rows: z, into: g, transforming: body)
    } else {
      multiply(w, columns: columns, meaningful: meaningful, into: z)
      Parallel.forEachBlock(of: rowCount, blockSize: 256, body)
      transposedMultiply(z, columns: columns, meaningful: meaningful, into: g)
    }
  }

  /// The same with a second product Y = A V beside the first, for `body` to use: still one pass over A
  /// where it is dense.
  ///
  /// - Parameters:
  ///   - v: V, as W.
  ///   - y: Y, as Z; must not overlap it.
  public func multiplyBack(
    _ w: UnsafePointer<Scalar>, columns: Int, meaningful: Int? = nil,
    rows z: UnsafeMutablePointer<Scalar>, alongside v: UnsafePointer<Scalar>,
    rows y: UnsafeMutablePointer<Scalar>, into g: UnsafeMutablePointer<Scalar>,
    transforming body: @Sendable (Range<Int>) -> Void
  ) {
    let meaningful = checked(meaningful, columns)
    if let dense {
      dense.multiplyBack(
        w, columns: columns, meaningful: meaningful, rows: z, alongside: v, rows: y, into: g,
        transforming: body)
    } else {
      byRows?.multiply(w, into: z, v, into: y, columns: columns)
      Parallel.forEachBlock(of: rowCount, blockSize: 256, body)
      transposedMultiply(z, columns: columns, meaningful: meaningful, into: g)
    }
  }

  private func checked(_ meaningful: Int?, _ columns: Int) -> Int {
    precondition(columns >= 0, "A matrix of \(columns) columns does not exist.")
    let meaningful = meaningful ?? columns
    precondition(
      (0...columns).contains(meaningful), "\(meaningful) meaningful columns of \(columns).")
    return meaningful
  }
}

// MARK: - Contents

extension FeatureMatrix {
  /// The entries as a tensor of shape `[rows, features]`. O(rows features).
  public func toDense() -> Tensor<Scalar> {
    var result = Tensor<Scalar>.zeros([rowCount, featureCount])
    result.withUnsafeMutableScalars { target in
      forEachEntry { row, feature, value in target[row * featureCount + feature] = value }
    }
    return result
  }

  /// The matrix of the given rows, in that order, in the same storage. O(rows features).
  public func rows(_ positions: [Int]) -> FeatureMatrix {
    FeatureMatrix(toDense().gatheringRows(positions), storage: storage)
  }

  /// Calls `body` with (row, feature, value) of each entry that is held.
  private func forEachEntry(_ body: (Int, Int, Scalar) -> Void) {
    byRows?.forEachEntry(body)
    guard let dense else { return }
    for row in 0..<rowCount {
      let entries = dense.row(row)
      for feature in 0..<featureCount { body(row, feature, entries[feature]) }
    }
  }
}
