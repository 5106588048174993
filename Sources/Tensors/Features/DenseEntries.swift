/// A dense matrix on its way to ``CompressedPanels``, panel by panel: independent of one another, so that
/// panels are dealt out to threads.
///
/// Both passes read the matrix in the order it lies in memory, whichever of the two dimensions the
/// panels cut: a hundred thousand rows read column by column would take seconds.
struct DenseEntries<Scalar: TensorScalar>: @unchecked Sendable {
  /// Entry (i, j) is `dense[i * majorStride + j * minorStride]`.
  let dense: UnsafePointer<Scalar>
  let majorCount: Int
  let majorStride: Int
  let minorCount: Int
  let minorStride: Int
  let panelWidth: Int
  /// What each row's number of entries in a panel is filled up to a multiple of.
  let padding: Int
  /// `[panels, majorCount + 1]`: first each row's number of entries in a panel, then where they start.
  let starts: UnsafeMutablePointer<UInt32>

  /// How many entries are stored for some that are there.
  func filled(_ count: Int) -> Int { (count + padding - 1) / padding * padding }

  /// Fills a row's entries up from `position` on: zeros at the index before, where there is one.
  @inline(__always)
  private func fillUp(
    from position: Int, startingAt start: Int, _ indices: UnsafeMutablePointer<UInt16>,
    _ values: UnsafeMutablePointer<Scalar>
  ) {
    for rest in position..<start &+ filled(position &- start) {
      indices[rest] = indices[position &- 1]
      values[rest] = 0
    }
  }

  private func minors(ofPanel panel: Int) -> Range<Int> {
    panel * panelWidth..<min(minorCount, (panel + 1) * panelWidth)
  }

  /// Writes how many entries each row has in a panel.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func count(inPanel panel: Int) {
    let counts = starts + panel * (majorCount + 1)
    counts.update(repeating: 0, count: majorCount + 1)
    let minors = minors(ofPanel: panel)
    if minorStride == 1 {
      for major in 0..<majorCount {
        let line = dense + major * majorStride
        var count: UInt32 = 0
        for minor in minors { count &+= line[minor] != 0 ? 1 : 0 }
        counts[major] = count
      }
    } else {
      for minor in minors {
        let line = dense + minor * minorStride
        for major in 0..<majorCount {
          counts[major] &+= line[major &* majorStride] != 0 ? 1 : 0
        }
      }
    }
  }

  /// Writes the entries of a panel to where `starts` says, each row's in the order of the columns.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func fill(
    panel: Int, _ indices: UnsafeMutablePointer<UInt16>, _ values: UnsafeMutablePointer<Scalar>
  ) {
    let starts = UnsafePointer(starts + panel * (majorCount + 1))
    let minors = minors(ofPanel: panel)
    if minorStride == 1 {
      for major in 0..<majorCount {
        let line = dense + major * majorStride
        var position = Int(starts[major])
        for minor in minors where line[minor] != 0 {
          indices[position] = UInt16(truncatingIfNeeded: minor &- minors.lowerBound)
          values[position] = line[minor]
          position &+= 1
        }
        fillUp(from: position, startingAt: Int(starts[major]), indices, values)
      }
      return
    }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, majorCount)) { positions in
      for major in 0..<majorCount { positions[major] = Int(starts[major]) }
      for minor in minors {
        let line = dense + minor * minorStride
        let index = UInt16(truncatingIfNeeded: minor &- minors.lowerBound)
        for major in 0..<majorCount where line[major &* majorStride] != 0 {
          let position = positions[major]
          indices[position] = index
          values[position] = line[major &* majorStride]
          positions[major] = position &+ 1
        }
      }
      for major in 0..<majorCount {
        fillUp(from: positions[major], startingAt: Int(starts[major]), indices, values)
      }
    }
  }
}
