/// A matrix A of features, shape `[rows, features]`, prepared once for many products with narrow
/// matrices.
///
/// Softmax regression multiplies the same features by ever new weights, some ten columns wide, and
/// by ever new residuals transposed: Z = A W and G = A^T R. Here A is stored for exactly these two:
/// dense, or, where most features are zero (81 % of MNIST), as compressed rows for the first
/// product and compressed columns for the second. Both write into the caller's memory, allocate
/// nothing, run on ``Parallel/threads`` cores, and add in an order that depends on the matrix alone:
/// the same bits for any number of threads.
///
/// Non-finite values: a stored NaN or infinity spreads as IEEE arithmetic says. The sparse storage
/// skips the zeros of A, so 0 times a non-finite weight counts as 0 there; ``multiply`` of the dense
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
  /// about two and a half times a streamed one.
  public static var sparseBelowDensity: Double { 0.4 }

  /// The number of rows, n.
  public let rowCount: Int
  /// The number of features (columns), d.
  public let featureCount: Int
  /// The number of nonzero entries.
  public let nonzeroCount: Int
  /// How the entries are held.
  public let storage: Storage

  private let denseEntries: AlignedBuffer<Scalar>?
  private let byRows: CompressedPanels<Scalar>?
  private let byColumns: CompressedPanels<Scalar>?

  /// The prepared form of a tensor of shape `[rows, features]`. O(rows features).
  ///
  /// - Parameters:
  ///   - features: the entries.
  ///   - storage: dense or sparse; by density (``sparseBelowDensity``) when nil.
  ///   - appendsOnes: whether a last column of ones follows the features, for an intercept.
  public init(_ features: Tensor<Scalar>, storage: Storage? = nil, appendsOnes: Bool = false) {
    precondition(
      features.rank == 2, "A feature matrix has shape [rows, features], not \(features.shape).")
    let (rows, given) = (features.shape[0], features.shape[1])
    let width = given + (appendsOnes ? 1 : 0)
    rowCount = rows
    featureCount = width
    // The ones are written beside a single copy: large sets are what memory peaks at.
    let buffer = AlignedBuffer<Scalar>(count: rows * width)
    features.scalars.withUnsafeBufferPointer { source in
      guard let first = source.baseAddress else { return }
      for row in 0..<rows {
        let target = buffer.pointer + row * width
        target.update(from: first + row * given, count: given)
        if appendsOnes { target[given] = 1 }
      }
    }
    if appendsOnes, given == 0 { buffer.pointer.update(repeating: 1, count: rows) }
    nonzeroCount = buffer.scalars.reduce(0) { $1 == 0 ? $0 : $0 + 1 }
    let density = buffer.count == 0 ? 1 : Double(nonzeroCount) / Double(buffer.count)
    let chosen = storage ?? (density < Self.sparseBelowDensity ? .sparse : .dense)
    self.storage = chosen
    switch chosen {
    case .dense:
      denseEntries = buffer
      byRows = nil
      byColumns = nil
    case .sparse:
      denseEntries = nil
      byRows = CompressedPanels(
        dense: buffer.pointer, majorCount: rowCount, majorStride: featureCount,
        minorCount: featureCount, minorStride: 1, panelWidth: Self.featuresPerPanel)
      byColumns = CompressedPanels(
        dense: buffer.pointer, majorCount: featureCount, majorStride: 1, minorCount: rowCount,
        minorStride: featureCount, panelWidth: Self.rowsPerPanel)
    }
  }

  /// Weights of so many features (16 columns of Float) share the first-level cache with the rest.
  private static var featuresPerPanel: Int { 1024 }
  /// Residuals of so many rows fill a quarter of the second-level cache.
  private static var rowsPerPanel: Int { 512 }

  /// The share of nonzero entries, between 0 and 1; 1 for an empty matrix.
  public var density: Double {
    let count = rowCount * featureCount
    return count == 0 ? 1 : Double(nonzeroCount) / Double(count)
  }

  /// Bytes held by the storage.
  public var bytes: Int {
    let dense = denseEntries.map { $0.count * MemoryLayout<Scalar>.stride } ?? 0
    return dense + (byRows?.bytes ?? 0) + (byColumns?.bytes ?? 0)
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
  ///   - z: Z, `[rowCount, columns]`, contiguous; must not overlap W. Old contents are not read.
  public func multiply(
    _ w: UnsafePointer<Scalar>, columns: Int, into z: UnsafeMutablePointer<Scalar>
  ) {
    precondition(columns >= 0, "A matrix of \(columns) columns does not exist.")
    if let byRows {
      byRows.multiply(w, columns: columns, into: z)
    } else if let denseEntries {
      withExtendedLifetime(denseEntries) {
        DenseFeatureKernels(
          features: denseEntries.pointer, rowCount: rowCount, featureCount: featureCount
        ).multiply(w, columns: columns, into: z)
      }
    }
  }

  /// Writes G = A^T R. 2 nonzeroCount columns floating-point operations (sparse).
  ///
  /// - Parameters:
  ///   - r: R, `[rowCount, columns]`, contiguous; alignment as in ``multiply(_:columns:into:)``.
  ///   - columns: the columns of R and G.
  ///   - g: G, `[featureCount, columns]`, contiguous; must not overlap R. Old contents are not read.
  public func transposedMultiply(
    _ r: UnsafePointer<Scalar>, columns: Int, into g: UnsafeMutablePointer<Scalar>
  ) {
    precondition(columns >= 0, "A matrix of \(columns) columns does not exist.")
    if let byColumns {
      byColumns.multiply(r, columns: columns, into: g)
    } else if let denseEntries {
      withExtendedLifetime(denseEntries) {
        DenseFeatureKernels(
          features: denseEntries.pointer, rowCount: rowCount, featureCount: featureCount
        ).transposedMultiply(r, columns: columns, into: g)
      }
    }
  }
}

// MARK: - Contents

extension FeatureMatrix {
  /// The entries as a tensor of shape `[rows, features]`. O(rows features).
  public func toDense() -> Tensor<Scalar> {
    var result = Tensor<Scalar>.zeros([rowCount, featureCount])
    result.withUnsafeMutableScalars { target in
      if let denseEntries {
        _ = target.update(fromContentsOf: denseEntries.scalars)
      }
      byRows?.forEachEntry { row, feature, value in target[row * featureCount + feature] = value }
    }
    return result
  }

  /// The matrix of the given rows, in that order, in the same storage. O(rows features).
  public func rows(_ positions: [Int]) -> FeatureMatrix {
    FeatureMatrix(toDense().gatheringRows(positions), storage: storage)
  }

  /// The squared Euclidean norm of each row; bounds on the curvature of a loss come from these.
  public func squaredRowNorms() -> [Scalar] {
    var norms = [Scalar](repeating: 0, count: rowCount)
    if let denseEntries {
      let entries = denseEntries.scalars
      for row in 0..<rowCount {
        for entry in entries[row * featureCount..<(row + 1) * featureCount] {
          norms[row] += entry * entry
        }
      }
    }
    byRows?.forEachEntry { row, _, value in norms[row] += value * value }
    return norms
  }
}
