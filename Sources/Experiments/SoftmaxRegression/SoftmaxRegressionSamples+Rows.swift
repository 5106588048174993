import Tensors

/// The passes over rows: softmax, residuals, and the second-order products.
///
/// Rows are independent; they are dealt to the cores in fixed blocks, and nothing is summed across
/// rows here, so results do not depend on the number of threads.
extension SoftmaxRegressionSamples {
  /// Writes the probabilities of the logits (rows of `stride` scalars) to `target` (rows of
  /// `width`; may be the same memory when the strides agree), and each row's cross-entropy to
  /// `losses` if given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func applySoftmax(
    _ logits: UnsafeMutablePointer<Scalar>, stride: Int,
    into target: UnsafeMutablePointer<Scalar>, losses: UnsafeMutablePointer<Scalar>? = nil
  ) {
    let (width, classes, labels) = (width, classCount, labels)
    let rows = RowPointers(input: logits, output: target, perRow: losses)
    forEachBlock { block in
      let first = block.lowerBound
      if let losses = rows.perRow {
        for row in block { losses[row] = rows.input[row * stride + labels[row]] }
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: block.count) { normalisers in
          softmaxRows(
            rows.input + first * stride, sourceStride: stride, into: rows.output + first * width,
            targetStride: width, width: width, classes: classes, rows: block.count,
            logSumExp: normalisers.baseAddress)
          for row in block { losses[row] = normalisers[row - first] - losses[row] }
        }
      } else {
        softmaxRows(
          rows.input + first * stride, sourceStride: stride, into: rows.output + first * width,
          targetStride: width, width: width, classes: classes, rows: block.count)
      }
    }
  }

  /// Replaces each row of probabilities by factor_i (P_i - e_i).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func formResiduals(_ probabilities: UnsafeMutablePointer<Scalar>, factors: [Scalar]) {
    let (width, labels) = (width, labels)
    let rows = RowPointers(input: probabilities, output: probabilities, perRow: nil)
    forEachBlock { block in
      residualRows(rows.output, width: width, labels: labels, factors: factors, block)
    }
  }

  /// From probabilities P and directions V (rows of `directionStride` scalars): writes
  /// U_i = factor_i P_i (V_i - <P_i, V_i>) to `products` (which may be P or, with equal strides, V)
  /// and <P_i - e_i, V_i> to `inner`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func formProducts(
    probabilities: UnsafePointer<Scalar>, directions: UnsafePointer<Scalar>,
    directionStride: Int, factors: [Scalar], into products: UnsafeMutablePointer<Scalar>,
    inner: UnsafeMutablePointer<Scalar>
  ) {
    let (width, labels) = (width, labels)
    let p = SharedRows(start: probabilities)
    let v = SharedRows(start: directions)
    let rows = RowPointers(input: products, output: products, perRow: inner)
    forEachBlock { block in
      guard let inner = rows.perRow else { return }
      productRows(
        p.start, v.start, directionStride: directionStride, width: width, labels: labels,
        factors: factors, into: rows.output, inner: inner, block)
    }
  }

  /// Adds factor_i (P_i - e_i) to row i of `rows`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func addResiduals(
    _ probabilities: UnsafePointer<Scalar>, factors: [Scalar],
    to rows: UnsafeMutablePointer<Scalar>
  ) {
    for row in 0..<count where factors[row] != 0 {
      for lane in 0..<classCount {
        rows[row * width + lane] += factors[row] * probabilities[row * width + lane]
      }
      rows[row * width + labels[row]] -= factors[row]
    }
  }

  private func forEachBlock(_ body: @Sendable (Range<Int>) -> Void) {
    let count = count
    let size = 256
    Parallel.forEach((count + size - 1) / size) { block in
      body(block * size..<min((block + 1) * size, count))
    }
  }
}

/// Pointers into row matrices. Blocks of rows are disjoint, which is what makes sharing them
/// between threads safe.
private struct RowPointers<Scalar>: @unchecked Sendable {
  let input: UnsafeMutablePointer<Scalar>
  let output: UnsafeMutablePointer<Scalar>
  let perRow: UnsafeMutablePointer<Scalar>?
}

/// Rows that are only read.
private struct SharedRows<Scalar>: @unchecked Sendable {
  let start: UnsafePointer<Scalar>
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func residualRows<Scalar: TensorScalar>(
  _ rows: UnsafeMutablePointer<Scalar>, width: Int, labels: [Int], factors: [Scalar],
  _ block: Range<Int>
) {
  for row in block {
    let start = rows + row * width
    start[labels[row]] -= 1
    for lane in stride(from: 0, to: width, by: 16) {
      let register = UnsafeMutableRawPointer(start + lane)
      register.storeBytes(
        of: register.loadUnaligned(as: SIMD16<Scalar>.self) * factors[row],
        as: SIMD16<Scalar>.self)
    }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func productRows<Scalar: TensorScalar>(
  _ probabilities: UnsafePointer<Scalar>, _ directions: UnsafePointer<Scalar>,
  directionStride: Int, width: Int, labels: [Int], factors: [Scalar],
  into products: UnsafeMutablePointer<Scalar>, inner: UnsafeMutablePointer<Scalar>,
  _ block: Range<Int>
) {
  typealias Register = SIMD16<Scalar>
  for row in block {
    let p = UnsafeRawPointer(probabilities + row * width)
    let v = UnsafeRawPointer(directions + row * directionStride)
    let u = UnsafeMutableRawPointer(products + row * width)
    let size = MemoryLayout<Register>.stride
    var sums = Register()
    for register in 0..<(width / 16) {
      let offset = register * size
      sums.addProduct(
        (p + offset).loadUnaligned(as: Register.self),
        (v + offset).loadUnaligned(as: Register.self))
    }
    let mean = sums.sumOfLanes
    inner[row] = mean - directions[row * directionStride + labels[row]]
    for register in 0..<(width / 16) {
      let offset = register * size
      let scaled = (p + offset).loadUnaligned(as: Register.self) * factors[row]
      (u + offset).storeBytes(
        of: scaled * ((v + offset).loadUnaligned(as: Register.self) - mean), as: Register.self)
    }
  }
}
