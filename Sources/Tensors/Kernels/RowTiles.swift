// The inner loops of all dense products: a tile of the result stays in registers while the terms go
// by. Written with eight named sums on purpose: an array of accumulators, or many more of them, is
// rewritten by the vectoriser into shuffles.

/// Eight rows of `target[i] (+)= sum over t of source[i rowStride + t termStride] right[t]`, each one
/// vector wide, in registers. Without `accumulating` the old contents are not read.
@inline(__always)
func accumulateEightRows<Vector: SIMD>(
  _ type: Vector.Type, _ source: UnsafePointer<Vector.Scalar>, _ rowStride: Int,
  _ terms: Range<Int>,
  _ termStride: Int, _ right: UnsafePointer<Vector.Scalar>, _ rightStride: Int,
  _ target: UnsafeMutablePointer<Vector.Scalar>, _ targetStride: Int, accumulating: Bool
) where Vector.Scalar: TensorScalar {
  let line = targetStride * MemoryLayout<Vector.Scalar>.stride
  let rightLine = rightStride * MemoryLayout<Vector.Scalar>.stride
  let out = UnsafeMutableRawPointer(target)
  var s0 = accumulating ? out.loadUnaligned(as: Vector.self) : Vector()
  var s1 = accumulating ? out.loadUnaligned(fromByteOffset: line, as: Vector.self) : Vector()
  var s2 = accumulating ? out.loadUnaligned(fromByteOffset: 2 * line, as: Vector.self) : Vector()
  var s3 = accumulating ? out.loadUnaligned(fromByteOffset: 3 * line, as: Vector.self) : Vector()
  var s4 = accumulating ? out.loadUnaligned(fromByteOffset: 4 * line, as: Vector.self) : Vector()
  var s5 = accumulating ? out.loadUnaligned(fromByteOffset: 5 * line, as: Vector.self) : Vector()
  var s6 = accumulating ? out.loadUnaligned(fromByteOffset: 6 * line, as: Vector.self) : Vector()
  var s7 = accumulating ? out.loadUnaligned(fromByteOffset: 7 * line, as: Vector.self) : Vector()
  var a = source + terms.lowerBound * termStride
  var b = UnsafeRawPointer(right) + terms.lowerBound * rightLine
  let (r1, r2, r3) = (rowStride, 2 * rowStride, 3 * rowStride)
  let (r4, r5, r6, r7) = (4 * rowStride, 5 * rowStride, 6 * rowStride, 7 * rowStride)
  for _ in terms {
    let vector = b.loadUnaligned(as: Vector.self)
    s0.addProduct(of: a[0], vector)
    s1.addProduct(of: a[r1], vector)
    s2.addProduct(of: a[r2], vector)
    s3.addProduct(of: a[r3], vector)
    s4.addProduct(of: a[r4], vector)
    s5.addProduct(of: a[r5], vector)
    s6.addProduct(of: a[r6], vector)
    s7.addProduct(of: a[r7], vector)
    a += termStride
    b += rightLine
  }
  out.storeBytes(of: s0, as: Vector.self)
  out.storeBytes(of: s1, toByteOffset: line, as: Vector.self)
  out.storeBytes(of: s2, toByteOffset: 2 * line, as: Vector.self)
  out.storeBytes(of: s3, toByteOffset: 3 * line, as: Vector.self)
  out.storeBytes(of: s4, toByteOffset: 4 * line, as: Vector.self)
  out.storeBytes(of: s5, toByteOffset: 5 * line, as: Vector.self)
  out.storeBytes(of: s6, toByteOffset: 6 * line, as: Vector.self)
  out.storeBytes(of: s7, toByteOffset: 7 * line, as: Vector.self)
}

/// One row of the same.
@inline(__always)
func accumulateOneRow<Vector: SIMD>(
  _ type: Vector.Type, _ source: UnsafePointer<Vector.Scalar>, _ terms: Range<Int>,
  _ termStride: Int,
  _ right: UnsafePointer<Vector.Scalar>, _ rightStride: Int,
  _ target: UnsafeMutablePointer<Vector.Scalar>, accumulating: Bool
) where Vector.Scalar: TensorScalar {
  let rightLine = rightStride * MemoryLayout<Vector.Scalar>.stride
  let out = UnsafeMutableRawPointer(target)
  var sum = accumulating ? out.loadUnaligned(as: Vector.self) : Vector()
  for t in terms {
    let vector = (UnsafeRawPointer(right) + t * rightLine).loadUnaligned(as: Vector.self)
    sum.addProduct(of: source[t * termStride], vector)
  }
  out.storeBytes(of: sum, as: Vector.self)
}
