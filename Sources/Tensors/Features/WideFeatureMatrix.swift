/// A matrix A of features, shape `[rows, features]`, prepared once for the products of a network's
/// first layer: with matrices of hundreds of columns.
///
/// The two products of a training step, Z = A W and G = A' R, are taken block of rows by block of rows,
/// with the caller's work on a block (activation, further layers, and back) between them, while the
/// block is in a cache: Z and R need not exist as a whole. Dense blocks are matrix products of the
/// backend; sparse ones (`Storage.sparse`) skip the zeros of A. Blocks are dealt out to tasks by
/// the number of rows alone, and the tasks' shares of G are added in their order: the same bits for
/// any number of threads.
///
/// ``FeatureMatrix`` is the same for matrices of some ten columns, where the work is a stream over A;
/// here it is arithmetic. Non-finite values: as there.
public final class WideFeatureMatrix<Scalar: TensorScalar>: Sendable {
  /// How the entries are held.
  public typealias Storage = FeatureMatrix<Scalar>.Storage

  /// Below this share of nonzero entries the sparse storage is chosen: a multiply-add on gathered
  /// lines costs about three times one of oneDNN's dense product (47 and 121 GFLOP/s on one core in a
  /// whole hypergradient of 784-300-10).
  static var sparseBelowDensity: Double { 0.3 }

  /// The rows of a block: enough that packing W, which each block's product does, costs little, and
  /// few enough that a block of hundreds of columns fits the second-level cache.
  static var blockRows: Int { 640 }
  /// At most so many tasks, each with a share of G of its own.
  private static var maximumTasks: Int { 8 }
  /// Lines of 256 bytes that fit the first-level cache beside what else is needed.
  private static var panelWidth: Int { 128 }

  /// The number of rows, n.
  public let rowCount: Int
  /// The number of features (columns), d.
  public let featureCount: Int
  /// How the entries are held.
  public let storage: Storage

  private let dense: DenseFeatures<Scalar>?
  private let byRows: CompressedPanels<Scalar>?
  private let byColumns: CompressedPanels<Scalar>?
  private let scratch = ScratchPool<Scalar>()

  /// The prepared form of a tensor of shape `[rows, features]`. O(rows features).
  ///
  /// - Parameters:
  ///   - features: the entries.
  ///   - storage: dense or sparse; by density (`sparseBelowDensity`) when nil.
  ///   - appendsOnes: whether a last column of ones follows the features, for an intercept.
  public init(_ features: Tensor<Scalar>, storage: Storage? = nil, appendsOnes: Bool = false) {
    let prepared = PreparedFeatures(
      features, storage: storage, appendsOnes: appendsOnes,
      sparseBelowDensity: Self.sparseBelowDensity, featuresPerPanel: Self.panelWidth,
      rowsPerPanel: Self.panelWidth, padding: 1)
    rowCount = prepared.rowCount
    featureCount = prepared.featureCount
    self.storage = prepared.storage
    dense = prepared.dense
    byRows = prepared.byRows
    byColumns = prepared.byColumns
  }

  /// Bytes held by the storage.
  public var bytes: Int {
    (dense?.bytes ?? 0) + (byRows?.bytes ?? 0) + (byColumns?.bytes ?? 0)
  }

  /// The number of tasks that ``multiplyBack(_:columns:keeping:into:transforming:)`` numbers.
  public var taskCount: Int { min(Self.maximumTasks, blockCount) }

  private var blockCount: Int { (rowCount + Self.blockRows - 1) / Self.blockRows }

  private func rows(ofBlock block: Int) -> Range<Int> {
    block * Self.blockRows..<min(rowCount, (block + 1) * Self.blockRows)
  }

  // MARK: - Products

