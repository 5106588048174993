/// Batch normalisation, max(0, .) and the maximum over windows of two by two pixels, fused: the
/// normalised images, four times as large as the result, are never in memory.
extension Tensor {
  /// The largest of max(0, gamma x^ + beta) over every window of two by two pixels, channel by channel,
  /// and where it was found: x^ = (x - mean) r with the given moments; without a scale gamma is 1.
  ///
  /// Self holds images, `[images height width, channels]`; the result is `[placements, channels]`, the
  /// positions lie within the storage of self. The same as
  /// ``normalisedRectified(_:scale:shift:)`` followed by maximum pooling: the first
  /// among equals, and a NaN wins. Where all of a window is cut off to 0, no matter what position is
  /// named: the derivative is 0 there.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectifiedMaxima(
    _ geometry: WindowGeometry, _ moments: ColumnMoments<Scalar>, scale: Tensor?, shift: Tensor
  ) -> (maxima: Tensor, positions: [Int32]) {
    let pairs = checkedPairs(geometry)
    let columns = geometry.channels
    let mean = moments.mean
    let factor = moments.inverseDeviation.scaledIfAny(by: scale)
    precondition(
      mean.shape == [columns] && factor.shape == [columns] && shift.shape == [columns],
      "Moments \(mean.shape) and shift \(shift.shape) for images of \(geometry.imageShape).")
    var positions: [Int32] = []
    let maxima = Tensor(shape: [geometry.placements, columns]) { result in
      positions = [Int32](unsafeUninitializedCapacity: result.count) { places, initialized in
        initialized = result.count
        guard let places = places.baseAddress else { return }
        withScalars(self, self, result) { x, _, out in
          withColumns([mean.scalars, factor.scalars, shift.scalars]) { m in
            let (f, s) = (m + columns, m + 2 * columns)
            pairs.forEach { first, placement in
              let (a, b) = (x + first, x + first + columns)
              let (c, d) = (a + pairs.line, b + pairs.line)
              let (out, places) = (out + placement * columns, places + placement * columns)
              let start = Int32(truncatingIfNeeded: first)
              for k in 0..<columns {
                let own = start &+ Int32(truncatingIfNeeded: k)
                var (best, at) = ((a[k] - m[k]) * f[k] + s[k], own)
                let ofB = (b[k] - m[k]) * f[k] + s[k]
                let second = (ofB > best) || (ofB != ofB)
                best = second ? ofB : best
                at = second ? own &+ pairs.beside : at
                let ofC = (c[k] - m[k]) * f[k] + s[k]
                let third = (ofC > best) || (ofC != ofC)
                best = third ? ofC : best
                at = third ? own &+ pairs.below : at
                let ofD = (d[k] - m[k]) * f[k] + s[k]
                let fourth = (ofD > best) || (ofD != ofD)
                best = fourth ? ofD : best
                at = fourth ? own &+ pairs.below &+ pairs.beside : at
                out[k] = best < 0 ? 0 : best
                places[k] = at
              }
            }
          }
        }
      }
    }
    return (maxima, positions)
  }

  /// What a cotangent of ``normalisedRectifiedMaxima(_:_:scale:shift:)`` becomes, the moments being those
  /// of self: for the images, for gamma and for beta. Two passes over the images.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectifiedMaximaPullback(
    _ cotangent: Tensor, maxima: Tensor, positions: [Int32], _ geometry: WindowGeometry,
    _ moments: ColumnMoments<Scalar>, scale: Tensor?
  ) -> (matrix: Tensor, scale: Tensor, shift: Tensor) {
    let pairs = checkedPairs(geometry)
    let columns = geometry.channels
    precondition(
      cotangent.shape == maxima.shape && maxima.shape == [geometry.placements, columns]
        && positions.count == maxima.count,
      "A cotangent \(cotangent.shape) of maxima \(maxima.shape), \(positions.count) positions.")
    guard geometry.placements > 0 else {
      return (.zeros(shape), .zeros([columns]), .zeros([columns]))
    }
    let (mean, r) = (moments.mean, moments.inverseDeviation.scalars)
    let share = 1 / Scalar(shape[0])
    var sums = [Scalar](repeating: 0, count: columns)
    var products = sums
    // What passes the rectifier, for both passes.
    let passed = Tensor(shape: maxima.shape) { result in
      withScalars(cotangent, maxima, result) { c, z, passed in
        for k in 0..<maxima.count { passed[k] = z[k] > 0 ? c[k] : 0 }
      }
    }
    let matrix = Tensor(shape: shape) { result in
      withScalars(self, passed, result) { x, passed, out in
        positions.withUnsafeBufferPointer { places in
          guard let places = places.baseAddress else { return }
          mean.scalars.withUnsafeBufferPointer { m in
            sums.withUnsafeMutableBufferPointer { sums in
              products.withUnsafeMutableBufferPointer { products in
                pairs.forEach { first, placement in
                  let (a, b) = (x + first, x + first + columns)
                  let (c, d) = (a + pairs.line, b + pairs.line)
                  let at = placement * columns
                  let (passed, places) = (passed + at, places + at)
                  let start = Int32(truncatingIfNeeded: first)
                  for k in 0..<columns {
                    let corner = places[k] &- (start &+ Int32(truncatingIfNeeded: k))
                    let ofA = corner == 0 ? passed[k] : 0
                    let ofB = corner == pairs.beside ? passed[k] : 0
                    let ofC = corner == pairs.below ? passed[k] : 0
                    let ofD = corner == pairs.below &+ pairs.beside ? passed[k] : 0
                    sums[k] += passed[k]
                    products[k] +=
                      (ofA * (a[k] - m[k]) + ofB * (b[k] - m[k]))
                      + (ofC * (c[k] - m[k]) + ofD * (d[k] - m[k]))
                  }
                }
              }
            }
          }
          for k in 0..<columns { products[k] *= r[k] }
          let factor = moments.inverseDeviation.scaledIfAny(by: scale).scalars
          let slope = zip(products, r).map { share * $0 * $1 }
          withColumns([mean.scalars, factor, sums.map { share * $0 }, slope]) { m in
            let (factor, centre, slope) = (m + columns, m + 2 * columns, m + 3 * columns)
            pairs.forEachLeftOver { first in
              let (x, out) = (x + first, out + first)
              for k in 0..<columns {
                out[k] = factor[k] * (-centre[k] - (x[k] - m[k]) * slope[k])
              }
            }
            pairs.forEach { first, placement in
              let at = placement * columns
              let (passed, places) = (passed + at, places + at)
              // The pixel that begins at `origin` gets what passed if it was the largest.
              func write(_ origin: Int) {
                let (x, out) = (x + origin, out + origin)
                let start = Int32(truncatingIfNeeded: origin)
                for k in 0..<columns {
                  let here = places[k] == start &+ Int32(truncatingIfNeeded: k) ? passed[k] : 0
                  out[k] = factor[k] * (here - centre[k] - (x[k] - m[k]) * slope[k])
                }
              }
              write(first)
              write(first + columns)
              write(first + pairs.line)
              write(first + pairs.line + columns)
            }
          }
        }
      }
    }
    return (matrix, Tensor(products), Tensor(sums))
  }

  private func checkedPairs(_ geometry: WindowGeometry) -> PixelPairs {
    precondition(
      geometry.window == 2 && geometry.stride == 2 && geometry.before == 0
        && shape == [geometry.images * geometry.height * geometry.width, geometry.channels]
        && count <= Int(Int32.max),
      "Maxima over windows of two by two, side by side, not \(geometry), of a matrix \(shape).")
    return PixelPairs(geometry: geometry)
  }
}

