import Bilevel
import Tensors

/// Labelled samples prepared once for many products with narrow matrices.
///
/// The lower variable is y = (W [d, c], b [c]); internally it is packed into one `[d + 1, width]`
/// matrix whose last row is b, and the features carry a column of ones. Matrices with one row per
/// sample live in scratch memory with rows of `width` scalars, padding lanes zero.
package final class SoftmaxRegressionSamples<Scalar: TensorScalar>: Sendable {
  /// The number of samples n.
  package let count: Int
  /// The number of features d, without the column of ones.
  package let featureCount: Int
  /// The number of classes c.
  package let classCount: Int
  /// The label of each sample, below `classCount`.
  package let labels: [Int]
  /// c rounded up to whole vector registers.
  let width: Int
  /// The features with a last column of ones.
  let features: FeatureMatrix<Scalar>
  private let scratch = ScratchPool<Scalar>()

  /// Samples with features `[n, d]`; storage follows their density unless given. O(n d) once.
  package init(
    features: Tensor<Scalar>, labels: [Int], classCount: Int,
    storage: FeatureMatrix<Scalar>.Storage? = nil
  ) {
    precondition(
      features.rank == 2 && features.shape[0] == labels.count && classCount > 0,
      "Features of shape \(features.shape) with \(labels.count) labels, \(classCount) classes.")
    precondition(
      labels.allSatisfy { (0..<classCount).contains($0) },
      "Labels from \(labels.min() ?? 0) to \(labels.max() ?? 0) for \(classCount) classes.")
    count = labels.count
    featureCount = features.shape[1]
    self.classCount = classCount
    self.labels = labels
    width = FeatureMatrix<Scalar>.paddedColumnCount(classCount)
    self.features = FeatureMatrix(features, storage: storage, appendsOnes: true)
  }

  /// The shapes of (W, b).
  package var parameterShapes: [[Int]] { [[featureCount, classCount], [classCount]] }

  /// (W, b) = 0.
  package var zeroParameters: Parameters<Scalar> { Parameters(parameterShapes.map { .zeros($0) }) }

  /// The logits A W + b, of shape `[n, c]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func logits(_ y: Parameters<Scalar>) -> Tensor<Scalar> {
    withRows(1) { rows in
      multiply(y, into: rows)
      return Tensor(shape: [count, classCount]) { result in
        guard let target = result.baseAddress else { return }
        copyLanes(from: rows, stride: width, to: target, stride: classCount, rows: count)
      }
    }
  }

  /// Scalars of one `[n, width]` matrix.
  var rowScalars: Int { count * width }

  /// Calls `body` with room for the given number of `[n, width]` matrices, from a pool: nothing is
  /// allocated once the pool is warm.
  func withRows<Result>(
    _ matrices: Int, _ body: (UnsafeMutablePointer<Scalar>) -> Result
  ) -> Result {
    scratch.withBuffer(count: matrices * rowScalars, body)
  }

  /// Writes A y, with rows of `width` scalars.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiply(_ y: Parameters<Scalar>, into rows: UnsafeMutablePointer<Scalar>) {
    scratch.withBuffer(count: (featureCount + 1) * width) { packed in
      pack(y, into: packed)
      features.multiply(packed, columns: width, meaningful: classCount, into: rows)
    }
  }

  /// A' R as (W, b), for a matrix R of one row per sample.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func transposedMultiply(_ rows: UnsafeMutablePointer<Scalar>) -> Parameters<Scalar> {
    scratch.withBuffer(count: (featureCount + 1) * width) { packed in
      features.transposedMultiply(rows, columns: width, meaningful: classCount, into: packed)
      return unpack(packed)
    }
  }

  /// Writes A y to `rows`, has `body` replace ranges of them on any thread, and returns A' times what
  /// is there then: one pass over dense features.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiplyBack(
    _ y: Parameters<Scalar>, rows: UnsafeMutablePointer<Scalar>,
    transforming body: @Sendable (Range<Int>) -> Void
  ) -> Parameters<Scalar> {
    let size = (featureCount + 1) * width
    return scratch.withBuffer(count: 2 * size) { packed in
      pack(y, into: packed)
      let result = packed + size
      features.multiplyBack(
        packed, columns: width, meaningful: classCount, rows: rows, into: result,
        transforming: body)
      return unpack(result)
    }
  }

  /// The same with A v beside A y, in `others`, for `body` to use.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiplyBack(
    _ y: Parameters<Scalar>, rows: UnsafeMutablePointer<Scalar>, alongside v: Parameters<Scalar>,
    rows others: UnsafeMutablePointer<Scalar>, transforming body: @Sendable (Range<Int>) -> Void
  ) -> Parameters<Scalar> {
    let size = (featureCount + 1) * width
    return scratch.withBuffer(count: 3 * size) { packed in
      pack(y, into: packed)
      pack(v, into: packed + size)
      let result = packed + 2 * size
      features.multiplyBack(
        packed, columns: width, meaningful: classCount, rows: rows, alongside: packed + size,
        rows: others, into: result, transforming: body)
      return unpack(result)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func unpack(_ packed: UnsafeMutablePointer<Scalar>) -> Parameters<Scalar> {
    let weights = Tensor<Scalar>(shape: [featureCount, classCount]) { result in
      guard let target = result.baseAddress else { return }
      copyLanes(from: packed, stride: width, to: target, stride: classCount, rows: featureCount)
    }
    let bias = packed + featureCount * width
    return Parameters([weights, Tensor((0..<classCount).map { bias[$0] })])
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func pack(
    _ y: Parameters<Scalar>, into target: UnsafeMutablePointer<Scalar>
  ) {
    precondition(
      y.shapes == parameterShapes,
      "Softmax-regression parameters of shapes \(y.shapes), expected \(parameterShapes).")
    for row in 0...featureCount {
      (target + row * width + classCount).update(repeating: 0, count: width - classCount)
    }
    y.tensors[0].scalars.withUnsafeBufferPointer { weights in
      guard let source = weights.baseAddress else { return }
      copyLanes(from: source, stride: classCount, to: target, stride: width, rows: featureCount)
    }
    for (index, bias) in y.tensors[1].scalars.enumerated() {
      target[featureCount * width + index] = bias
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func copyLanes(
    from source: UnsafePointer<Scalar>, stride sourceStride: Int,
    to target: UnsafeMutablePointer<Scalar>, stride targetStride: Int, rows: Int
  ) {
    for row in 0..<rows {
      (target + row * targetStride).update(from: source + row * sourceStride, count: classCount)
    }
  }
}
