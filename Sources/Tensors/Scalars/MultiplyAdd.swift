import CInstructions

// Sums with a product: rounded once where the processors that this is compiled for have an instruction
// for it, and twice elsewhere (`BDA_TUNE=generic` on x86-64).

extension SIMD where Scalar: TensorScalar {
  /// self + a b in each lane.
  @inlinable @inline(__always)
  public func adding(productOf a: Self, _ b: Self) -> Self {
    has_fused_multiply_add() ? addingProduct(a, b) : self + a * b
  }

  /// Adds factor `vector`.
  @inlinable @inline(__always)
  public mutating func addProduct(of factor: Scalar, _ vector: Self) {
    self = adding(productOf: Self(repeating: factor), vector)
  }
}

extension TensorScalar {
  /// self + a b.
  @inlinable @inline(__always)
  public func adding(productOf a: Self, _ b: Self) -> Self {
    has_fused_multiply_add() ? addingProduct(a, b) : self + a * b
  }
}
