import CInstructions

// The inner loops of dense products with few columns: sums over the features, vectors along them too.
// With columns along the lanes ten classes would fill ten lanes of sixteen; here every lane works, at
// the price of adding the lanes of each sum once, by halves. Every sum is made alike whatever the tile
// it is in, so that the bits do not depend on how rows are cut into blocks.

/// Sums of products `target[i, c] = sum over t of source[i, t] right[c, t]` of four rows and five
/// columns: twenty named sums, nine loads for twenty multiply-adds. `length` is a multiple of 16.
/// Meanwhile the row `fetching` is brought into the second-level cache. `sums` is memory for twenty vectors,
/// which the caller takes once for many tiles: Swift keeps so much on the heap, and a tile lasts no longer
/// than some allocations.
@inline(__always)
func dotFourRowsFiveColumns<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>, length: Int,
  fetching: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int,
  sums: UnsafeMutablePointer<SIMD16<Scalar>>
) {
  typealias Register = SIMD16<Scalar>
  let zero = Register()
  var (a0, a1, a2, a3, a4) = (zero, zero, zero, zero, zero)
  var (b0, b1, b2, b3, b4) = (zero, zero, zero, zero, zero)
  var (c0, c1, c2, c3, c4) = (zero, zero, zero, zero, zero)
  var (d0, d1, d2, d3, d4) = (zero, zero, zero, zero, zero)
  var t = 0
  while t < length {
    let a = register(source, t)
    let b = register(source, length &+ t)
    let c = register(source, 2 &* length &+ t)
    let d = register(source, 3 &* length &+ t)
    fetchRegister(fetching + t)
    let r0 = register(right, t)
    a0 = Scalar.multiplyAdd(a, r0, a0)
    b0 = Scalar.multiplyAdd(b, r0, b0)
    c0 = Scalar.multiplyAdd(c, r0, c0)
    d0 = Scalar.multiplyAdd(d, r0, d0)
    let r1 = register(right, length &+ t)
    a1 = Scalar.multiplyAdd(a, r1, a1)
    b1 = Scalar.multiplyAdd(b, r1, b1)
    c1 = Scalar.multiplyAdd(c, r1, c1)
    d1 = Scalar.multiplyAdd(d, r1, d1)
    let r2 = register(right, 2 &* length &+ t)
    a2 = Scalar.multiplyAdd(a, r2, a2)
    b2 = Scalar.multiplyAdd(b, r2, b2)
    c2 = Scalar.multiplyAdd(c, r2, c2)
    d2 = Scalar.multiplyAdd(d, r2, d2)
    let r3 = register(right, 3 &* length &+ t)
    a3 = Scalar.multiplyAdd(a, r3, a3)
    b3 = Scalar.multiplyAdd(b, r3, b3)
    c3 = Scalar.multiplyAdd(c, r3, c3)
    d3 = Scalar.multiplyAdd(d, r3, d3)
    let r4 = register(right, 4 &* length &+ t)
    a4 = Scalar.multiplyAdd(a, r4, a4)
    b4 = Scalar.multiplyAdd(b, r4, b4)
    c4 = Scalar.multiplyAdd(c, r4, c4)
    d4 = Scalar.multiplyAdd(d, r4, d4)
    t &+= 16
  }
  (sums[0], sums[1], sums[2], sums[3]) = (a0, b0, c0, d0)
  (sums[4], sums[5], sums[6], sums[7]) = (a1, b1, c1, d1)
  (sums[8], sums[9], sums[10], sums[11]) = (a2, b2, c2, d2)
  (sums[12], sums[13], sums[14], sums[15]) = (a3, b3, c3, d3)
  (sums[16], sums[17], sums[18], sums[19]) = (a4, b4, c4, d4)
  Scalar.storeLaneSums(ofFourByFive: sums, into: target, stride: targetStride)
}

/// The same where twenty vectors of sixteen lanes do not fit the registers: two rows at a time, and of
/// each vector one part after the other, so that ten sums stay in registers. What is read again lies in
/// the first-level cache. Lane for lane the same sums, and so the same bits.
@inline(__always)
func dotFourRowsFiveColumns<Part: SIMD>(
  _ type: Part.Type, _ source: UnsafePointer<Part.Scalar>, _ right: UnsafePointer<Part.Scalar>,
  length: Int, fetching: UnsafePointer<Part.Scalar>,
  _ target: UnsafeMutablePointer<Part.Scalar>, _ targetStride: Int,
  sums: UnsafeMutablePointer<SIMD16<Part.Scalar>>
) where Part.Scalar: TensorScalar {
  let bytes = UnsafeMutableRawPointer(sums)
  for pair in 0..<2 {
    let rows = source + 2 &* pair &* length
    let ofPair = bytes + 2 &* pair &* MemoryLayout<SIMD16<Part.Scalar>>.stride
    var lane = 0
    while lane < 16 {
      dotTwoRowsFiveColumns(
        type, rows + lane, right + lane, length: length, fetches: pair == 0 && lane == 0,
        fetching, ofPair + lane &* MemoryLayout<Part.Scalar>.stride)
      lane &+= Part.scalarCount
    }
  }
  Part.Scalar.storeLaneSums(ofFourByFive: sums, into: target, stride: targetStride)
}

