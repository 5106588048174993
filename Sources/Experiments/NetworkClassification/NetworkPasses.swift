import Bilevel
import Networks
import Tensors

/// The passes over one block of rows, on the calling thread.
///
/// The activations of all layers; the last layer's are probabilities once the pass is done.
struct NetworkBlock<Scalar: TensorScalar>: @unchecked Sendable {
  let samples: NetworkSamples<Scalar>
  /// The samples of the block.
  let rows: Range<Int>
  /// The block's rows of the first layer.
  let firstLayer: UnsafeMutablePointer<Scalar>
  /// Memory for all layers of `capacity` rows (``NetworkLayout``), where the further layers of this
  /// block are those from row `first` on.
  let units: UnsafeMutablePointer<Scalar>
  let capacity: Int
  let first: Int
  /// Packed weights.
  let weights: UnsafePointer<Scalar>

  private var layout: NetworkLayout { samples.layout }
  private var network: FullyConnectedNetwork { samples.network }

  /// The block's rows of a layer.
  @inline(__always)
  func layer(_ layer: Int) -> UnsafeMutablePointer<Scalar> {
    layer == 1
      ? firstLayer : units + layout.units(layer, rows: capacity) + first * layout.stride(layer)
  }

  /// The weights of a layer in a packed buffer.
  @inline(__always)
  private func weights(_ layer: Int, of packed: UnsafePointer<Scalar>) -> UnsafePointer<Scalar> {
    packed + layout.weights(layer)
  }

  /// out = (op a)(op b) + beta out, by the extents of two layers.
  @inline(__always)
  private func product(
    _ rows: Int, _ columns: Int, _ inner: Int, _ a: UnsafePointer<Scalar>,
    _ b: UnsafePointer<Scalar>, transposesLeft: Bool = false, transposesRight: Bool = false,
    adding: Bool = false, into out: UnsafeMutablePointer<Scalar>
  ) {
    multiplyMatrices(
      MatrixProductShape(
        rows: rows, columns: columns, inner: inner, transposesLeft: transposesLeft,
        transposesRight: transposesRight), a, b, beta: adding ? 1 : 0, into: out)
  }

  // MARK: - Forward

