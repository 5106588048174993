import Bilevel
import Experiments
import Testing

@Suite("Details of methods and outer optimisers, as settings")
struct MethodDetailsTests {
  @Test("The defaults are the library's")
  func defaults() throws {
    for preset in MethodPreset.allCases {
      let settings = MethodSettings(preset, innerStepSize: 0.1)
      #expect(MethodDetails().applied(to: settings) == settings)
    }
    let outer = OuterSettings(.adam, rate: 0.1, decay: .inverseTime(decay: 0.5), clipping: .norm(2))
    #expect(OuterDetails().applied(to: outer, iterations: 7) == outer)
    try MethodDetails().validate()
    try OuterDetails().validate()
  }

  @Test("Every detail arrives")
  func arrival() {
    var details = MethodDetails()
    details.trajectoryMegabytes = 3
    details.learnsWeightPerStep = true
    details.learnsStepSizes = true
    details.learnsInitialization = true
    details.proximalPenalty = .box
    details.proximalSize = 0.5
    details.lowerSet = .simplex
    details.lowerSetSize = 2
    details.initialPenaltyWeight = 0.1
    details.penaltyIterations = 9
    var expected = MethodSettings(.rhg, innerStepSize: 0.1, trajectoryBytes: 3 << 20)
    expected.learnsWeightPerStep = true
    expected.learnsStepSizes = true
    expected.learnsInitialization = true
    expected.proximalPenalty = .box(lower: -0.5, upper: 0.5)
    expected.lowerConstraint = .simplex(total: 2)
    expected.initialPenaltyWeight = 0.1
    expected.penaltyIterations = 9
    #expect(details.applied(to: MethodSettings(.rhg, innerStepSize: 0.1)) == expected)
    details.lowerSet = .ball
    details.proximalPenalty = .l1
    expected.lowerConstraint = .ball(radius: 2)
    expected.proximalPenalty = .l1(weight: 0.5)
    #expect(details.applied(to: MethodSettings(.rhg, innerStepSize: 0.1)) == expected)
  }

  @Test("A cosine runs over the whole run unless told otherwise")
  func cosine() {
    var outer = OuterDetails()
    outer.decay = .cosine
    outer.finalLearningRate = 0.01
    let base = OuterSettings(.gradient, rate: 1)
    #expect(
      outer.applied(to: base, iterations: 40).decay == .cosine(final: 0.01, iterations: 40))
    outer.cosineIterations = 10
    #expect(
      outer.applied(to: base, iterations: 40).decay == .cosine(final: 0.01, iterations: 10))
    outer.decay = .inverseTime
    outer.inverseTimeDecay = 0.2
    outer.clippingValue = 3
    #expect(outer.applied(to: base, iterations: 40).decay == .inverseTime(decay: 0.2))
    #expect(outer.applied(to: base, iterations: 40).clipping == .value(3))
  }

  @Test("Senseless details are refused by name")
  func refusals() {
    var details = MethodDetails()
    details.trajectoryMegabytes = 0
    #expect(throws: ConfigurationError.self) { try details.validate() }
    details = MethodDetails()
    details.lowerSetSize = .nan
    #expect(throws: ConfigurationError.self) { try details.validate() }
    var outer = OuterDetails()
    outer.clippingNorm = 1
    outer.clippingValue = 1
    #expect(throws: ConfigurationError.self) { try outer.validate() }
  }

  @Test("A detail is a part of a run's identity where it can change its numbers")
  func identity() {
    let rhg = MethodCombination(.gradientDescent, .reverse)
    let learned = MethodCombination(.learnedAggregation, .reverse)
    #expect(!MethodDetails.matters("trajectoryMegabytes", to: rhg))
    #expect(!MethodDetails.matters("learnsStepSizes", to: rhg))
    #expect(MethodDetails.matters("learnsStepSizes", to: learned))
    #expect(MethodDetails.matters("lowerSet", to: rhg))
  }
}
