/// Images to patches and back: what turns a convolution into matrix products.
///
/// With channels last, a row of a window is contiguous in the image and in the patch, so both
/// directions are copies of runs, and each is the other's transpose.
extension WindowGeometry {
  /// The scalars under every placement of the window, `[placements, window x window x channels]`,
  /// zeros outside the images.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func copyPatches<Scalar: TensorScalar>(
    from source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>
  ) {
    var patch = target
    let line = width * channels
    for image in 0..<images {
      for row in 0..<outputHeight {
        let top = row * stride - before
        let rows = inside(top, height)
        for column in 0..<outputWidth {
          let left = column * stride - before
          // Where the window's first scalar lies or, outside the image, would lie.
          let origin = (image * height + top) * line + left * channels
          if rows.count == window, left >= 0, left + window <= width {
            copyWholePatch(from: source + origin, line: line, to: patch)
          } else {
            copyCutPatch(
              from: source, origin: origin, rows: rows, columns: inside(left, width), to: patch)
          }
          patch += patchSize
        }
      }
    }
  }

  /// A patch that lies within the image: as many runs as the window has rows.
  @inline(__always)
  private func copyWholePatch<Scalar: TensorScalar>(
    from source: UnsafePointer<Scalar>, line: Int, to patch: UnsafeMutablePointer<Scalar>
  ) {
    let run = window &* channels
    // The nine scalars of the usual window over a grey image; the loops would cost more than the copies.
    if window == 3, channels == 1 {
      for y in 0..<3 {
        let (from, to) = (source + y &* line, patch + y &* 3)
        to[0] = from[0]
        to[1] = from[1]
        to[2] = from[2]
      }
    } else if run < 16 {
      for y in 0..<window {
        let (from, to) = (source + y &* line, patch + y &* run)
        for index in 0..<run { to[index] = from[index] }
      }
    } else {
      for y in 0..<window { (patch + y &* run).update(from: source + y &* line, count: run) }
    }
  }

  /// A patch of which only the given rows and columns lie within the image; zeros elsewhere.
  @inline(never)
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func copyCutPatch<Scalar: TensorScalar>(
    from source: UnsafePointer<Scalar>, origin: Int, rows: Range<Int>, columns: Range<Int>,
    to patch: UnsafeMutablePointer<Scalar>
  ) {
    patch.update(repeating: 0, count: patchSize)
    let skipped = columns.lowerBound * channels
    for y in rows {
      let from = source + (origin + y * width * channels + skipped)
      (patch + (y * window * channels + skipped))
        .update(from: from, count: columns.count * channels)
    }
  }

  /// Adds every patch to the images where it came from: the transpose of
  /// ``copyPatches(from:to:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func addPatches<Scalar: TensorScalar>(
    _ source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>
  ) {
    var patch = source
    let line = width * channels
    for image in 0..<images {
      for row in 0..<outputHeight {
        let top = row * stride - before
        let rows = inside(top, height)
        for column in 0..<outputWidth {
          let left = column * stride - before
          let columns = inside(left, width)
          let skipped = columns.lowerBound * channels
          let origin = (image * height + top) * line + left * channels + skipped
          let count = columns.count * channels
          for y in rows {
            let from = patch + (y &* window &* channels &+ skipped)
            let to = target + (origin + y &* line)
            for index in 0..<count { to[index] += from[index] }
          }
          patch += patchSize
        }
      }
    }
  }
}
