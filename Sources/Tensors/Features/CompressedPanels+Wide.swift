// The product with wide matrices: sixty-four columns at a time, so that an entry's index and value
// are loaded once for four multiply-adds and not once for each. With panels of some hundred columns of
// M the gathered lines of `right` (256 bytes each) stay in the first-level cache.
extension CompressedPanels {
  /// Writes, or adds to `out`, the part of M `right` that some rows of M and some panels make.
  ///
  /// - Parameters:
  ///   - rows: the rows of M, and of `out`, which starts with row 0.
  ///   - panels: the panels whose entries count.
  ///   - right: the rows of `right` from column `firstMinor` of M on, `columns` scalars each.
  ///   - columns: a multiple of sixteen.
  ///   - accumulating: whether the old contents of `out` count.
  @inline(__always)
  func multiplyWide(
    rows: Range<Int>, panels: Range<Int>, _ right: UnsafePointer<Scalar>, firstMinor: Int,
    columns: Int, into out: UnsafeMutablePointer<Scalar>, accumulating: Bool
  ) {
    let lineBytes = columns &* MemoryLayout<Scalar>.stride
    let register = MemoryLayout<SIMD16<Scalar>>.stride
    if !accumulating {
      (out + rows.lowerBound * columns).update(repeating: 0, count: rows.count * columns)
    }
    var column = 0
    while column < columns {
      let rest = columns - column
      let width = rest >= 64 ? 64 : (rest >= 32 ? 32 : 16)
      let offset = column / 16 &* register
      let target = UnsafeMutableRawPointer(out) + offset
      for panel in panels {
        let panelStarts = UnsafePointer(starts + panel &* (majorCount &+ 1))
        let line = panel &* panelWidth &- firstMinor
        let base = UnsafeRawPointer(right) + (line &* lineBytes &+ offset)
        switch width {
        case 64: fourRegisters(rows, panelStarts, base, target, lineBytes)
        case 32: twoRegisters(rows, panelStarts, base, target, lineBytes)
        default: oneRegister(rows, panelStarts, base, target, lineBytes)
        }
      }
      column += width
    }
  }

  @inline(__always)
  private func fourRegisters(
    _ rows: Range<Int>, _ starts: UnsafePointer<UInt32>, _ base: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer, _ lineBytes: Int
  ) {
    typealias Register = SIMD16<Scalar>
    let size = MemoryLayout<Register>.stride
    let indices = UnsafePointer(self.indices)
    let values = UnsafePointer(self.values)
    var entry = Int(starts[rows.lowerBound])
    for row in rows {
      let end = Int(starts[row &+ 1])
      if entry == end { continue }
      let out = target + row &* lineBytes
      var s0 = out.loadUnaligned(as: Register.self)
      var s1 = (out + size).loadUnaligned(as: Register.self)
      var s2 = (out + 2 &* size).loadUnaligned(as: Register.self)
      var s3 = (out + 3 &* size).loadUnaligned(as: Register.self)
      // Two entries at a time: eight sums hide the latency of the multiply-add.
      var (t0, t1, t2, t3) = (Register(), Register(), Register(), Register())
      while entry &+ 2 <= end {
        let first = base + Int(indices[entry]) &* lineBytes
        let second = base + Int(indices[entry &+ 1]) &* lineBytes
        let a = Register(repeating: values[entry])
        let b = Register(repeating: values[entry &+ 1])
        s0 = Scalar.multiplyAdd(a, first.loadUnaligned(as: Register.self), s0)
        s1 = Scalar.multiplyAdd(a, (first + size).loadUnaligned(as: Register.self), s1)
        s2 = Scalar.multiplyAdd(a, (first + 2 &* size).loadUnaligned(as: Register.self), s2)
        s3 = Scalar.multiplyAdd(a, (first + 3 &* size).loadUnaligned(as: Register.self), s3)
        t0 = Scalar.multiplyAdd(b, second.loadUnaligned(as: Register.self), t0)
        t1 = Scalar.multiplyAdd(b, (second + size).loadUnaligned(as: Register.self), t1)
        t2 = Scalar.multiplyAdd(b, (second + 2 &* size).loadUnaligned(as: Register.self), t2)
        t3 = Scalar.multiplyAdd(b, (second + 3 &* size).loadUnaligned(as: Register.self), t3)
        entry &+= 2
      }
      if entry < end {
        let first = base + Int(indices[entry]) &* lineBytes
        let a = Register(repeating: values[entry])
        s0 = Scalar.multiplyAdd(a, first.loadUnaligned(as: Register.self), s0)
        s1 = Scalar.multiplyAdd(a, (first + size).loadUnaligned(as: Register.self), s1)
        s2 = Scalar.multiplyAdd(a, (first + 2 &* size).loadUnaligned(as: Register.self), s2)
        s3 = Scalar.multiplyAdd(a, (first + 3 &* size).loadUnaligned(as: Register.self), s3)
        entry &+= 1
      }
      out.storeBytes(of: s0 + t0, as: Register.self)
      (out + size).storeBytes(of: s1 + t1, as: Register.self)
      (out + 2 &* size).storeBytes(of: s2 + t2, as: Register.self)
      (out + 3 &* size).storeBytes(of: s3 + t3, as: Register.self)
    }
  }

  @inline(__always)
  private func twoRegisters(
    _ rows: Range<Int>, _ starts: UnsafePointer<UInt32>, _ base: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer, _ lineBytes: Int
  ) {
    typealias Register = SIMD16<Scalar>
    let size = MemoryLayout<Register>.stride
    var entry = Int(starts[rows.lowerBound])
    for row in rows {
      let end = Int(starts[row &+ 1])
      if entry == end { continue }
      let out = target + row &* lineBytes
      var s0 = out.loadUnaligned(as: Register.self)
      var s1 = (out + size).loadUnaligned(as: Register.self)
      while entry < end {
        let first = base + Int(indices[entry]) &* lineBytes
        let a = Register(repeating: values[entry])
        s0 = Scalar.multiplyAdd(a, first.loadUnaligned(as: Register.self), s0)
        s1 = Scalar.multiplyAdd(a, (first + size).loadUnaligned(as: Register.self), s1)
        entry &+= 1
      }
      out.storeBytes(of: s0, as: Register.self)
      (out + size).storeBytes(of: s1, as: Register.self)
    }
  }

  @inline(__always)
  private func oneRegister(
    _ rows: Range<Int>, _ starts: UnsafePointer<UInt32>, _ base: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer, _ lineBytes: Int
  ) {
    typealias Register = SIMD16<Scalar>
    var entry = Int(starts[rows.lowerBound])
    for row in rows {
      let end = Int(starts[row &+ 1])
      if entry == end { continue }
      let out = target + row &* lineBytes
      var sum = out.loadUnaligned(as: Register.self)
      while entry < end {
        let first = base + Int(indices[entry]) &* lineBytes
        sum = Scalar.multiplyAdd(
          Register(repeating: values[entry]), first.loadUnaligned(as: Register.self), sum)
        entry &+= 1
      }
      out.storeBytes(of: sum, as: Register.self)
    }
  }
}
