import Autodiff
import TestSupport
import Testing

@Suite("Recorded graphs", .processMemory)
struct GraphTests {
  @Test("Derivatives of any order: x^4 at 1.5")
  func higherOrders() {
    let x = Variable(Tensor<Double>(1.5))
    var derivative = x * x * x * x
    var expected = [4 * 1.5 * 1.5 * 1.5, 12 * 1.5 * 1.5, 24 * 1.5, 24.0, 0.0]
    while let value = expected.first {
      derivative = gradient(of: derivative, withRespectTo: [x], keepingGraph: true)[0]
      #expect(abs(derivative.value.scalar - value) < 1e-12)
      expected.removeFirst()
    }
  }

  @Test("An input that the output does not depend on has a zero gradient")
  func independentInput() {
    let x = Variable(Tensor<Double>([1, 2]))
    let other = Variable(Tensor<Double>([[3.0, 4.0]].flatMap { $0 }))
    let slope = gradient(of: (x * x).sum(), withRespectTo: [other, x])
    #expect(slope[0].value.scalars == [0, 0])
    #expect(slope[1].value.scalars == [2, 4])
  }

  @Test("Constants keep no history and stop the gradient")
  func constants() {
    let x = Variable(Tensor<Double>(3))
    let stopped = x.detached() * x
    #expect(gradient(of: stopped, withRespectTo: [x])[0].value.scalar == 3)
    let plain = Variable<Double>.constant(Tensor(2)) * .constant(Tensor(5))
    #expect(!plain.isDifferentiable)
    #expect(recordedBytes(of: [plain]) == 0)
    // What was computed on the way counts, each value once; neither the inputs nor constants do.
    let factor = Variable<Double>.constant(Tensor(repeating: 1, shape: [1_000]))
    let wide = Variable(Tensor<Double>(repeating: 2, shape: [1_000]))
    #expect(recordedBytes(of: [(factor * wide).sum()]) == 1_001 * MemoryLayout<Double>.stride)
  }

  @Test("An intermediate value can be an input of the gradient")
  func intermediateInput() {
    let x = Variable(Tensor<Double>(2))
    let square = x * x
    let output = square * square
    let slopes = gradient(of: output, withRespectTo: [x, square])
    #expect(slopes[0].value.scalar == 32)
    #expect(slopes[1].value.scalar == 8)
  }

  @Test("A graph a million nodes deep is differentiated and released without recursion")
  func deepGraph() {
    let x = Variable(Tensor<Double>(1))
    var y = x
    for _ in 0..<1_000_000 { y = y + 1e-6 }
    #expect(gradient(of: y, withRespectTo: [x])[0].value.scalar == 1)
    #expect(abs(y.value.scalar - 2) < 1e-9)
  }

  /// The gradient through 10,000 recorded steps, and the last of them.
  func unrolled() -> (slope: Double, end: Variable<Double>) {
    let x = Variable(Tensor<Double>(repeating: 0.5, shape: [16]))
    var y = Variable<Double>.constant(.zeros([16]))
    for _ in 0..<10_000 { y = y - 1e-3 * (y - x) }
    return (gradient(of: (y * y).sum(), withRespectTo: [x])[0].value.scalars[0], y)
  }

  @Test("Unrolling 10,000 inner steps leaves memory flat across outer steps")
  func flatMemory() throws {
    func outerStep() -> Double { unrolled().slope }
    let first = outerStep()
    #expect(first > 0)
    let before = try #require(residentBytes(), "This test reads /proc/self/statm.")
    for _ in 0..<20 { #expect(outerStep() == first) }
    let growth = try #require(residentBytes()) - before
    // One leaked graph is 30,000 nodes of some 400 bytes each: twenty would be over 200 MB. What
    // the allocator keeps for other tests that run at the same time stays well below half of that.
    #expect(growth < 100 << 20, "Resident memory grew by \(growth) bytes.")
  }

  @Test("Graphs that are kept show in the same measure: the check above can fail")
  func keptGraphs() throws {
    let before = try #require(residentBytes(), "This test reads /proc/self/statm.")
    let kept = (0..<20).map { _ in unrolled().end }
    let growth = try #require(residentBytes()) - before
    #expect(growth > 100 << 20, "Twenty graphs were kept in \(growth) bytes.")
    #expect(kept.allSatisfy { $0.value.count == 16 })
  }
}
