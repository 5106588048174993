import Bilevel
import Foundation
import TestSupport
import Testing

@Suite("Methods by name")
struct MethodSettingsTests {
  static let subject = QuadraticProblem()

  /// Runs the outer loop of a method as an experiment would; the last estimate.
  static func run(_ settings: MethodSettings, iterations: Int = 40) throws -> [Double] {
    let innerSteps = 5
    let prepared = try settings.prepare(
      subject.problem, from: subject.point(), innerSteps: innerSteps)
    let loop = BilevelIteration(
      problem: prepared.problem,
      dynamics: try settings.innerDynamics(as: Double.self, innerSteps: innerSteps),
      estimator: try settings.estimator(as: Double.self, innerSteps: innerSteps),
      optimizer: GradientStep(learningRate: .constant(0.02)), from: prepared.start,
      innerSteps: innerSteps, outerIterations: iterations)
    return loop.map { $0.estimate.isFinite ? $0.estimate.upperValue : .nan }
  }

  @Test("Every preset is valid and lowers F", arguments: MethodPreset.allCases)
  func presets(preset: MethodPreset) throws {
    let values = try Self.run(MethodSettings(preset, innerStepSize: 0.2))
    #expect(values.count == 40 && values.allSatisfy(\.isFinite))
    #expect((values.last ?? .infinity) < (values.first ?? 0))
    #expect(!preset.citation.isEmpty && !preset.displayName.isEmpty)
    #expect(
      MethodCombination(preset.dynamics, preset.hypergradient).presets.contains(preset))
  }

  @Test("Every valid combination runs")
  func combinations() throws {
    for combination in MethodSettings.validCombinations {
      let settings = MethodSettings(combination, innerStepSize: 0.2)
      let values = try Self.run(settings, iterations: 3)
      #expect(values.count == 3 && values.allSatisfy(\.isFinite), "\(combination)")
    }
  }

  @Test("Every other combination is refused with a sentence, by both builders")
  func refusals() {
    let valid = Set(MethodSettings.validCombinations)
    let refused = MethodCombination.all.filter { !valid.contains($0) }
    #expect(MethodCombination.all.count == 60)
    #expect(refused.count == 18)
    for combination in refused {
      let settings = MethodSettings(combination, innerStepSize: 0.2)
      #expect(combination.refusal?.hasSuffix(".") == true, "\(combination)")
      #expect(throws: MethodError.self) { try settings.innerDynamics(as: Double.self) }
      #expect(throws: MethodError.self) {
        try settings.estimator(as: Double.self, innerSteps: 5)
      }
    }
  }

  struct BadSetting: Sendable, CustomTestStringConvertible {
    let preset: MethodPreset
    let message: String
    let change: @Sendable (inout MethodSettings) -> Void
    var testDescription: String { message }
  }

  static let bad: [BadSetting] = [
    BadSetting(preset: .rhg, message: "inner step size") { $0.innerStepSize = -1 },
    BadSetting(preset: .bda, message: "upper step size") { $0.upperStepSize = .infinity },
    BadSetting(preset: .bda, message: "alpha") { $0.alpha = 1.5 },
    BadSetting(preset: .learnedBDA, message: "strictly between") { $0.alpha = 0 },
    BadSetting(preset: .heavyBallRHG, message: "momentum") { $0.innerMomentum = 1 },
    BadSetting(preset: .truncatedRHG, message: "history") { $0.history = 0 },
    BadSetting(preset: .fhg, message: "tangent") { $0.tangentsPerBlock = 0 },
    BadSetting(preset: .conjugateGradient, message: "linear solver") { $0.solverSteps = 0 },
    BadSetting(preset: .conjugateGradient, message: "damping") { $0.damping = -1 },
    BadSetting(preset: .neumann, message: "step size") { $0.solverStepSize = 0 },
    BadSetting(preset: .oneStage, message: "radius") { $0.oneStageRadius = 0 },
    BadSetting(preset: .bome, message: "barrier") { $0.barrierRatio = 0 },
    BadSetting(preset: .valueFunctionPenalty, message: "penalty") { $0.penaltyWeight = -1 },
    BadSetting(preset: .rhg, message: "sum of a simplex") {
      $0.lowerConstraint = .simplex(total: 0)
    },
    BadSetting(preset: .rhg, message: "box") { $0.lowerConstraint = .box(lower: 1, upper: 0) },
    BadSetting(preset: .neumann, message: "unconstrained") {
      $0.lowerConstraint = .ball(radius: 1)
    },
    BadSetting(preset: .oneStage, message: "learned start") { $0.learnsInitialization = true },
    BadSetting(preset: .rhg, message: "l1") {
      $0.dynamics = .proximalGradient
      $0.proximalPenalty = .l1(weight: -1)
    },
  ]

  @Test("A senseless parameter is refused with a sentence that names it", arguments: bad)
  func parameters(bad: BadSetting) {
    var settings = MethodSettings(bad.preset, innerStepSize: 0.2)
    bad.change(&settings)
    do {
      _ = try settings.innerDynamics(as: Double.self, innerSteps: 5)
      _ = try settings.estimator(as: Double.self, innerSteps: 5)
      Issue.record("\(settings) was accepted")
    } catch {
      #expect(error.description.contains(bad.message), "\(error)")
      #expect(error.description.hasSuffix("."))
      #expect(error.exitCode == 64)
    }
  }

  static let unrepresentable: [BadSetting] = [
    BadSetting(preset: .rhg, message: "inner step size") { $0.innerStepSize = 1e-60 },
    BadSetting(preset: .bda, message: "upper step size") { $0.upperStepSize = 1e60 },
    BadSetting(preset: .learnedBDA, message: "strictly between") { $0.alpha = 1 - 1e-12 },
    BadSetting(preset: .heavyBallRHG, message: "momentum") { $0.innerMomentum = 1 - 1e-12 },
    BadSetting(preset: .conjugateGradient, message: "damping") { $0.damping = 1e60 },
    BadSetting(preset: .neumann, message: "step size") { $0.solverStepSize = 1e-60 },
    BadSetting(preset: .oneStage, message: "radius") { $0.oneStageRadius = 1e-60 },
    BadSetting(preset: .bome, message: "barrier") { $0.barrierRatio = 1e-60 },
    BadSetting(preset: .rhg, message: "radius of a ball") {
      $0.lowerConstraint = .ball(radius: 1e-60)
    },
  ]

  @Test(
    "What Float rounds to zero, one or infinity is refused in Float", arguments: unrepresentable)
  func precision(bad: BadSetting) throws {
    var settings = MethodSettings(bad.preset, innerStepSize: 0.2)
    bad.change(&settings)
    _ = try settings.innerDynamics(as: Double.self, innerSteps: 5)
    _ = try settings.estimator(as: Double.self, innerSteps: 5)
    do {
      _ = try settings.innerDynamics(as: Float.self, innerSteps: 5)
      _ = try settings.estimator(as: Float.self, innerSteps: 5)
      Issue.record("\(settings) was accepted")
    } catch {
      #expect(error.description.contains(bad.message), "\(error)")
    }
  }

  @Test("No inner step is refused, and so are unnamed per-step weights")
  func innerSteps() {
    var settings = MethodSettings(.learnedBDA, innerStepSize: 0.2)
    settings.learnsWeightPerStep = true
    #expect(throws: MethodError.self) { try settings.innerDynamics(as: Double.self) }
    #expect(throws: MethodError.self) {
      try MethodSettings(.rhg, innerStepSize: 0.2).estimator(as: Double.self, innerSteps: 0)
    }
  }

  @Test("Settings survive being stored")
  func coding() throws {
    for preset in MethodPreset.allCases {
      var settings = MethodSettings(preset, innerStepSize: 0.2, history: 3)
      settings.lowerConstraint = .box(lower: -1, upper: 2)
      settings.proximalPenalty = .box(lower: 0, upper: 1)
      let data = try JSONEncoder().encode(settings)
      #expect(try JSONDecoder().decode(MethodSettings.self, from: data) == settings)
    }
    let outer = OuterSettings(
      .adam, rate: 0.1, decay: .cosine(final: 0.01, iterations: 5), clipping: .norm(2))
    let data = try JSONEncoder().encode(outer)
    #expect(try JSONDecoder().decode(OuterSettings.self, from: data) == outer)
  }

  @Test("A constraint on y holds along the whole run, learned starts included")
  func constraint() throws {
    for preset in [MethodPreset.rhg, .bda, .heavyBallRHG, .learnedBDA, .iaptt] {
      var settings = MethodSettings(preset, innerStepSize: 0.2)
      settings.lowerConstraint = .ball(radius: 0.4)
      let prepared = try settings.prepare(
        Self.subject.problem, from: Self.subject.point(), innerSteps: 4)
      var loop = BilevelIteration(
        problem: prepared.problem, dynamics: try settings.innerDynamics(as: Double.self),
        estimator: try settings.estimator(as: Double.self, innerSteps: 4),
        optimizer: GradientStep(learningRate: .constant(0.1)), from: prepared.start,
        innerSteps: 4, outerIterations: 10)
      while let event = loop.next() { #expect(event.estimate.lower.norm <= 0.4 + 1e-14) }
    }
  }

  @Test("Warm starts of y are for methods whose start is not a part of x")
  func warmStarts() {
    for preset in MethodPreset.allCases {
      let expected = ![.iaptt, .bome, .valueFunctionPenalty].contains(preset)
      #expect(MethodSettings(preset, innerStepSize: 0.1).allowsWarmStart == expected)
    }
  }
}

