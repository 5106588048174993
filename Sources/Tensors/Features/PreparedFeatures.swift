/// The entries of a feature matrix in one of two storages: what ``FeatureMatrix`` and
/// ``WideFeatureMatrix`` have in common.
struct PreparedFeatures<Scalar: TensorScalar> {
  let rowCount: Int
  let featureCount: Int
  let nonzeroCount: Int
  let storage: FeatureMatrix<Scalar>.Storage
  var dense: DenseFeatures<Scalar>?
  var byRows: CompressedPanels<Scalar>?
  var byColumns: CompressedPanels<Scalar>?

  /// The form of a tensor of shape `[rows, features]`, by density where `storage` is nil.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  init(
    _ features: Tensor<Scalar>, storage wanted: FeatureMatrix<Scalar>.Storage?, appendsOnes: Bool,
    sparseBelowDensity: Double, featuresPerPanel: Int, rowsPerPanel: Int, padding: Int
  ) {
    precondition(
      features.rank == 2, "A feature matrix has shape [rows, features], not \(features.shape).")
    let (rows, given) = (features.shape[0], features.shape[1])
    let width = given + (appendsOnes ? 1 : 0)
    rowCount = rows
    featureCount = width
    // The ones are written beside a single copy: large sets are what memory peaks at.
    let dense = DenseFeatures<Scalar>(rowCount: rows, featureCount: width) { row, target in
      features.scalars.withUnsafeBufferPointer { source in
        if given > 0, let first = source.baseAddress {
          target.update(from: first + row * given, count: given)
        }
      }
      if appendsOnes { target[given] = 1 }
    }
    var nonzero = 0
    for row in 0..<rows {
      let entries = dense.row(row)
      for index in 0..<width where entries[index] != 0 { nonzero += 1 }
    }
    nonzeroCount = nonzero
    let density = rows * width == 0 ? 1 : Double(nonzero) / Double(rows * width)
    storage = wanted ?? (density < sparseBelowDensity ? .sparse : .dense)
    guard storage == .sparse else {
      self.dense = dense
      return
    }
    (byRows, byColumns) = withExtendedLifetime(dense) {
      let entries = dense.row(0)
      return (
        CompressedPanels(
          dense: entries, majorCount: rows, majorStride: dense.rowStride, minorCount: width,
          minorStride: 1, panelWidth: featuresPerPanel, padding: padding),
        CompressedPanels(
          dense: entries, majorCount: width, majorStride: 1, minorCount: rows,
          minorStride: dense.rowStride, panelWidth: rowsPerPanel, padding: padding)
      )
    }
  }
}
