// Masks of lanes by integer arithmetic. A comparison of floating-point vectors is compiled to a loop over
// the lanes, through memory and with a branch for each, which takes longer than an exponential; a shift
// that spreads the sign bit is one instruction. Masks have all bits set in the lanes that they choose.

extension SIMD16 where Scalar == Float {
  /// The bits of each lane.
  @inlinable @inline(__always)
  var bits: SIMD16<Int32> { unsafeBitCast(self, to: SIMD16<Int32>.self) }

  /// The lanes with a sign: negative numbers, -0 among them.
  @inlinable @inline(__always)
  var signMask: SIMD16<Int32> { bits &>> 31 }

  /// The lanes that are no number.
  @inlinable @inline(__always)
  var notANumberMask: SIMD16<Int32> {
    (SIMD16<Int32>(repeating: 0x7F80_0000) &- (bits & SIMD16<Int32>(repeating: 0x7FFF_FFFF))) &>> 31
  }

  /// The lanes that are 0 or -0.
  @inlinable @inline(__always)
  var zeroMask: SIMD16<Int32> {
    let magnitude = bits & SIMD16<Int32>(repeating: 0x7FFF_FFFF)
    return (magnitude &- 1) &>> 31
  }

  /// The lanes of `other` that a mask chooses, and the others of this.
  @inlinable @inline(__always)
  func replacing(with other: Self, in mask: SIMD16<Int32>) -> Self {
    unsafeBitCast((other.bits & mask) | (bits & ~mask), to: Self.self)
  }

  /// Each lane moved into a range; what is no number stays so.
  @inlinable @inline(__always)
  func clampedNumbers(_ low: Float, _ high: Float) -> Self {
    let clamped = pointwiseMin(pointwiseMax(self, Self(repeating: low)), Self(repeating: high))
    return unsafeBitCast(clamped.bits | notANumberMask, to: Self.self)
  }
}

extension SIMD8 where Scalar == Double {
  /// The bits of each lane.
  @inlinable @inline(__always)
  var bits: SIMD8<Int64> { unsafeBitCast(self, to: SIMD8<Int64>.self) }

  /// The lanes with a sign: negative numbers, -0 among them.
  @inlinable @inline(__always)
  var signMask: SIMD8<Int64> { bits &>> 63 }

  /// The lanes that are no number.
  @inlinable @inline(__always)
  var notANumberMask: SIMD8<Int64> {
    let magnitude = bits & SIMD8<Int64>(repeating: Int64.max)
    return (SIMD8<Int64>(repeating: 0x7FF0_0000_0000_0000) &- magnitude) &>> 63
  }

  /// The lanes that are 0 or -0.
  @inlinable @inline(__always)
  var zeroMask: SIMD8<Int64> {
    let magnitude = bits & SIMD8<Int64>(repeating: Int64.max)
    return (magnitude &- 1) &>> 63
  }

  /// The lanes of `other` that a mask chooses, and the others of this.
  @inlinable @inline(__always)
  func replacing(with other: Self, in mask: SIMD8<Int64>) -> Self {
    unsafeBitCast((other.bits & mask) | (bits & ~mask), to: Self.self)
  }

  /// Each lane moved into a range; what is no number stays so.
  @inlinable @inline(__always)
  func clampedNumbers(_ low: Double, _ high: Double) -> Self {
    let clamped = pointwiseMin(pointwiseMax(self, Self(repeating: low)), Self(repeating: high))
    return unsafeBitCast(clamped.bits | notANumberMask, to: Self.self)
  }
}
