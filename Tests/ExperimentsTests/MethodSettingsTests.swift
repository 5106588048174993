import Bilevel
import Testing

@testable import Experiments

@Suite("Details of methods and outer optimisers, as settings")
struct MethodSettingsTests {
  private let catalogue = MethodCatalogue.standard

  private func dynamics(
    _ name: String, _ settings: MethodSettings
  ) throws -> any InnerDynamics<Double> {
    try catalogue.method(named: name).innerDynamics(settings, as: Double.self)
  }

  @Test("The defaults are valid, and those that the documentation states")
  func defaults() throws {
    let settings = RunSettings(TinySettings())
    try settings.validate(in: .float)
    #expect(settings.inner.steps == 100 && settings.inner.stepSize == 0.1)
    #expect(settings.aggregation.schedule == .harmonic && settings.aggregation.alpha == 0.5)
    #expect(settings.solver.steps == 20 && settings.solver.damping == 0)
    #expect(settings.outer == OuterSettings(.adam, learningRate: 0.001, iterations: 100))
    #expect(settings.method.trajectoryBytes == TrajectoryMemory.defaultBytes)
  }

  @Test("Every detail arrives in what is built")
  func arrival() throws {
    var settings = MethodSettings()
    settings.trajectory.megabytes = 3
    #expect(settings.trajectoryBytes == 3 << 20)
    settings.trajectory.megabytes = .max
    #expect(settings.trajectoryBytes == .max)

    // Each set Y and each penalty, by what it makes of a long step.
    let problem = BilevelProblem<Double>(
      upper: ExpressionObjective { _, y in y[0].sum() },
      lower: ExpressionObjective { _, y in -10 * y[0].sum() },
      initialLower: ConstantInitialLower(Parameters(Tensor([0, 0]))))
    func end(_ name: String, _ settings: MethodSettings) throws -> [Double] {
      try dynamics(name, settings).lowerVariable(
        after: 3, upper: Parameters(Tensor([0])), of: problem
      ).tensors[0].scalars
    }
    settings.inner = .init(steps: 3, stepSize: 1)
    #expect(try end("rhg", settings) == [30, 30])
    settings.lowerSet.size = 2
    settings.lowerSet.kind = .box
    #expect(try end("rhg", settings) == [2, 2])
    settings.lowerSet.kind = .simplex
    #expect(try end("rhg", settings) == [1, 1])
    settings.lowerSet.kind = .ball
    #expect(abs(try end("rhg", settings)[0] - 2.squareRoot()) < 1e-12)
    settings.lowerSet.kind = .none

    let proximal = Method(
      try catalogue.dynamics(named: "proximal-gradient"), try catalogue.estimator(named: "reverse"))
    func proximalEnd() throws -> Double {
      try proximal.innerDynamics(settings, as: Double.self).lowerVariable(
        after: 3, upper: Parameters(Tensor([0])), of: problem
      ).tensors[0].scalars[0]
    }
    settings.proximal.penalty = .box
    settings.proximal.size = 0.5
    #expect(try proximalEnd() == 0.5)
    settings.proximal.penalty = .l1
    #expect(try proximalEnd() == 3 * (10 - 0.5))
  }

  @Test("A learned start and learned weights lengthen the upper variable as settings say")
  func learned() throws {
    let start = Parameters(Tensor([0.5]))
    let problem = BilevelProblem<Double>(
      upper: ExpressionObjective { _, y in y[0].sum() },
      lower: ExpressionObjective { _, y in (y[0] * y[0]).sum() },
      initialLower: ConstantInitialLower(Parameters(Tensor([0, 0]))))
    func counts(_ name: String, _ settings: MethodSettings) throws -> [Int] {
      try catalogue.method(named: name).prepare(problem, from: start, settings).start.tensors
        .map(\.count)
    }
    var settings = MethodSettings()
    settings.inner.steps = 3
    #expect(try counts("rhg", settings) == [1])
    let plain = try counts("learned-bda", settings)
    settings.inner.learnsStart = true
    #expect(try counts("rhg", settings) == [1, 2])
    settings.inner.learnsStart = false
    settings.aggregation.learnsWeightPerStep = true
    let perStep = try counts("learned-bda", settings)
    settings.aggregation.learnsStepSizes = true
    let everything = try counts("learned-bda", settings)
    #expect(plain.reduce(0, +) < perStep.reduce(0, +))
    #expect(perStep.reduce(0, +) < everything.reduce(0, +))
  }

