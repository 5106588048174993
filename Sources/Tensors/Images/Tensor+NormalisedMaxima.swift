/// Batch normalisation, max(0, .) and the maximum over windows of two by two pixels, fused: the
/// normalised images, four times as large as the result, are never in memory.
extension Tensor {
  /// The largest of max(0, gamma x^ + beta) over every window of two by two pixels, channel by channel,
  /// with x^ = (x - mean) r of the given moments; without a scale gamma is 1.
  ///
  /// Self holds images, `[images height width, channels]`; the result is `[placements, channels]`, the
  /// positions lie within the storage of self. The same as
  /// ``normalisedRectified(_:scale:shift:)`` followed by maximum pooling: the first
  /// among equals, and a NaN wins. Where all of a window is cut off to 0, it does not matter which
  /// position is named: the derivative is 0 there.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectifiedMaxima(
    _ geometry: WindowGeometry, _ moments: ColumnMoments<Scalar>, scale: Tensor?, shift: Tensor
  ) -> NormalisedMaxima<Scalar> {
    let pairs = checkedPairs(geometry)
    let columns = geometry.channels
    let mean = moments.mean
    let factor = moments.inverseDeviation.scaledIfAny(by: scale)
    precondition(
      mean.shape == [columns] && factor.shape == [columns] && shift.shape == [columns],
      "Moments \(mean.shape) and shift \(shift.shape) for images of \(geometry.imageShape).")
    var positions: [Int32] = []
    var deviations = Tensor.zeros([0])
    let maxima = Tensor(shape: [geometry.placements, columns]) { result in
      positions = [Int32](unsafeUninitializedCapacity: result.count) { places, initialized in
        initialized = result.count
        deviations = Tensor(shape: [geometry.placements, columns]) { chosen in
          guard let places = places.baseAddress, let chosen = chosen.baseAddress else { return }
          withScalars(self, self, result) { x, _, out in
            withColumns([mean.scalars, factor.scalars, shift.scalars]) { m in
              let (f, s) = (m + columns, m + 2 * columns)
              pairs.forEach { first, placement in
                let (a, b) = (x + first, x + first + columns)
                let (c, d) = (a + pairs.line, b + pairs.line)
                let row = placement * columns
                let (out, places, chosen) = (out + row, places + row, chosen + row)
                let start = Int32(truncatingIfNeeded: first)
                for k in 0..<columns {
                  let own = start &+ Int32(truncatingIfNeeded: k)
                  var (moved, at) = (a[k] - m[k], own)
                  var best = moved * f[k] + s[k]
                  let (movedB, movedC, movedD) = (b[k] - m[k], c[k] - m[k], d[k] - m[k])
                  let ofB = movedB * f[k] + s[k]
                  let second = (ofB > best) || (ofB != ofB)
                  best = second ? ofB : best
                  moved = second ? movedB : moved
                  at = second ? own &+ pairs.beside : at
                  let ofC = movedC * f[k] + s[k]
                  let third = (ofC > best) || (ofC != ofC)
                  best = third ? ofC : best
                  moved = third ? movedC : moved
                  at = third ? own &+ pairs.below : at
                  let ofD = movedD * f[k] + s[k]
                  let fourth = (ofD > best) || (ofD != ofD)
                  best = fourth ? ofD : best
                  moved = fourth ? movedD : moved
                  at = fourth ? own &+ pairs.below &+ pairs.beside : at
                  out[k] = best < 0 ? 0 : best
                  places[k] = at
                  chosen[k] = moved
                }
              }
            }
          }
        }
      }
    }
    return NormalisedMaxima(maxima: maxima, positions: positions, deviations: deviations)
  }

  /// What a cotangent of ``normalisedRectifiedMaxima(_:_:scale:shift:)`` becomes, the moments being those
  /// of self: for the images, for gamma and for beta. One pass over the images.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalisedRectifiedMaximaPullback(
    _ cotangent: Tensor, of found: NormalisedMaxima<Scalar>, _ geometry: WindowGeometry,
    _ moments: ColumnMoments<Scalar>, scale: Tensor?
  ) -> (matrix: Tensor, scale: Tensor, shift: Tensor) {
    let pairs = checkedPairs(geometry)
    let columns = geometry.channels
    precondition(
      cotangent.shape == found.maxima.shape && cotangent.shape == [geometry.placements, columns],
      "A cotangent \(cotangent.shape) of maxima \(found.maxima.shape) of \(geometry).")
    guard geometry.placements > 0 else {
      return (.zeros(shape), .zeros([columns]), .zeros([columns]))
    }
    let (mean, r) = (moments.mean, moments.inverseDeviation.scalars)
    let share = 1 / Scalar(shape[0])
    var sums = [Scalar](repeating: 0, count: columns)
    var products = sums
    let passed = Tensor(shape: cotangent.shape) { result in
      withScalars(cotangent, found.maxima, result) { c, z, out in
        withScalars(found.deviations, cotangent, result) { moved, _, _ in
          sums.withUnsafeMutableBufferPointer { sums in
            products.withUnsafeMutableBufferPointer { products in
              for row in 0..<geometry.placements {
                let at = row * columns
                let (c, z, moved, out) = (c + at, z + at, moved + at, out + at)
                for k in 0..<columns {
                  let passed = z[k] > 0 ? c[k] : 0
                  out[k] = passed
                  sums[k] += passed
                  products[k] += passed * moved[k]
                }
              }
            }
          }
        }
      }
    }
    for k in 0..<columns { products[k] *= r[k] }
    let factor = moments.inverseDeviation.scaledIfAny(by: scale).scalars
    let slope = zip(products, r).map { share * $0 * $1 }
    let matrix = Tensor(shape: shape) { result in
      withScalars(self, passed, result) { x, passed, out in
        found.positions.withUnsafeBufferPointer { places in
          guard let places = places.baseAddress else { return }
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

/// The maxima of normalised, rectified images over windows of two by two pixels, and what their
/// derivative needs of where they were found.
public struct NormalisedMaxima<Scalar: TensorScalar>: Sendable {
  /// The maxima, `[placements, channels]`.
  public let maxima: Tensor<Scalar>
  /// Where they were found, within the storage of the images.
  public let positions: [Int32]
  /// The images' deviations from the mean there, `[placements, channels]`.
  let deviations: Tensor<Scalar>
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
