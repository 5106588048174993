import CInstructions

/// Lanes of the vectors that a tile of sums is made of: as many, 4 to 16, as let some ten to twenty sums
/// stay in registers beside what they are made from. Known when compiling: what is not taken is not there.
@inline(__always)
func tileLanes<Scalar: TensorScalar>(of type: Scalar.Type) -> Int {
  max(4, min(16, tile_vector_bytes() / MemoryLayout<Scalar>.stride))
}