  /// From the first layer's pre-activations, which are there, to the probabilities; cross-entropies
  /// of the samples to `losses` if given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func runForward(losses: UnsafeMutablePointer<Scalar>? = nil) {
    for l in 1..<layout.layerCount {
      network.activation.activateRows(
        layer(l), count: rows.count, width: network.widths[l], stride: layout.stride(l))
      product(
        rows.count, layout.stride(l + 1), layout.stride(l), layer(l),
        weights(l + 1, of: weights), into: layer(l + 1))
    }
    let last = layout.layerCount
    let (logits, width) = (layer(last), layout.stride(last))
    guard let losses else {
      softmaxRows(
        logits, into: logits, rows: rows.count, classes: network.widths[last], stride: width)
      return
    }
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: rows.count) { atLabel in
      for (index, row) in rows.enumerated() {
        atLabel[index] = logits[index * width + samples.labels[row]]
      }
      softmaxRows(
        logits, into: logits, rows: rows.count, classes: network.widths[last], stride: width,
        logSumExp: losses + rows.lowerBound)
      for (index, row) in rows.enumerated() { losses[row] -= atLabel[index] }
    }
  }

  // MARK: - Backward

  /// The cotangents of the first layer's pre-activations to `residuals`, and the block's part of the
  /// gradients of the other layers' weights added to `gradients` (packed).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func runBackward(
    factors: [Scalar], gradients: UnsafeMutablePointer<Scalar>,
    residuals: UnsafeMutablePointer<Scalar>
  ) {
    let last = layout.layerCount
    samples.scratch.withBuffer(count: layout.unitScalars * rows.count) { local in
      // The last layer's are the residuals factor_i (P_i - e_i).
      var cotangents = last == 1 ? residuals : local + layout.units(last, rows: rows.count)
      writeResiduals(factors, to: cotangents)
      for l in stride(from: last - 1, to: 0, by: -1) {
        let (width, next) = (layout.stride(l), layout.stride(l + 1))
        product(
          width, next, rows.count, layer(l), cotangents, transposesLeft: true, adding: true,
          into: gradients + layout.weights(l + 1))
        let below = l == 1 ? residuals : local + layout.units(l, rows: rows.count)
        product(
          rows.count, width, next, cotangents, weights(l + 1, of: weights),
          transposesRight: true, into: below)
        network.activation.multiplyRowsByDerivative(
          below, activations: layer(l), count: rows.count, width: network.widths[l],
          stride: width)
        cotangents = below
      }
    }
  }

  /// factor_i (P_i - e_i) of the block's rows.
  @inline(__always)
  private func writeResiduals(_ factors: [Scalar], to target: UnsafeMutablePointer<Scalar>) {
    let width = layout.stride(layout.layerCount)
    target.update(from: layer(layout.layerCount), count: rows.count * width)
    softmaxResidualRows(
      rows, of: target - rows.lowerBound * width, width: width, labels: samples.labels,
      factors: factors)
  }

  // MARK: - Second order

  /// What ``runBackward(factors:gradients:residuals:)`` computes, differentiated along a direction of
  /// the weights (`directions`, packed) and of the factors: with R the derivative along it,
  ///
  ///     R h_l = s' R z_l,   R z_{l+1} = R h_l W + h_l V,
  ///     R c_l = s' (R c_{l+1} W' + c_{l+1} V') + s'' R z_l (c_{l+1} W'),
  ///
  /// - Parameters:
  ///   - tangents: R z_1, which is replaced.
  ///   - factors: w_i / n.
  ///   - factorTangents: R of the factors; nil for none.
  ///   - inner: receives <P_i - e_i, R z_L>.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func runSecondOrder(
    directions: UnsafePointer<Scalar>, tangents: UnsafeMutablePointer<Scalar>, factors: [Scalar],
    factorTangents: [Scalar]?, inner: UnsafeMutablePointer<Scalar>,
    gradients: UnsafeMutablePointer<Scalar>, residuals: UnsafeMutablePointer<Scalar>
  ) {
    let last = layout.layerCount
    let all = layout.unitScalars * rows.count
    samples.scratch.withBuffer(count: 3 * all) { local in
      // R h_l (the first layer's where R z_1 came in), then c_l and R c_l.
      func moved(_ l: Int) -> UnsafeMutablePointer<Scalar> {
        l == 1 ? tangents : local + layout.units(l, rows: rows.count)
      }
      func cotangent(_ l: Int) -> UnsafeMutablePointer<Scalar> {
        local + all + layout.units(l, rows: rows.count)
      }
      func movedCotangent(_ l: Int) -> UnsafeMutablePointer<Scalar> {
        l == 1 ? residuals : local + 2 * all + layout.units(l, rows: rows.count)
      }
      for l in 1..<last {
        let (width, next) = (layout.stride(l), layout.stride(l + 1))
        network.activation.multiplyRowsByDerivative(
          moved(l), activations: layer(l), count: rows.count, width: network.widths[l],
          stride: width)
        product(
          rows.count, next, width, moved(l), weights(l + 1, of: weights), into: moved(l + 1))
        product(
          rows.count, next, width, layer(l), weights(l + 1, of: directions), adding: true,
          into: moved(l + 1))
      }
      writeResiduals(factors, to: cotangent(last))
      curveResiduals(
        moved(last), factors, factorTangents, inner, into: movedCotangent(last))
      for l in stride(from: last - 1, to: 0, by: -1) {
        let (width, next) = (layout.stride(l), layout.stride(l + 1))
        let target = gradients + layout.weights(l + 1)
        product(
          width, next, rows.count, layer(l), movedCotangent(l + 1), transposesLeft: true,
          adding: true, into: target)
        product(
          width, next, rows.count, moved(l), cotangent(l + 1), transposesLeft: true, adding: true,
          into: target)
        product(
          rows.count, width, next, movedCotangent(l + 1), weights(l + 1, of: weights),
          transposesRight: true, into: movedCotangent(l))
        product(
          rows.count, width, next, cotangent(l + 1), weights(l + 1, of: directions),
          transposesRight: true, adding: true, into: movedCotangent(l))
        product(
          rows.count, width, next, cotangent(l + 1), weights(l + 1, of: weights),
          transposesRight: true, into: cotangent(l))
        network.activation.multiplyRowsByDerivative(
          movedCotangent(l), activations: layer(l), tangents: moved(l), cotangents: cotangent(l),
          count: rows.count, width: network.widths[l], stride: width)
        if l > 1 {
          network.activation.multiplyRowsByDerivative(
            cotangent(l), activations: layer(l), count: rows.count, width: network.widths[l],
            stride: width)
        }
      }
    }
  }

  /// factor_i P_i (V_i - <P_i, V_i>) + R factor_i (P_i - e_i).
  @inline(__always)
  private func curveResiduals(
    _ moved: UnsafeMutablePointer<Scalar>, _ factors: [Scalar], _ factorTangents: [Scalar]?,
    _ inner: UnsafeMutablePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>
  ) {
    let width = layout.stride(layout.layerCount)
    let shift = rows.lowerBound * width
    let probabilities = layer(layout.layerCount)
    softmaxProductRows(
      rows, probabilities: probabilities - shift, directions: moved - shift, width: width,
      labels: samples.labels, factors: factors, into: target - shift, inner: inner)
    guard let factorTangents else { return }
    let classes = network.widths[layout.layerCount]
    for (index, row) in rows.enumerated() {
      let factor = factorTangents[row]
      for lane in 0..<classes {
        target[index * width + lane] += factor * probabilities[index * width + lane]
      }
      target[index * width + samples.labels[row]] -= factor
    }
  }
}
