/// Images to patches and back: what turns a convolution into one matrix product.
///
/// With channels last, a row of a window is contiguous in the image and in the patch, so both
/// directions are copies of runs. A convolution is `patches(g)` times a matrix of filters; its
/// derivative with respect to the images is ``accumulatingPatches(_:)`` of a product, and with respect
/// to the filters a product with the patches. The two below are each other's transpose, which makes
/// the three closed under differentiation.
extension Tensor {
  /// The scalars under every placement of the window: `[placements, window x window x channels]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func patches(_ geometry: WindowGeometry) -> Tensor {
    precondition(
      shape == geometry.imageShape, "Patches of \(geometry.imageShape) from a tensor \(shape).")
    let g = geometry
    return Tensor(shape: [g.placements, g.patchSize]) { result in
      guard let target = result.baseAddress else { return }
      scalars.withUnsafeBufferPointer { buffer in
        guard let source = buffer.baseAddress else {
          result.update(repeating: 0)
          return
        }
        var patch = target
        let run = g.window * g.channels
        for image in 0..<g.images {
          for row in 0..<g.outputHeight {
            for column in 0..<g.outputWidth {
              let (top, left) = (row * g.stride - g.before, column * g.stride - g.before)
              let columns = g.inside(left, g.width)
              let rows = g.inside(top, g.height)
              let count = columns.count * g.channels
              for y in 0..<g.window {
                let line = patch + y * run
                guard rows.contains(y), count > 0 else {
                  line.update(repeating: 0, count: run)
                  continue
                }
                let skipped = columns.lowerBound * g.channels
                if skipped > 0 { line.update(repeating: 0, count: skipped) }
                let from =
                  ((image * g.height + top + y) * g.width + left + columns.lowerBound) * g.channels
                (line + skipped).update(from: source + from, count: count)
                let rest = run - skipped - count
                if rest > 0 { (line + skipped + count).update(repeating: 0, count: rest) }
              }
              patch += g.patchSize
            }
          }
        }
      }
    }
  }

  /// Images in which every patch has been added where it came from: the transpose of
  /// ``patches(_:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func accumulatingPatches(_ geometry: WindowGeometry) -> Tensor {
    precondition(
      shape == [geometry.placements, geometry.patchSize],
      "Patches of shape \(shape) do not belong to \(geometry).")
    let g = geometry
    return Tensor(shape: g.imageShape) { result in
      result.update(repeating: 0)
      guard let target = result.baseAddress else { return }
      scalars.withUnsafeBufferPointer { buffer in
        guard var patch = buffer.baseAddress else { return }
        let run = g.window * g.channels
        for image in 0..<g.images {
          for row in 0..<g.outputHeight {
            for column in 0..<g.outputWidth {
              let (top, left) = (row * g.stride - g.before, column * g.stride - g.before)
              let columns = g.inside(left, g.width)
              let count = columns.count * g.channels
              for y in g.inside(top, g.height) {
                let from = patch + y * run + columns.lowerBound * g.channels
                let to =
                  target + ((image * g.height + top + y) * g.width + left + columns.lowerBound)
                  * g.channels
                for index in 0..<count { to[index] += from[index] }
              }
              patch += g.patchSize
            }
          }
        }
      }
    }
  }
}
