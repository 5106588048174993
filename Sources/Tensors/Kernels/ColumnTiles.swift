import CInstructions

// The inner loops of transposed dense products: sums over rows, vectors along the features. Twenty
// named sums: with ten columns and two vectors there are twelve loads for twenty multiply-adds. Nothing
// is added across lanes: the vectoriser rewrites what follows such sums, and the loop, into shuffles.

/// Two vectors of each of ten lines `target[c] += sum over t of right[t, c] source[t]`, the lines
/// `lineStride` scalars apart, as the terms `source[t]` are. Meanwhile as many vectors are brought into
/// the second-level cache as half the terms have, of the terms from `termsAhead` on.
@inline(__always)
func accumulateTenColumns<Vector: SIMD>(
  _ type: Vector.Type, _ source: UnsafePointer<Vector.Scalar>, _ lineStride: Int, _ terms: Int,
  termsAhead: Int, _ right: UnsafePointer<Vector.Scalar>, _ rightStride: Int,
  _ target: UnsafeMutablePointer<Vector.Scalar>
) where Vector.Scalar: TensorScalar {
  let line = lineStride &* MemoryLayout<Vector.Scalar>.stride
  let next = MemoryLayout<Vector>.stride
  let t0 = UnsafeMutableRawPointer(target)
  let (t1, t2, t3, t4) = (t0 + line, t0 + 2 &* line, t0 + 3 &* line, t0 + 4 &* line)
  let (t5, t6, t7) = (t0 + 5 &* line, t0 + 6 &* line, t0 + 7 &* line)
  let (t8, t9) = (t0 + 8 &* line, t0 + 9 &* line)
  var (a0, b0) = (t0.load(as: Vector.self), (t0 + next).load(as: Vector.self))
  var (a1, b1) = (t1.load(as: Vector.self), (t1 + next).load(as: Vector.self))
  var (a2, b2) = (t2.load(as: Vector.self), (t2 + next).load(as: Vector.self))
  var (a3, b3) = (t3.load(as: Vector.self), (t3 + next).load(as: Vector.self))
  var (a4, b4) = (t4.load(as: Vector.self), (t4 + next).load(as: Vector.self))
  var (a5, b5) = (t5.load(as: Vector.self), (t5 + next).load(as: Vector.self))
  var (a6, b6) = (t6.load(as: Vector.self), (t6 + next).load(as: Vector.self))
  var (a7, b7) = (t7.load(as: Vector.self), (t7 + next).load(as: Vector.self))
  var (a8, b8) = (t8.load(as: Vector.self), (t8 + next).load(as: Vector.self))
  var (a9, b9) = (t9.load(as: Vector.self), (t9 + next).load(as: Vector.self))
  var term = UnsafeRawPointer(source)
  var factors = right
  let fetched = UnsafeRawPointer(source) + termsAhead &* line
  for t in 0..<terms {
    let first = term.load(as: Vector.self)
    let second = (term + next).load(as: Vector.self)
    let vector = fetched + ((t &>> 1) &* line &+ (t & 1) &* next)
    var offset = 0
    while offset < next {
      prefetch_to_second_level(vector + offset)
      offset &+= 64
    }
    a0.addProduct(of: factors[0], first)
    b0.addProduct(of: factors[0], second)
    a1.addProduct(of: factors[1], first)
    b1.addProduct(of: factors[1], second)
    a2.addProduct(of: factors[2], first)
    b2.addProduct(of: factors[2], second)
    a3.addProduct(of: factors[3], first)
    b3.addProduct(of: factors[3], second)
    a4.addProduct(of: factors[4], first)
    b4.addProduct(of: factors[4], second)
    a5.addProduct(of: factors[5], first)
    b5.addProduct(of: factors[5], second)
    a6.addProduct(of: factors[6], first)
    b6.addProduct(of: factors[6], second)
    a7.addProduct(of: factors[7], first)
    b7.addProduct(of: factors[7], second)
    a8.addProduct(of: factors[8], first)
    b8.addProduct(of: factors[8], second)
    a9.addProduct(of: factors[9], first)
    b9.addProduct(of: factors[9], second)
    term += line
    factors += rightStride
  }
  t0.storeBytes(of: a0, as: Vector.self)
  (t0 + next).storeBytes(of: b0, as: Vector.self)
  t1.storeBytes(of: a1, as: Vector.self)
  (t1 + next).storeBytes(of: b1, as: Vector.self)
  t2.storeBytes(of: a2, as: Vector.self)
  (t2 + next).storeBytes(of: b2, as: Vector.self)
  t3.storeBytes(of: a3, as: Vector.self)
  (t3 + next).storeBytes(of: b3, as: Vector.self)
  t4.storeBytes(of: a4, as: Vector.self)
  (t4 + next).storeBytes(of: b4, as: Vector.self)
  t5.storeBytes(of: a5, as: Vector.self)
  (t5 + next).storeBytes(of: b5, as: Vector.self)
  t6.storeBytes(of: a6, as: Vector.self)
  (t6 + next).storeBytes(of: b6, as: Vector.self)
  t7.storeBytes(of: a7, as: Vector.self)
  (t7 + next).storeBytes(of: b7, as: Vector.self)
  t8.storeBytes(of: a8, as: Vector.self)
  (t8 + next).storeBytes(of: b8, as: Vector.self)
  t9.storeBytes(of: a9, as: Vector.self)
  (t9 + next).storeBytes(of: b9, as: Vector.self)
}