/// The windows of two by two pixels, side by side, of images with channels last.
private struct PixelPairs {
  let geometry: WindowGeometry

  /// Scalars from a pixel to the one below it.
  var line: Int { geometry.width * geometry.channels }
  /// The same, as positions are counted.
  var below: Int32 { Int32(truncatingIfNeeded: line) }
  /// Scalars from a pixel to the one on its right.
  var beside: Int32 { Int32(truncatingIfNeeded: geometry.channels) }

  /// Calls `body` for every window, with where its first pixel begins and with its number.
  @inline(__always)
  func forEach(_ body: (Int, Int) -> Void) {
    let g = geometry
    var placement = 0
    for image in 0..<g.images {
      for row in 0..<g.outputHeight {
        for column in 0..<g.outputWidth {
          body(((image * g.height + 2 * row) * g.width + 2 * column) * g.channels, placement)
          placement += 1
        }
      }
    }
  }

  /// Calls `body` for every pixel that is in no window, with where it begins: of an odd last row or
  /// column.
  @inline(__always)
  func forEachLeftOver(_ body: (Int) -> Void) {
    let g = geometry
    for image in 0..<g.images {
      for row in 0..<g.height {
        let first = row < 2 * g.outputHeight ? 2 * g.outputWidth : 0
        for column in first..<g.width {
          body(((image * g.height + row) * g.width + column) * g.channels)
        }
      }
    }
  }
}