  /// Writes Z = A W, block of rows by block of rows, and has `body` do what it likes with each.
  ///
  /// - Parameters:
  ///   - w: W, `[featureCount, columns]`, contiguous, fastest on a 64-byte boundary.
  ///   - columns: the columns of W and Z, a multiple of 16.
  ///   - z: Z, `[rowCount, columns]`, contiguous; must not overlap W. Old contents are not read.
  ///   - body: called once for each block of rows, on any thread, when its rows of Z are there.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiply(
    _ w: UnsafePointer<Scalar>, columns: Int, into z: UnsafeMutablePointer<Scalar>,
    transforming body: @Sendable (Range<Int>) -> Void = { _ in }
  ) {
    requireWhole(columns)
    let (right, out) = (SharedPointer(w), SharedMutablePointer(z))
    Parallel.forEach(blockCount) { block in
      let rows = self.rows(ofBlock: block)
      self.forward(rows, right.pointer, columns, out.pointer + rows.lowerBound * columns)
      body(rows)
    }
  }

  /// Writes Z = A W, has `body` make rows of R from rows of Z, and writes G = A' R: one step of
  /// training, block of rows by block of rows.
  ///
  /// - Parameters:
  ///   - w: W, as in ``multiply(_:columns:into:transforming:)``.
  ///   - columns: the columns of W, Z, R and G, a multiple of 16.
  ///   - z: where Z is kept, `[rowCount, columns]`; nil where a block of it suffices.
  ///   - g: G, `[featureCount, columns]`, contiguous; must overlap neither W nor Z.
  ///   - body: called once for each block of rows with the number of the task, below ``taskCount``,
  ///     that the block belongs to (blocks of one task follow one another, never at a time), its
  ///     rows, and the first scalars of the block's rows of Z, which it may change, and of R, which
  ///     it must fill.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiplyBack(
    _ w: UnsafePointer<Scalar>, columns: Int, keeping z: UnsafeMutablePointer<Scalar>? = nil,
    into g: UnsafeMutablePointer<Scalar>,
    transforming body:
      @Sendable (
        Int, Range<Int>, UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>
      ) -> Void
  ) {
    requireWhole(columns)
    let size = featureCount * columns
    let tasks = taskCount
    guard tasks > 0 else {
      g.update(repeating: 0, count: size)
      return
    }
    let right = SharedPointer(w)
    let kept = z.map { SharedMutablePointer($0) }
    let blockScalars = min(Self.blockRows, rowCount) * columns
    scratch.withBuffer(count: tasks * size) { shares in
      let shared = SharedMutablePointer(shares)
      Parallel.forEach(tasks) { task in
        let share = shared.pointer + task * size
        let blocks = task * self.blockCount / tasks..<(task + 1) * self.blockCount / tasks
        self.scratch.withBuffer(count: 2 * blockScalars) { local in
          let residuals = local + blockScalars
          for block in blocks {
            let rows = self.rows(ofBlock: block)
            let out = kept.map { $0.pointer + rows.lowerBound * columns } ?? local
            self.forward(rows, right.pointer, columns, out)
            body(task, rows, out, residuals)
            self.backward(
              rows, residuals, columns, share, accumulating: block > blocks.lowerBound)
          }
        }
      }
      let sum = SharedMutablePointer(g)
      VectorPass.forEachBlock(of: size) { range in
        let (sum, shares) = (sum.pointer, shared.pointer)
        (sum + range.lowerBound).update(from: shares + range.lowerBound, count: range.count)
        for task in 1..<max(1, tasks) {
          let share = shares + task * size
          for index in range { sum[index] += share[index] }
        }
      }
    }
  }

  /// Rows of Z = A W.
  @inline(__always)
  private func forward(
    _ rows: Range<Int>, _ w: UnsafePointer<Scalar>, _ columns: Int,
    _ out: UnsafeMutablePointer<Scalar>
  ) {
    if let byRows {
      byRows.multiplyWide(
        rows: rows, panels: 0..<byRows.panelCount, w, firstMinor: 0, columns: columns,
        into: out - rows.lowerBound * columns, accumulating: false)
    } else if let dense {
      multiplyMatrices(
        MatrixProductShape(
          rows: rows.count, columns: columns, inner: featureCount, leftStride: dense.rowStride),
        dense.row(rows.lowerBound), w, into: out)
    }
  }

  /// The rows' part of G = A' R, `r` the first of them.
  @inline(__always)
  private func backward(
    _ rows: Range<Int>, _ r: UnsafePointer<Scalar>, _ columns: Int,
    _ share: UnsafeMutablePointer<Scalar>, accumulating: Bool
  ) {
    if let byColumns {
      let width = byColumns.panelWidth
      let panels = rows.lowerBound / width..<(rows.upperBound + width - 1) / width
      byColumns.multiplyWide(
        rows: 0..<featureCount, panels: panels, r, firstMinor: rows.lowerBound, columns: columns,
        into: share, accumulating: accumulating)
    } else if let dense {
      multiplyMatrices(
        MatrixProductShape(
          rows: featureCount, columns: columns, inner: rows.count, transposesLeft: true,
          leftStride: dense.rowStride),
        dense.row(rows.lowerBound), r, beta: accumulating ? 1 : 0, into: share)
    }
  }

  private func requireWhole(_ columns: Int) {
    precondition(
      columns > 0 && columns.isMultiple(of: 16),
      "Wide products are for whole registers of 16 columns, not for \(columns) columns.")
  }
}
