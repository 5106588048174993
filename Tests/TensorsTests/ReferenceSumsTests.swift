import Tensors
import TestSupport
import Testing

@Suite("The checker itself")
struct ReferenceSumsTests {
  private func reference() -> ReferenceSums {
    var sums = ReferenceSums(shape: [3], terms: 2)
    sums.add(1, to: 0)
    sums.add(2, to: 0)
    sums.add(.infinity, to: 1)
    sums.add(.nan, to: 2)
    return sums
  }

  @Test func acceptsTheRightAnswer() {
    #expect(reference().violation(by: Tensor<Float>([3, .infinity, .nan])) == nil)
  }

  @Test(arguments: [
    [3.0001, .infinity, .nan], [.nan, .infinity, .nan], [3, -.infinity, .nan], [3, .infinity, 0],
    [3, .nan, .nan],
  ])
  func rejectsABrokenSubject(_ broken: [Float]) {
    #expect(reference().violation(by: Tensor(broken)) != nil)
  }

  @Test func rejectsAnotherShape() {
    #expect(reference().violation(by: Tensor<Float>(shape: [1, 3], scalars: [3, 0, 0])) != nil)
  }
}
