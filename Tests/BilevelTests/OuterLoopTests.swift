import Bilevel
import TestSupport
import Testing

@Suite("Outer optimisers, feasible sets and the loop")
struct OuterLoopTests {
  @Test("Gradient steps and momentum follow their formulas")
  func gradientStep() {
    let g = Parameters(Tensor<Double>([2, -4]))
    var plain = GradientStep<Double>(learningRate: .inverseTime(0.1, decay: 1))
    var x = plain.step(from: Parameters(Tensor([1, 1])), along: g)
    #expect(largestDeviation(x.tensors, [Tensor([0.8, 1.4])]) < 1e-15)
    x = plain.step(from: x, along: g)
    #expect(largestDeviation(x.tensors, [Tensor([0.7, 1.6])]) < 1e-15)
    var heavy = GradientStep<Double>(learningRate: .constant(0.1), momentum: 0.5)
    x = heavy.step(from: Parameters(Tensor([0, 0])), along: g)
    x = heavy.step(from: x, along: g)
    #expect(largestDeviation(x.tensors, [Tensor([-0.5, 1.0])]) < 1e-15)
  }

  @Test("Adam follows the article's recursion")
  func adam() {
    var adam = Adam<Double>(learningRate: .constant(0.01))
    var x = Parameters(Tensor<Double>([1.0, -2.0]))
    let slopes: [[Double]] = [[0.5, -3], [-0.2, 1], [4, 0]]
    var (m, v, expected) = ([0.0, 0.0], [0.0, 0.0], [1.0, -2.0])
    for (n, slope) in slopes.enumerated() {
      x = adam.step(from: x, along: Parameters(Tensor(slope)))
      for index in 0..<2 {
        m[index] = 0.9 * m[index] + 0.1 * slope[index]
        v[index] = 0.999 * v[index] + 0.001 * slope[index] * slope[index]
        var (first, second) = (1.0, 1.0)
        for _ in 0...n {
          first *= 0.9
          second *= 0.999
        }
        expected[index] -=
          0.01 * (m[index] / (1 - first)) / ((v[index] / (1 - second)).squareRoot() + 1e-8)
      }
      #expect(largestDeviation(x.tensors, [Tensor(expected)]) < 1e-14)
    }
  }

  @Test("A loop that has ended is continued from its checkpoint by nothing")
  func endedLoop() throws {
    func loop() -> OuterLoop<Double> {
      OuterLoop(
        estimate: { x, _, _ in
          HypergradientEstimate(
            upperValue: 0, hypergradient: x, lower: x,
            diagnostics: EstimatorDiagnostics(
              innerSteps: 0, differentiatedSteps: 0, storage: "none", storedBytes: 0))
        }, optimizer: GradientStep(learningRate: .constant(0.5)), from: Parameters(Tensor([1])),
        iterations: 100, tolerance: 1e-3)
    }
    var whole = loop()
    while whole.next() != nil {}
    #expect(whole.outcome == .completed && whole.iteration < 20)
    var resumed = loop()
    resumed.resume(from: whole.checkpoint)
    #expect(resumed.next() == nil && resumed.upper == whole.upper)
  }

  @Test("The cosine rate starts at the rate, halves half-way and stays at the final value")
  func cosine() {
    let rate = LearningRate.cosine(1, final: 0.2, iterations: 10)
    #expect(rate.rate(at: 0) == 1)
    #expect(abs(rate.rate(at: 5) - 0.6) < 1e-15)
    #expect(abs(rate.rate(at: 10) - 0.2) < 1e-15)
    #expect(rate.rate(at: 50) == rate.rate(at: 10))
  }

  @Test("Projections are nearest points: no feasible point is closer", arguments: [0.5, 2.5, 100])
  func cappedSimplex(total: Double) {
    var stream = RandomStream(seed: 9, purpose: "projection")
    let set = CappedSimplex<Double>(total: total)
    let point = Parameters(stream.uniform([20], in: -1..<2) as Tensor<Double>)
    let nearest = set.project(point)
    let scalars = nearest.tensors[0].scalars
    #expect(scalars.allSatisfy { (0...1).contains($0) })
    #expect(scalars.reduce(0, +) <= total + 1e-12)
    #expect(largestDeviation(set.project(nearest).tensors, nearest.tensors) < 1e-12)
    // The variational inequality <point - nearest, z - nearest> <= 0 for feasible z.
    for _ in 0..<200 {
      var other = stream.uniform([20], in: 0..<1, as: Double.self)
      let sum = other.sum()
      if sum > total { other.scale(by: total / sum) }
      let inner = point.adding(nearest, scaledBy: -1)
        .dot(Parameters(other).adding(nearest, scaledBy: -1))
      #expect(inner <= 1e-10)
    }
  }

