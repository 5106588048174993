import Tensors
import Testing

@Suite("Sums of lanes")
struct LaneSumTests {
  /// Twenty vectors of numbers whose sums depend on the order of addition.
  private func vectors<Scalar: TensorScalar>(_ type: Scalar.Type) -> [SIMD16<Scalar>] {
    var stream = RandomStream(seed: 3, purpose: "lane sums")
    return (0..<20).map { _ in
      var vector = SIMD16<Scalar>()
      for lane in 0..<16 {
        let magnitude = Scalar(Int.random(in: 1...4096, using: &stream))
        vector[lane] = Scalar(Double.random(in: -1...1, using: &stream)) * magnitude
      }
      return vector
    }
  }

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type) {
    let vectors = vectors(type)
    let stride = 7
    var target = [Scalar](repeating: 99, count: 4 * stride)
    // Swift puts vectors on boundaries of 16 bytes, whatever their size: here on no larger one.
    let size = MemoryLayout<SIMD16<Scalar>>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 16 + 20 * size, alignment: 128)
    defer { memory.deallocate() }
    let first = (memory + 16).bindMemory(to: SIMD16<Scalar>.self, capacity: 20)
    for (index, vector) in vectors.enumerated() { (first + index).initialize(to: vector) }
    target.withUnsafeMutableBufferPointer { sums in
      guard let start = sums.baseAddress else { return }
      Scalar.storeLaneSums(ofFourByFive: first, into: start, stride: stride)
    }
    for (index, vector) in vectors.enumerated() {
      var lanes = (0..<16).map { vector[$0] }
      while lanes.count > 1 {
        let half = lanes.count / 2
        lanes = (0..<half).map { lanes[$0] + lanes[$0 + half] }
      }
      #expect(target[index % 4 * stride + index / 4] == lanes[0], "vector \(index)")
    }
    // Columns from the fifth on are somebody else's.
    for row in 0..<4 { #expect(target[row * stride + 5] == 99 && target[row * stride + 6] == 99) }
  }

  @Test("Twenty vectors at once give the bits of halving each alone, in both scalars")
  func bits() {
    check(Float.self)
    check(Double.self)
  }
}