@Suite("Outer optimisers by name, and clipping")
struct OuterSettingsTests {
  static let slope = Parameters([Tensor<Double>([3, -0.1]), Tensor<Double>([-4])])

  @Test("Clipping bounds the norm or each coordinate, and leaves small gradients alone")
  func clipping() {
    let scaled = GradientClipping.norm(1).apply(to: Self.slope)
    #expect(abs(scaled.norm - 1) < 1e-15)
    #expect(
      largestDeviation(
        scaled.tensors, Self.slope.scaled(by: 1 / Self.slope.norm).tensors) < 1e-15)
    #expect(GradientClipping.norm(100).apply(to: Self.slope) == Self.slope)
    #expect(GradientClipping.value(2).apply(to: Self.slope).flattened() == [2, -0.1, -2])
    let broken = Parameters(Tensor<Double>([.nan, 9]))
    #expect(!GradientClipping.value(2).apply(to: broken).isFinite)
    #expect(!GradientClipping.norm(2).apply(to: broken).isFinite)
  }

  @Test("A clipped optimiser is its base on clipped gradients, memory included")
  func clippedOptimizer() throws {
    for kind in OuterSettings.Kind.allCases {
      let plain = try OuterSettings(kind, rate: 0.1).outerOptimizer(as: Double.self)
      let clipped = try OuterSettings(kind, rate: 0.1, clipping: .value(1))
        .outerOptimizer(as: Double.self)
      func run(
        _ optimizer: any OuterOptimizer<Double>, along slope: Parameters<Double>
      ) -> (Parameters<Double>, OuterOptimizerMemory<Double>) {
        var optimizer = optimizer
        var x = Parameters<Double>.zeros(like: slope)
        for _ in 0..<3 {
          x = optimizer.step(from: x, along: slope)
          let memory = optimizer.memory
          optimizer.restore(memory)
        }
        return (x, optimizer.memory)
      }
      let left = run(clipped, along: Self.slope)
      let right = run(plain, along: GradientClipping.value(1).apply(to: Self.slope))
      #expect(left == right, "\(kind)")
      #expect(left.1.iteration == 3)
    }
  }

  @Test("Decays and momentum arrive at the optimiser")
  func decay() throws {
    let g = Parameters(Tensor<Double>([1]))
    func moves(_ settings: OuterSettings) throws -> [Double] {
      var optimizer = try settings.outerOptimizer(as: Double.self)
      return (0..<3).map { _ in
        -optimizer.step(from: Parameters(Tensor([0.0])), along: g).flattened()[0]
      }
    }
    #expect(
      try moves(OuterSettings(.gradient, rate: 1, decay: .inverseTime(decay: 1))) == [
        1, 0.5, 1.0 / 3,
      ])
    #expect(try moves(OuterSettings(.momentum, rate: 1, momentum: 0.5)) == [1, 1.5, 1.75])
    let cosine = try moves(
      OuterSettings(.gradient, rate: 1, decay: .cosine(final: 0, iterations: 2)))
    #expect(abs(cosine[0] - 1) + abs(cosine[1] - 0.5) + abs(cosine[2]) < 1e-15)
  }

  @Test("Senseless outer settings are refused")
  func refusals() {
    let bad = [
      OuterSettings(.adam, rate: 0), OuterSettings(.gradient, rate: .nan),
      OuterSettings(.momentum, rate: 1, momentum: 1),
      OuterSettings(.gradient, rate: 1, decay: .inverseTime(decay: -1)),
      OuterSettings(.gradient, rate: 1, decay: .cosine(final: 0, iterations: 0)),
      OuterSettings(.gradient, rate: 1, clipping: .norm(0)),
    ]
    for settings in bad {
      #expect(throws: MethodError.self, "\(settings)") {
        try settings.outerOptimizer(as: Double.self)
      }
    }
  }
}