/// One part of the lanes of the sums of two rows and five columns, every fourth vector from `sums` on
/// and the one behind it.
@inline(__always)
private func dotTwoRowsFiveColumns<Part: SIMD>(
  _ type: Part.Type, _ source: UnsafePointer<Part.Scalar>, _ right: UnsafePointer<Part.Scalar>,
  length: Int, fetches: Bool, _ fetching: UnsafePointer<Part.Scalar>,
  _ sums: UnsafeMutableRawPointer
) where Part.Scalar: TensorScalar {
  let zero = Part()
  var (a0, a1, a2, a3, a4) = (zero, zero, zero, zero, zero)
  var (b0, b1, b2, b3, b4) = (zero, zero, zero, zero, zero)
  var t = 0
  while t < length {
    let a = part(type, source, t)
    let b = part(type, source, length &+ t)
    if fetches { fetchRegister(fetching + t) }
    let r0 = part(type, right, t)
    a0 = a0.adding(productOf: a, r0)
    b0 = b0.adding(productOf: b, r0)
    let r1 = part(type, right, length &+ t)
    a1 = a1.adding(productOf: a, r1)
    b1 = b1.adding(productOf: b, r1)
    let r2 = part(type, right, 2 &* length &+ t)
    a2 = a2.adding(productOf: a, r2)
    b2 = b2.adding(productOf: b, r2)
    let r3 = part(type, right, 3 &* length &+ t)
    a3 = a3.adding(productOf: a, r3)
    b3 = b3.adding(productOf: b, r3)
    let r4 = part(type, right, 4 &* length &+ t)
    a4 = a4.adding(productOf: a, r4)
    b4 = b4.adding(productOf: b, r4)
    t &+= 16
  }
  let vector = MemoryLayout<SIMD16<Part.Scalar>>.stride
  sums.storeBytes(of: a0, as: type)
  sums.storeBytes(of: b0, toByteOffset: vector, as: type)
  sums.storeBytes(of: a1, toByteOffset: 4 &* vector, as: type)
  sums.storeBytes(of: b1, toByteOffset: 5 &* vector, as: type)
  sums.storeBytes(of: a2, toByteOffset: 8 &* vector, as: type)
  sums.storeBytes(of: b2, toByteOffset: 9 &* vector, as: type)
  sums.storeBytes(of: a3, toByteOffset: 12 &* vector, as: type)
  sums.storeBytes(of: b3, toByteOffset: 13 &* vector, as: type)
  sums.storeBytes(of: a4, toByteOffset: 16 &* vector, as: type)
  sums.storeBytes(of: b4, toByteOffset: 17 &* vector, as: type)
}

/// The same of four rows and one column.
@inline(__always)
func dotFourRowsOneColumn<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>, length: Int,
  _ target: UnsafeMutablePointer<Scalar>, _ targetStride: Int
) {
  typealias Register = SIMD16<Scalar>
  var (a, b, c, d) = (Register(), Register(), Register(), Register())
  var t = 0
  while t < length {
    let r = register(right, t)
    a = Scalar.multiplyAdd(register(source, t), r, a)
    b = Scalar.multiplyAdd(register(source, length &+ t), r, b)
    c = Scalar.multiplyAdd(register(source, 2 &* length &+ t), r, c)
    d = Scalar.multiplyAdd(register(source, 3 &* length &+ t), r, d)
    t &+= 16
  }
  target[0] = sumOfLanes(a)
  target[targetStride] = sumOfLanes(b)
  target[2 &* targetStride] = sumOfLanes(c)
  target[3 &* targetStride] = sumOfLanes(d)
}

/// The same of one row and one column.
@inline(__always)
func dotOneRowOneColumn<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>, length: Int
) -> Scalar {
  var sum = SIMD16<Scalar>()
  var t = 0
  while t < length {
    sum = Scalar.multiplyAdd(register(source, t), register(right, t), sum)
    t &+= 16
  }
  return sumOfLanes(sum)
}

/// Brings the lines of one register into the second-level cache.
@inline(__always)
private func fetchRegister<Scalar: TensorScalar>(_ address: UnsafePointer<Scalar>) {
  var offset = 0
  while offset < MemoryLayout<SIMD16<Scalar>>.stride {
    prefetch_to_second_level(UnsafeRawPointer(address) + offset)
    offset &+= 64
  }
}

@inline(__always)
private func register<Scalar: TensorScalar>(
  _ source: UnsafePointer<Scalar>, _ index: Int
) -> SIMD16<Scalar> {
  UnsafeRawPointer(source + index).loadUnaligned(as: SIMD16<Scalar>.self)
}

@inline(__always)
private func part<Part: SIMD>(
  _ type: Part.Type, _ source: UnsafePointer<Part.Scalar>, _ index: Int
) -> Part {
  UnsafeRawPointer(source + index).loadUnaligned(as: type)
}
