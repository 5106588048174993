import Bilevel
import TestSupport
import Testing

/// Inner loops far deeper than the stack would allow a recursion to be.
@Suite("Deep inner loops", .serialized)
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
    BilevelIteration(
      problem: problem,
      dynamics: DescentAggregation(
        schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 1e-3,
        lowerStepSize: 1e-3),
      estimator: ReverseHypergradient(storage: .linearizations),
      optimizer: GradientStep(learningRate: .constant(0.1)),
      from: Parameters(Tensor(repeating: 1.0, shape: [16])), innerSteps: 10_000,
      outerIterations: count
    ).map(\.estimate.upperValue)
  }

  @Test("10,000 inner steps through the library leave memory flat across outer steps")
  func flatMemory() throws {
    let first = Self.outerSteps(1)
    let before = try #require(residentBytes(), "This test reads /proc/self/statm.")
    let values = Self.outerSteps(8)
    let growth = try #require(residentBytes()) - before
    #expect(values.first == first.first && values.allSatisfy(\.isFinite))
    // One trajectory of recorded steps is more than 40 MB (measured: the next line): eight that leak
    // would be over 300 MB; what the allocator keeps for other tests stays below a third of that.
    let kept = ReverseHypergradient<Double>(storage: .linearizations).estimate(
      Self.problem, dynamics: GradientDescent(stepSize: 1e-3),
      upper: Parameters(Tensor(repeating: 1.0, shape: [16])), innerSteps: 10_000
    ).diagnostics.storedBytes
    #expect(kept > 4 << 20)
    #expect(growth < 100 << 20, "Resident memory grew by \(growth) bytes.")
  }
}
