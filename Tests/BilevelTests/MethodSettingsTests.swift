import Bilevel
import Foundation
import TestSupport
import Testing

@Suite("Settings of methods")
struct MethodSettingsTests {
  struct BadSetting: Sendable, CustomTestStringConvertible {
    let method: String
    let message: String
    let change: @Sendable (inout MethodSettings) -> Void
    var testDescription: String { "\(method): \(message)" }

    init(
      _ method: String, _ message: String,
      _ change: @escaping @Sendable (inout MethodSettings) -> Void
    ) {
      (self.method, self.message, self.change) = (method, message, change)
    }

    /// Builds both parts of the method under the changed settings.
    func build<Scalar: TensorScalar>(as type: Scalar.Type) throws {
      let catalogue = MethodCatalogue.standard
      let method =
        try catalogue.methods.first { $0.name == self.method }
        ?? catalogue.product(catalogue.dynamics(named: self.method), NamedReverse())
      var settings = MethodSettings(steps: 5, stepSize: 0.2)
      change(&settings)
      _ = try method.innerDynamics(settings, as: type)
      _ = try method.hypergradientEstimator(settings, as: type)
    }

    /// The sentence of the refusal.
    func refusal<Scalar: TensorScalar>(as type: Scalar.Type) throws -> MethodError? {
      do {
        try build(as: type)
        return nil
      } catch let error as MethodError {
        return error
      }
    }
  }

  static let bad: [BadSetting] = [
    BadSetting("rhg", "inner step size") { $0.inner.stepSize = -1 },
    BadSetting("rhg", "inner steps K") { $0.inner.steps = 0 },
    BadSetting("bda", "upper step size") { $0.aggregation.upperStepSize = .infinity },
    BadSetting("bda", "inner step size") {
      $0.aggregation.lowerStepSize = 0
      $0.aggregation.upperStepSize = 0.1
    },
    BadSetting("bda", "alpha") { $0.aggregation.alpha = 1.5 },
    BadSetting("learned-bda", "strictly between") { $0.aggregation.alpha = 0 },
    BadSetting("learned-bda", "number of steps") {
      $0.aggregation.learnsWeightPerStep = true
      $0.inner.steps = 0
    },
    BadSetting("heavy-ball-rhg", "momentum") { $0.inner.momentum = 1 },
    BadSetting("t-rhg", "history") { $0.truncation.history = 0 },
    BadSetting("fhg", "tangent") { $0.trajectory.tangentsPerBlock = 0 },
    BadSetting("cg", "linear solver") { $0.solver.steps = 0 },
    BadSetting("cg", "tolerance") { $0.solver.tolerance = .nan },
    BadSetting("cg", "damping") { $0.solver.damping = -1 },
    BadSetting("neumann", "step size") { $0.solver.stepSize = 0 },
    BadSetting("one-stage", "radius") { $0.oneStage.radius = 0 },
    BadSetting("bome", "barrier") { $0.penalty.barrierRatio = 0 },
    BadSetting("v-pbgd", "penalty") { $0.penalty.weight = -1 },
    BadSetting("rhg", "sum of a simplex") { $0.project(onto: .simplex, size: 0) },
    BadSetting("rhg", "box") { $0.project(onto: .box, size: -1) },
    BadSetting("neumann", "unconstrained") { $0.project(onto: .ball, size: 1) },
    BadSetting("one-stage", "learned start") { $0.inner.learnsStart = true },
    BadSetting("iaptt", "inner.startsWarm=false") { $0.inner.startsWarm = true },
    BadSetting("v-pbgd", "inner.learnsStart=false") { $0.inner.learnsStart = true },
    BadSetting("v-pbgd", "penalty.initialWeight") {
      ($0.penalty.initialWeight, $0.penalty.iterations) = (5, 3)
    },
    BadSetting("proximal-gradient", "penalty") { $0.proximal.size = -1 },
  ]

  @Test("A senseless parameter is refused with a sentence that names it", arguments: bad)
  func parameters(bad: BadSetting) throws {
    let error = try #require(try bad.refusal(as: Double.self), "It was accepted.")
    #expect(error.description.contains(bad.message), "\(error)")
    #expect(error.description.hasSuffix("."))
    #expect(error.exitCode == 64)
  }

  static let unrepresentable: [BadSetting] = [
    BadSetting("rhg", "inner step size") { $0.inner.stepSize = 1e-60 },
    BadSetting("bda", "upper step size") { $0.aggregation.upperStepSize = 1e60 },
    BadSetting("learned-bda", "strictly between") { $0.aggregation.alpha = 1 - 1e-12 },
    BadSetting("heavy-ball-rhg", "momentum") { $0.inner.momentum = 1 - 1e-12 },
    BadSetting("cg", "damping") { $0.solver.damping = 1e60 },
    BadSetting("neumann", "step size") { $0.solver.stepSize = 1e-60 },
    BadSetting("one-stage", "radius") { $0.oneStage.radius = 1e-60 },
    BadSetting("bome", "barrier") { $0.penalty.barrierRatio = 1e-60 },
    BadSetting("v-pbgd", "penalty") { $0.penalty.weight = 1e60 },
    BadSetting("cg", "tolerance") { $0.solver.tolerance = 1e60 },
    BadSetting("rhg", "radius of a ball") { $0.project(onto: .ball, size: 1e-60) },
    BadSetting("proximal-gradient", "penalty") { $0.proximal.size = 1e60 },
  ]

  @Test(
    "What Float rounds to zero, one or infinity is refused in Float", arguments: unrepresentable)
  func precision(bad: BadSetting) throws {
    #expect(try bad.refusal(as: Double.self) == nil)
    let error = try #require(try bad.refusal(as: Float.self), "It was accepted.")
    #expect(error.description.contains(bad.message), "\(error)")
  }

  @Test("An empty value is shown as one")
  func emptyValue() {
    let key = SettingKey<String>("data.name", "the name", wanted: "a name", { $0 }) { !$0.isEmpty }
    #expect(key.violation(in: "") == "The setting data.name is \"\" but must be a name")
    #expect(key.violation(in: "mnist") == nil)
  }

  @Test("Settings survive being stored")
  func coding() throws {
    var settings = MethodSettings(steps: 7, stepSize: 0.2)
    settings.truncation.history = 3
    settings.project(onto: .box, size: 2)
    settings.proximal.penalty = .box
    settings.aggregation = .init(schedule: .outerPower, alpha: 0.25, upperStepSize: 0.5)
    settings.trajectory.megabytes = 5
    for settings in [settings, MethodSettings()] {
      let data = try JSONEncoder().encode(settings)
      #expect(try JSONDecoder().decode(MethodSettings.self, from: data) == settings)
    }
  }

  @Test("Megabytes become bytes without overflow")
  func bytes() {
    var settings = MethodSettings()
    #expect(settings.trajectoryBytes == TrajectoryMemory.defaultBytes)
    for (megabytes, bytes) in [(0, 0), (3, 3 << 20), (Int.max, Int.max), (-1, 0), (Int.min, 0)] {
      settings.trajectory.megabytes = megabytes
      #expect(settings.trajectoryBytes == bytes, "\(megabytes)")
    }
  }
}

extension MethodSettings {
  /// Sets Y.
  mutating func project(onto kind: LowerSetChoice, size: Double) {
    (lowerSet.kind, lowerSet.size) = (kind, size)
  }
}
