import Bilevel
import Testing

/// One row of the table of exact minimisers: four digits for K = 8, 16, 64, 256, 2048.
struct TableRow: Sendable, CustomTestStringConvertible {
  let start: Double
  let stepSize: Double
  let schedule: AggregationSchedule
  let minimizers: [Double]

  var testDescription: String {
    "y_0 = \(start), s = \(stepSize), \(schedule.rule.rawValue) \(schedule.alpha)"
  }

  static let steps = [8, 16, 64, 256, 2048]

  static func row(
    _ start: Double, _ stepSize: Double, _ rule: AggregationSchedule.Rule, _ alpha: Double,
    _ minimizers: [Double]
  ) -> TableRow {
    TableRow(
      start: start, stepSize: stepSize, schedule: AggregationSchedule(rule, alpha: alpha),
      minimizers: minimizers)
  }

  static let all: [TableRow] = [
    row(0, 0.1, .harmonic, 0, [0.4300, 0.4897, 0.5000, 0.5000, 0.5000]),
    row(0, 0.1, .constant, 0.5, [0.3908, 0.6713, 0.9967, 1.0000, 1.0000]),
    row(0, 0.1, .harmonic, 0.5, [0.4491, 0.5558, 0.6130, 0.6485, 0.6951]),
    row(0, 0.1, .harmonic, 0.9, [0.4593, 0.6111, 0.6972, 0.7519, 0.8160]),
    row(0, 0.1, .shiftedHarmonic, 1, [0.4481, 0.5798, 0.6729, 0.7358, 0.8094]),
    row(0, 0.1, .journal, 0.5, [0.3248, 0.4691, 0.5838, 0.6239, 0.6728]),
    row(0, 0.1, .harmonic, 0.6, [0.4521, 0.5694, 0.6348, 0.6762, 0.7290]),
    row(0, 0.1, .officialCode, 0.6, [0.3312, 0.5580, 0.7654, 0.7720, 0.7720]),
    row(0, 0.5, .harmonic, 0, [0.5000, 0.5000, 0.5000, 0.5000, 0.5000]),
    row(0, 0.5, .constant, 0.5, [0.9687, 0.9996, 1.0000, 1.0000, 1.0000]),
    row(0, 0.5, .harmonic, 0.5, [0.7896, 0.8502, 0.9222, 0.9599, 0.9855]),
    row(0, 0.5, .harmonic, 0.9, [0.9324, 0.9660, 0.9908, 0.9974, 0.9996]),
    row(0, 0.5, .shiftedHarmonic, 1, [0.8489, 0.9224, 0.9803, 0.9950, 0.9994]),
    row(0, 0.5, .journal, 0.5, [0.6742, 0.7549, 0.8687, 0.9308, 0.9745]),
    row(0, 0.5, .harmonic, 0.6, [0.8349, 0.8924, 0.9526, 0.9791, 0.9939]),
    row(0, 0.5, .officialCode, 0.6, [0.9559, 0.9925, 0.9986, 0.9986, 0.9986]),
    row(2, 0.1, .harmonic, 0, [1.5700, 1.5103, 1.5000, 1.5000, 1.5000]),
    row(2, 0.1, .harmonic, 0.5, [1.5509, 1.4442, 1.3870, 1.3515, 1.3049]),
    row(2, 0.5, .harmonic, 0.5, [1.2104, 1.1498, 1.0778, 1.0401, 1.0145]),
  ]
}

@Suite("The counter-example's exact minimisers")
struct CounterExampleTests {
  @Test("Reverse hypergradients vanish at the tabulated x_K", arguments: TableRow.all)
  func table(row: TableRow) {
    let problem = counterExample(start: (row.start, row.start))
    let dynamics = DescentAggregation(
      schedule: row.schedule, upperStepSize: row.stepSize, lowerStepSize: row.stepSize)
    for (steps, tabulated) in zip(TableRow.steps, row.minimizers) {
      let root = rootOfHypergradient(problem, dynamics, ReverseHypergradient(), steps: steps)
      let exact = exactSurrogateMinimizer(start: (row.start, row.start), steps: steps) { k in
        let (upper, lower) = row.schedule.weights(step: k)
        return (upper * row.stepSize, lower * row.stepSize)
      }
      // Two evaluations of one affine function, 2,048 steps of rounding each.
      #expect(abs(root - exact) < 1e-10, "K = \(steps): \(root) instead of \(exact)")
      #expect(abs(root - tabulated) <= 0.5001e-4, "K = \(steps): \(root), table \(tabulated)")
    }
  }

  @Test("RHG's minimiser is the closed form and tends to (1 + y2) / 2", arguments: [0.0, 2.0])
  func closedForm(start: Double) {
    let problem = counterExample(start: (start, start))
    for steps in [1, 3, 10, 400] {
      let r = 1 - (0..<steps).reduce(1.0) { product, _ in product * 0.9 }
      let expected = (start + r * (1 - (1 - r) * start)) / (1 + r * r)
      let root = rootOfHypergradient(
        problem, GradientDescent(stepSize: 0.1), ReverseHypergradient(), steps: steps)
      #expect(abs(root - expected) < 1e-12)
      if steps == 400 { #expect(abs(root - (1 + start) / 2) < 1e-12) }
    }
  }

  @Test("The loop reaches the minimiser of phi_K, and phi_K alone decides which one")
  func outerLoop() {
    let problem = counterExample(start: (0.0, 0.0))
    func limit(_ dynamics: any InnerDynamics<Double>) -> Double {
      var loop = BilevelEstimate(
        problem: problem, dynamics: dynamics, estimator: ReverseHypergradient(), innerSteps: 64
      ).loop(
        optimizer: GradientStep(learningRate: .constant(0.5)),
        from: Parameters(Tensor([5])), iterations: 200)
      while loop.next() != nil {}
      return loop.upper.tensors[0].scalars[0]
    }
    #expect(abs(limit(GradientDescent(stepSize: 0.5)) - 0.5) < 1e-9)
    let aggregation = DescentAggregation(
      schedule: AggregationSchedule(.harmonic, alpha: 0.9), upperStepSize: 0.5,
      lowerStepSize: 0.5)
    #expect(abs(limit(aggregation) - 0.9908) < 1e-4)
  }
}
