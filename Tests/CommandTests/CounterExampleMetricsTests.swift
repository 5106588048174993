import Bilevel
import Experiments
import Foundation
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

  @Test("A sweep's rate is that between its last two K, where the limit is nearest")
  func exponent() throws {
    var settings = CounterExampleProtocol.icml2020.settings(.smoke)
    settings.sweep.innerSteps = [2, 8, 32]
    settings.outer.iterations = 100
    let run = Run(
      experiment: CounterExample.name,
      arm: .method(try MethodCatalogue.standard.method(named: "bda")), protocolName: "icml2020",
      budget: .smoke, seed: 0, scalar: .double, configuration: Configuration(settings),
      variant: [:], datasets: [])
    var body = try CounterExampleBody<Double>(run)
    var errors: [Double] = []
    var exponent: Double?
    for stage in 0..<body.stages {
      try body.begin(stage: stage)
      while let event = body.loop.next() { _ = body.observe(event) }
      let closing = body.close(step: 0, stage: stage, after: .completed)
      for value in closing.measurements {
        if value.metric == "upperError" { errors.append(value.value) }
        if value.metric == "errorExponent" { exponent = value.value }
      }
    }
    try #require(errors.count == 3)
    let rates = [1, 2].map { log(errors[$0] / errors[$0 - 1]) / log(4) }
    #expect(abs((exponent ?? 0) - rates[1]) < 1e-12)
    #expect(abs(rates[0] - rates[1]) > 1e-2, "Both rates agree: the test shows nothing.")
  }
}
