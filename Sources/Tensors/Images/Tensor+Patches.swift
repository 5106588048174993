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
    let run = window * channels
    for image in 0..<images {
      for row in 0..<outputHeight {
        for column in 0..<outputWidth {
          let (top, left) = (row * stride - before, column * stride - before)
          let columns = inside(left, width)
          let rows = inside(top, height)
          let count = columns.count * channels
          for y in 0..<window {
            let line = patch + y * run
            guard rows.contains(y), count > 0 else {
              line.update(repeating: 0, count: run)
              continue
            }
            let skipped = columns.lowerBound * channels
            if skipped > 0 { line.update(repeating: 0, count: skipped) }
            let from =
              source + ((image * height + top + y) * width + left + columns.lowerBound) * channels
            // A library call for the three scalars of a grey window costs more than the copy.
            if count < 16 {
              for index in 0..<count { line[skipped &+ index] = from[index] }
            } else {
              (line + skipped).update(from: from, count: count)
            }
            let rest = run - skipped - count
            if rest > 0 { (line + skipped + count).update(repeating: 0, count: rest) }
          }
          patch += patchSize
        }
      }
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
    let run = window * channels
    for image in 0..<images {
      for row in 0..<outputHeight {
        for column in 0..<outputWidth {
          let (top, left) = (row * stride - before, column * stride - before)
          let columns = inside(left, width)
          let count = columns.count * channels
          for y in inside(top, height) {
            let from = patch + y * run + columns.lowerBound * channels
            let to =
              target + ((image * height + top + y) * width + left + columns.lowerBound) * channels
            for index in 0..<count { to[index] += from[index] }
          }
          patch += patchSize
        }
      }
    }
  }
}