/// Two vectors of each of five lines `target[c] += sum over t of right[t, c] source[t]`, the lines
/// `lineStride` scalars apart, as the terms `source[t]` are. Where `termsAhead` is given, half as many terms as
/// there are, from that one on, are brought into the second-level cache meanwhile: of each the line of 64
/// bytes that its first vector begins.
@inline(__always)
func accumulateFiveColumns<Vector: SIMD>(
  _ type: Vector.Type, _ source: UnsafePointer<Vector.Scalar>, _ lineStride: Int, _ terms: Int,
  termsAhead: Int? = nil, _ right: UnsafePointer<Vector.Scalar>, _ rightStride: Int,
  _ target: UnsafeMutablePointer<Vector.Scalar>
) where Vector.Scalar: TensorScalar {
  let line = lineStride &* MemoryLayout<Vector.Scalar>.stride
  let next = MemoryLayout<Vector>.stride
  let t0 = UnsafeMutableRawPointer(target)
  let (t1, t2, t3, t4) = (t0 + line, t0 + 2 &* line, t0 + 3 &* line, t0 + 4 &* line)
  var (a0, b0) = (t0.load(as: Vector.self), (t0 + next).load(as: Vector.self))
  var (a1, b1) = (t1.load(as: Vector.self), (t1 + next).load(as: Vector.self))
  var (a2, b2) = (t2.load(as: Vector.self), (t2 + next).load(as: Vector.self))
  var (a3, b3) = (t3.load(as: Vector.self), (t3 + next).load(as: Vector.self))
  var (a4, b4) = (t4.load(as: Vector.self), (t4 + next).load(as: Vector.self))
  var term = UnsafeRawPointer(source)
  var factors = right
  for t in 0..<terms {
    let first = term.load(as: Vector.self)
    let second = (term + next).load(as: Vector.self)
    if let termsAhead {
      prefetch_to_second_level(UnsafeRawPointer(source) + (termsAhead &+ t &>> 1) &* line)
    }
    a0.addProduct(of: factors[0], first)
    b0.addProduct(of: factors[0], second)
    a1.addProduct(of: factors[1], first)
    b1.addProduct(of: factors[1], second)
    a2.addProduct(of: factors[2], first)
    b2.addProduct(of: factors[2], second)
    a3.addProduct(of: factors[3], first)
    b3.addProduct(of: factors[3], second)
    a4.addProduct(of: factors[4], first)
    b4.addProduct(of: factors[4], second)
    term += line
    factors += rightStride
  }
  t0.storeBytes(of: a0, as: Vector.self)
  (t0 + next).storeBytes(of: b0, as: Vector.self)
  t1.storeBytes(of: a1, as: Vector.self)
  (t1 + next).storeBytes(of: b1, as: Vector.self)
  t2.storeBytes(of: a2, as: Vector.self)
  (t2 + next).storeBytes(of: b2, as: Vector.self)
  t3.storeBytes(of: a3, as: Vector.self)
  (t3 + next).storeBytes(of: b3, as: Vector.self)
  t4.storeBytes(of: a4, as: Vector.self)
  (t4 + next).storeBytes(of: b4, as: Vector.self)
}

/// One vector of one line of the same.
@inline(__always)
func accumulateOneColumn<Vector: SIMD>(
  _ type: Vector.Type, _ source: UnsafePointer<Vector.Scalar>, _ lineStride: Int, _ terms: Int,
  _ right: UnsafePointer<Vector.Scalar>, _ rightStride: Int,
  _ target: UnsafeMutablePointer<Vector.Scalar>
) where Vector.Scalar: TensorScalar {
  let line = lineStride &* MemoryLayout<Vector.Scalar>.stride
  let out = UnsafeMutableRawPointer(target)
  var sum = out.load(as: Vector.self)
  var term = UnsafeRawPointer(source)
  var factor = right
  for _ in 0..<terms {
    sum.addProduct(of: factor[0], term.load(as: Vector.self))
    term += line
    factor += rightStride
  }
  out.storeBytes(of: sum, as: Vector.self)
}