  @Test("A box clamps and keeps NaN")
  func box() {
    let projected = Box<Double>(lower: -1, upper: 2)
      .project(Parameters(Tensor([-5, 0.5, 7, .nan]))).tensors[0].scalars
    #expect(Array(projected.prefix(3)) == [-1, 0.5, 2])
    #expect(projected[3].isNaN)
  }

  static func loop(
    startsWarm: Bool = false, stepSize: Double = 0.3
  ) -> OuterLoop<Double> {
    let subject = QuadraticProblem()
    return BilevelEstimate(
      problem: subject.problem,
      dynamics: DescentAggregation(
        schedule: AggregationSchedule(.outerHarmonic, alpha: 0.5), upperStepSize: stepSize,
        lowerStepSize: stepSize),
      estimator: ReverseHypergradient(), innerSteps: 6, start: startsWarm ? .warm : .own
    ).loop(
      optimizer: Adam(learningRate: .constant(0.05)), from: subject.point(), iterations: 30)
  }

  @Test("A loop resumed from a checkpoint continues identically", arguments: [false, true])
  func resume(startsWarm: Bool) {
    var whole = Self.loop(startsWarm: startsWarm)
    var checkpoint: OuterLoop<Double>.Checkpoint?
    while let event = whole.next() { if event.iteration == 11 { checkpoint = whole.checkpoint } }
    var second = Self.loop(startsWarm: startsWarm)
    if let checkpoint { second.resume(from: checkpoint) }
    #expect(second.iteration == 12)
    while second.next() != nil {}
    #expect(second.upper == whole.upper)
    #expect(second.outcome == .completed)
  }

  @Test("The tolerance is on the root-mean-square step, whatever the number of coordinates")
  func tolerance() {
    // Every coordinate moves by 0.1, so that the norm of a step is 0.2.
    let slope = Parameters(Tensor<Double>(repeating: 1, shape: [4]))
    func iterations(_ tolerance: Double) -> Int {
      let loop = OuterLoop<Double>(
        estimate: { _, _, _ in
          HypergradientEstimate(
            upperValue: 0, hypergradient: slope, lower: Parameters([]),
            diagnostics: EstimatorDiagnostics(
              innerSteps: 0, differentiatedSteps: 0, storage: "none", storedBytes: 0))
        }, optimizer: GradientStep(learningRate: .constant(0.1)), from: slope, iterations: 9,
        tolerance: tolerance)
      return loop.map(\.iteration).count
    }
    #expect(iterations(0.15) == 1)
    #expect(iterations(0.05) == 9)
  }

  @Test("The upper objective falls")
  func descends() {
    let values = Self.loop().map(\.estimate.upperValue)
    #expect(values.count == 30)
    #expect((values.last ?? .infinity) < (values.first ?? 0))
  }

  @Test("A non-finite estimate ends the loop at the last finite point")
  func nonFinite() {
    var loop = Self.loop(stepSize: 1e200)
    let start = loop.upper
    var events = 0
    while loop.next() != nil { events += 1 }
    #expect(events == 1)
    #expect(loop.upper == start)
    #expect(loop.outcome == .nonFinite(iteration: 0, what: "the lower variable y_K"))
  }

  /// A loop whose hypergradient is `slope` in every coordinate.
  private static func steep(
    _ slope: Float, _ optimizer: any OuterOptimizer<Float>,
    within set: any FeasibleSet<Float> = WholeSpace()
  ) -> OuterLoop<Float> {
    OuterLoop(
      estimate: { x, _, _ in
        HypergradientEstimate(
          upperValue: 1, hypergradient: Parameters(Tensor([slope, slope])), lower: x,
          diagnostics: .withoutInnerLoop)
      }, optimizer: optimizer, from: Parameters(Tensor([1, 2])), iterations: 5, within: set)
  }

  @Test("A step that is not finite ends the loop too, whether a bound hides it or not")
  func nonFiniteSteps() {
    let wanted = OuterLoop<Float>.Outcome.nonFinite(
      iteration: 0, what: "the outer optimiser's step")
    // 1e20 squared is beyond Float: with that second moment every later step would be 0.
    let frozen = Self.steep(1e20, Adam(learningRate: .constant(0.1)))
    let far = Self.steep(1e20, GradientStep(learningRate: .constant(1e30)))
    let bounded = Self.steep(
      1e20, GradientStep(learningRate: .constant(1e30)), within: Box(lower: 0, upper: 3))
    for var loop in [frozen, far, bounded] {
      #expect(loop.next() != nil && loop.next() == nil)
      #expect(loop.outcome == wanted)
      #expect(loop.upper.flattened() == [1, 2] && loop.optimizer.memory.moments.isEmpty)
    }
    var large = Self.steep(1e15, Adam(learningRate: .constant(0.1)))
    while large.next() != nil {}
    #expect(large.outcome == .completed && large.upper.flattened() != [1, 2])
  }
}
