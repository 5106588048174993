/// The rows that follow a softmax in closed-form training: residuals and curvature products.
///
/// All matrices are `[rows, width]`, contiguous, `width` a multiple of 16, padding lanes zero. Rows
/// are independent and nothing is summed across them: callers deal them out to threads as they like.
/// One pass over the memory each, on the calling thread.

/// Replaces the given rows of probabilities by factor_i (P_i - e_i), with e_i the one-hot label.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func softmaxResidualRows<Scalar: TensorScalar>(
  _ rows: Range<Int>, of probabilities: UnsafeMutablePointer<Scalar>, width: Int, labels: [Int],
  factors: [Scalar]
) {
  requireRows(rows, width, labels.count, factors.count)
  labels.withUnsafeBufferPointer { labels in
    factors.withUnsafeBufferPointer { factors in
      for row in rows {
        let start = probabilities + row &* width
        requireLabel(labels[row], width)
        start[labels[row]] -= 1
        scaleRow(start, width, by: factors[row])
      }
    }
  }
}

/// Writes factor_i P_i (V_i - <P_i, V_i>), the product of the softmax's curvature with directions V,
/// for the given rows to `products` (which may be V), and <P_i - e_i, V_i> to `inner`.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func softmaxProductRows<Scalar: TensorScalar>(
  _ rows: Range<Int>, probabilities: UnsafePointer<Scalar>, directions: UnsafePointer<Scalar>,
  width: Int, labels: [Int], factors: [Scalar], into products: UnsafeMutablePointer<Scalar>,
  inner: UnsafeMutablePointer<Scalar>
) {
  requireRows(rows, width, labels.count, factors.count)
  labels.withUnsafeBufferPointer { labels in
    factors.withUnsafeBufferPointer { factors in
      for row in rows {
        let offset = row &* width
        requireLabel(labels[row], width)
        let atLabel = directions[offset &+ labels[row]]
        let mean = productRow(
          probabilities + offset, directions + offset, width, factors[row], products + offset)
        inner[row] = mean - atLabel
      }
    }
  }
}

private func requireRows(_ rows: Range<Int>, _ width: Int, _ labels: Int, _ factors: Int) {
  precondition(
    width > 0 && width % 16 == 0, "Rows of \(width) lanes are not whole registers of 16.")
  precondition(
    labels == factors && rows.lowerBound >= 0 && rows.upperBound <= labels,
    "Rows \(rows) with \(labels) labels and \(factors) factors.")
}

@inline(__always)
private func requireLabel(_ label: Int, _ width: Int) {
  precondition(label >= 0 && label < width, "The label \(label) in rows of \(width) lanes.")
}

@inline(__always)
private func scaleRow<Scalar: TensorScalar>(
  _ row: UnsafeMutablePointer<Scalar>, _ width: Int, by factor: Scalar
) {
  let start = UnsafeMutableRawPointer(row)
  for register in 0..<(width / 16) {
    let address = start + register &* MemoryLayout<SIMD16<Scalar>>.stride
    address.storeBytes(
      of: address.loadUnaligned(as: SIMD16<Scalar>.self) * factor, as: SIMD16<Scalar>.self)
  }
}

/// <p, v>; u becomes factor p (v - <p, v>).
@inline(__always)
private func productRow<Scalar: TensorScalar>(
  _ p: UnsafePointer<Scalar>, _ v: UnsafePointer<Scalar>, _ width: Int, _ factor: Scalar,
  _ u: UnsafeMutablePointer<Scalar>
) -> Scalar {
  typealias Register = SIMD16<Scalar>
  let size = MemoryLayout<Register>.stride
  let (p, v, u) = (UnsafeRawPointer(p), UnsafeRawPointer(v), UnsafeMutableRawPointer(u))
  var sums = Register()
  for register in 0..<(width / 16) {
    let offset = register &* size
    sums = sums.adding(
      productOf: (p + offset).loadUnaligned(as: Register.self),
      (v + offset).loadUnaligned(as: Register.self))
  }
  let mean = sumOfLanes(sums)
  for register in 0..<(width / 16) {
    let offset = register &* size
    let scaled = (p + offset).loadUnaligned(as: Register.self) * factor
    (u + offset).storeBytes(
      of: scaled * ((v + offset).loadUnaligned(as: Register.self) - mean), as: Register.self)
  }
  return mean
}
