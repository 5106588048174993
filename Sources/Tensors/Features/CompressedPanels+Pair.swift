import CInstructions

// MARK: - Two products at once

extension CompressedPanels {
  /// Writes M V and M W, the bits being those of two calls of ``multiply(_:columns:into:)``: an entry's
  /// value and place are loaded once for both, and the load units are what binds. 4 entryCount columns
  /// operations. Matrices of the usual width, within one panel; others take the two calls, and so do
  /// processors whose registers do not hold the eight sums: loading them anew costs more than it saves.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func multiply(
    _ v: UnsafePointer<Scalar>, into ofV: UnsafeMutablePointer<Scalar>,
    _ w: UnsafePointer<Scalar>, into ofW: UnsafeMutablePointer<Scalar>, columns: Int
  ) {
    guard columns == 16, panelCount == 1, padding == 8, tile_vector_bytes() == 64 else {
      multiply(v, columns: columns, into: ofV)
      return multiply(w, columns: columns, into: ofW)
    }
    let (v, w) = (SharedPointer(v), SharedPointer(w))
    let (ofV, ofW) = (SharedMutablePointer(ofV), SharedMutablePointer(ofW))
    Parallel.forEach(shares.count - 1) { share in
      for row in self.shares[share]..<self.shares[share + 1] {
        let sums = self.rowSums(row, UnsafeRawPointer(v.pointer), UnsafeRawPointer(w.pointer))
        UnsafeMutableRawPointer(ofV.pointer + row * 16).storeBytes(
          of: sums.v, as: SIMD16<Scalar>.self)
        UnsafeMutableRawPointer(ofW.pointer + row * 16).storeBytes(
          of: sums.w, as: SIMD16<Scalar>.self)
      }
    }
  }

  /// The rows of both products; of each four sums, as in the single product.
  @inline(__always)
  private func rowSums(
    _ row: Int, _ v: UnsafeRawPointer, _ w: UnsafeRawPointer
  ) -> (v: SIMD16<Scalar>, w: SIMD16<Scalar>) {
    typealias Vector = SIMD16<Scalar>
    let lineBytes = 16 &* MemoryLayout<Scalar>.stride
    var (v0, v1, v2, v3) = (Vector(), Vector(), Vector(), Vector())
    var (w0, w1, w2, w3) = (Vector(), Vector(), Vector(), Vector())
    // Left to the optimiser this is a call for every entry, with the sums in memory.
    @inline(__always)
    func add(_ value: Scalar, at index: UInt16, _ sumV: inout Vector, _ sumW: inout Vector) {
      let offset = Int(index) &* lineBytes
      sumV.addProduct(of: value, v.loadUnaligned(fromByteOffset: offset, as: Vector.self))
      sumW.addProduct(of: value, w.loadUnaligned(fromByteOffset: offset, as: Vector.self))
    }
    for entry in stride(from: Int(starts[row]), to: Int(starts[row + 1]), by: 4) {
      let four = Indices(at: UnsafePointer(indices + entry))
      add(values[entry], at: four.first, &v0, &w0)
      add(values[entry &+ 1], at: four.second, &v1, &w1)
      add(values[entry &+ 2], at: four.third, &v2, &w2)
      add(values[entry &+ 3], at: four.fourth, &v3, &w3)
    }
    return ((v0 + v1) + (v2 + v3), (w0 + w1) + (w2 + w3))
  }
}