  @Test("A cosine runs over the whole run unless told otherwise")
  func cosine() throws {
    var outer = OuterSettings(.gradient, learningRate: 1, iterations: 40)
    outer.decay = .cosine
    outer.finalLearningRate = 0.01
    /// The length of a step in iteration n along a gradient of 1.
    func rate(_ n: Int) throws -> Double {
      var optimizer = try outer.outerOptimizer(as: Double.self)
      optimizer.restore(OuterOptimizerMemory(iteration: n, moments: optimizer.memory.moments))
      let zero = Parameters(Tensor([0.0]))
      return -optimizer.step(from: zero, along: Parameters(Tensor([1.0]))).tensors[0].scalars[0]
    }
    func cosine(_ n: Int, of length: Int) -> Double {
      LearningRate.cosine(1, final: 0.01, iterations: length).rate(at: n)
    }
    #expect(try rate(10) == cosine(10, of: 40))
    #expect(try rate(10) > 0.5)
    outer.cosineIterations = 10
    #expect(try rate(5) == cosine(5, of: 10))
    #expect(try abs(rate(10) - 0.01) < 1e-12)
    outer.decay = .inverseTime
    outer.inverseTimeDecay = 0.2
    #expect(try abs(rate(5) - 0.5) < 1e-12)
    outer.decay = .none
    outer.clippingValue = 0.25
    #expect(try rate(0) == 0.25)
  }

  @Test(
    "Senseless details are refused by name",
    arguments: [
      ("trajectory.megabytes", "-1"), ("lowerSet.size", ".nan"), ("lowerSet.size", "0"),
      ("inner.momentum", "1"), ("aggregation.alpha", "1.5"), ("penalty.iterations", "-1"),
      ("proximal.size", "0"), ("inner.steps", "0"), ("outer.iterations", "0"),
      ("outer.clippingNorm", "-1"), ("truncation.history", "0"), ("solver.damping", "-0.1"),
    ])
  func refusals(key: String, value: String) throws {
    let settings = try Configuration.resolve(
      defaults: RunSettings(TinySettings()), settings: ["\(key)=\(value)"]
    ).settings
    let error = try #require(throws: ConfigurationError.self) { try settings.validate(in: .float) }
    #expect(error.sentence.hasPrefix("The setting \(key) is "), "\(error.sentence)")
    #expect(error.exitStatus == .usage)
  }

  @Test(
    "A number that single precision would make infinite or 0 of is refused there and nowhere else",
    arguments: [
      ("lowerSet.size", "1e39", "inf"), ("solver.tolerance", "1e-50", "0.0"),
      ("outer.learningRate", "3.5e38", "inf"), ("inner.stepSize", "1e-46", "0.0"),
    ])
  func singlePrecision(key: String, value: String, rounded: String) throws {
    let settings = try Configuration.resolve(
      defaults: RunSettings(TinySettings()), settings: ["\(key)=\(value)"]
    ).settings
    try settings.validate(in: .double)
    let error = try #require(throws: ConfigurationError.self) { try settings.validate(in: .float) }
    #expect(error.sentence.hasPrefix("The setting \(key) is "), "\(error.sentence)")
    #expect(error.sentence.contains("which as a float is \(rounded): choose a number"))
    #expect(error.exitStatus == .usage)
  }

  @Test("Two clippings at once are refused")
  func twoClippings() throws {
    var settings = RunSettings(TinySettings())
    settings.outer.clippingNorm = 1
    try settings.validate(in: .float)
    settings.outer.clippingValue = 1
    let error = try #require(throws: ConfigurationError.self) { try settings.validate(in: .float) }
    #expect(error.sentence.contains("outer.clippingNorm and outer.clippingValue"))
  }

  @Test("A detail is a part of a run's identity where it can change its numbers")
  func identity() throws {
    let experiment = TinyExperiment()
    let rhg = Arm.method(try catalogue.method(named: "rhg"))
    let learned = Arm.method(try catalogue.method(named: "learned-bda"))
    #expect(!experiment.identifies("trajectory.megabytes", rhg))
    #expect(experiment.matters("trajectory.megabytes", to: rhg))
    #expect(!experiment.identifies("aggregation.learnsStepSizes", rhg))
    #expect(experiment.identifies("aggregation.learnsStepSizes", learned))
    #expect(experiment.identifies("lowerSet.kind", rhg))
  }
}
