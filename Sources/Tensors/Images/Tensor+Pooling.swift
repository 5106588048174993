/// Maximum pooling, as a choice of positions and linear maps that follow it.
extension Tensor {
  /// The position of the largest scalar under every placement of the window, channel by channel:
  /// `placements x channels` positions within the images' storage. The first one among equals; a NaN
  /// wins, so that it shows in the result. Zeros outside the image are never chosen.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func positionsOfWindowMaxima(_ geometry: WindowGeometry) -> [Int32] {
    precondition(
      shape == geometry.imageShape && count <= Int(Int32.max),
      "Maxima over \(geometry.imageShape) of a tensor \(shape).")
    let g = geometry
    if g.window == 2, g.before == 0, 2 + (g.outputHeight - 1) * g.stride <= g.height,
      2 + (g.outputWidth - 1) * g.stride <= g.width
    {
      return positionsOfPairMaxima(g)
    }
    var result: [Int32] = []
    result.reserveCapacity(g.placements * g.channels)
    scalars.withUnsafeBufferPointer { source in
      for image in 0..<g.images {
        for row in 0..<g.outputHeight {
          for column in 0..<g.outputWidth {
            let (top, left) = (row * g.stride - g.before, column * g.stride - g.before)
            let (rows, columns) = (g.inside(top, g.height), g.inside(left, g.width))
            for channel in 0..<g.channels {
              var best = -1
              for y in rows {
                for x in columns {
                  let at =
                    ((image * g.height + top + y) * g.width + left + x) * g.channels + channel
                  if best < 0 || source[at] > source[best] || source[at].isNaN { best = at }
                }
              }
              result.append(Int32(best))
            }
          }
        }
      }
    }
    return result
  }

  /// The same for windows of two by two that all lie within the images: four runs of channels are
  /// compared side by side, without branches.
  @inline(__always)
  private func positionsOfPairMaxima(_ g: WindowGeometry) -> [Int32] {
    let count = g.placements * g.channels
    return [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = count
      guard var out = buffer.baseAddress else { return }
      scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        let line = g.width * g.channels
        let below = Int32(truncatingIfNeeded: line)
        let beside = Int32(truncatingIfNeeded: g.channels)
        for image in 0..<g.images {
          for row in 0..<g.outputHeight {
            for column in 0..<g.outputWidth {
              let first =
                ((image * g.height + row * g.stride) * g.width + column * g.stride) * g.channels
              let (a, b) = (source + first, source + first + g.channels)
              let (c, d) = (a + line, b + line)
              let start = Int32(truncatingIfNeeded: first)
              for k in 0..<g.channels {
                var (best, at) = (a[k], start &+ Int32(truncatingIfNeeded: k))
                let own = at
                let second = (b[k] > best) || (b[k] != b[k])
                best = second ? b[k] : best
                at = second ? own &+ beside : at
                let third = (c[k] > best) || (c[k] != c[k])
                best = third ? c[k] : best
                at = third ? own &+ below : at
                let fourth = (d[k] > best) || (d[k] != d[k])
                at = fourth ? own &+ below &+ beside : at
                out[k] = at
              }
              out += g.channels
            }
          }
        }
      }
    }
  }

  /// The scalars at the given positions of the storage, under a shape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func gathering(_ positions: [Int32], shape newShape: [Int]) -> Tensor {
    precondition(
      newShape.reduce(1, *) == positions.count,
      "\(positions.count) positions for the shape \(newShape).")
    return Tensor(shape: newShape) { result in
      scalars.withUnsafeBufferPointer { source in
        for index in positions.indices { result[index] = source[Int(positions[index])] }
      }
    }
  }

  /// Zeros of a shape to which every scalar of this tensor has been added at its position: the
  /// transpose of ``gathering(_:shape:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scattering(_ positions: [Int32], shape newShape: [Int]) -> Tensor {
    precondition(count == positions.count, "\(count) scalars for \(positions.count) positions.")
    return Tensor(shape: newShape) { result in
      result.update(repeating: 0)
      scalars.withUnsafeBufferPointer { source in
        for index in positions.indices { result[Int(positions[index])] += source[index] }
      }
    }
  }
}
