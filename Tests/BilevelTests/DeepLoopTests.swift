import Bilevel
import TestSupport
import Testing

/// Inner loops far deeper than the stack would allow a recursion to be.
@Suite("Deep inner loops", .processMemory)
struct DeepLoopTests {
  static let problem = BilevelProblem<Double>(
    upper: ExpressionObjective { x, y in
      let gap = x[0] - y[0]
      return (gap * gap).sum()
    },
    lower: ExpressionObjective { x, y in
      let gap = y[0] - x[0]
      return (0.5 * (gap * gap)).sum()
    },
    initialLower: ConstantInitialLower(Parameters(.zeros([16]))))

  static func outerSteps(_ count: Int) -> [Double] {
    BilevelEstimate(
      problem: problem,
      dynamics: DescentAggregation(
        schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 1e-3,
        lowerStepSize: 1e-3),
      estimator: ReverseHypergradient(storage: .linearizations), innerSteps: 10_000
    ).loop(
      optimizer: GradientStep(learningRate: .constant(0.1)),
      from: Parameters(Tensor(repeating: 1.0, shape: [16])), iterations: count
    ).map(\.estimate.upperValue)
  }

  @Test("10,000 inner steps through the library leave memory flat across outer steps")
  func flatMemory() throws {
    let first = Self.outerSteps(1)
    let before = try #require(residentBytes(), "This test reads /proc/self/statm.")
    let values = Self.outerSteps(8)
    let growth = try #require(residentBytes()) - before
    #expect(values.first == first.first && values.allSatisfy(\.isFinite))
    // Leaked, the 80,000 steps would be some 200 MB (the next test); what other tests hold at the
    // same time stays well below half of that.
    #expect(growth < 100 << 20, "Resident memory grew by \(growth) bytes.")
  }

  @Test("A trajectory that is kept shows in the same measure: the check above can fail")
  func keptTrajectory() throws {
    let x = Parameters(Tensor(repeating: 1.0, shape: [16]))
    let dynamics = GradientDescent<Double>(stepSize: 1e-3)
    let before = try #require(residentBytes(), "This test reads /proc/self/statm.")
    var state = Parameters<Double>(.zeros([16]))
    var kept: [any StepLinearization<Double>] = []
    for k in 1...80_000 {
      let step = dynamics.linearizeStep(StepIndex(k), from: state, upper: x, of: Self.problem)
      kept.append(step)
      state = step.next
    }
    let growth = try #require(residentBytes()) - before
    #expect(kept.count == 80_000)
    // As many steps as the check above takes in all: some 200 MB.
    #expect(growth > 100 << 20, "80,000 steps were kept in \(growth) bytes.")
  }
}
