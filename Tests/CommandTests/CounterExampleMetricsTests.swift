import Bilevel
import Experiments
import Tensors
import Testing

@testable import counter_example

@Suite("Metrics of the counter-example")
struct CounterExampleMetricsTests {
  @Test("Errors are distances to the optimum of the problem at hand")
  func ownOptimum() {
    var problem = CounterExampleProblem(dimension: 2)
    let y: Parameters<Double> = Parameters([Tensor([1, 3]), Tensor([3, 3])])
    let x: Parameters<Double> = Parameters(Tensor([1, 3]))
    // x* = 1 without strong convexity, (1 + 3)/2 = 2 with it.
    var values = CounterExampleMetrics(problem: problem).values(upper: x, lower: y)
    #expect(abs((values["upperError"] ?? 0) - 2.0.squareRoot()) < 1e-15)
    problem.strongConvexity = 0.5
    problem.target = 3
    let metrics = CounterExampleMetrics(problem: problem)
    values = metrics.values(upper: x, lower: y)
    #expect(values["upperError"] == 1 && metrics.upperError(x) == 1)
    #expect(values["x"] == 2)
    // y* = (2, 3); F = (4 + 0 + 0 + 4) / 2 over two coordinates; f is minimal in y.
    #expect(values["firstLowerError"] == 1 && values["secondLowerError"] == 0)
    #expect(abs((values["upperObjective"] ?? 0) - 2) < 1e-14 && values["lowerGap"] == 0)
  }
}
