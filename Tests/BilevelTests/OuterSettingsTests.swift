import Bilevel
import Foundation
import TestSupport
import Testing

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
      let plain = try OuterSettings(kind, learningRate: 0.1).outerOptimizer(as: Double.self)
      var settings = OuterSettings(kind, learningRate: 0.1)
      settings.clippingValue = 1
      let clipped = try settings.outerOptimizer(as: Double.self)
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

  @Test("An optimiser that is given another's memory goes on as that one")
  func restored() throws {
    for kind in OuterSettings.Kind.allCases {
      var whole = try OuterSettings(kind, learningRate: 0.1).outerOptimizer(as: Double.self)
      var x = Parameters<Double>.zeros(like: Self.slope)
      for n in 1...3 { x = whole.step(from: x, along: Self.slope.scaled(by: Double(n))) }
      var second = try OuterSettings(kind, learningRate: 0.1).outerOptimizer(as: Double.self)
      second.restore(whole.memory)
      #expect(
        second.step(from: x, along: Self.slope) == whole.step(from: x, along: Self.slope),
        "\(kind)")
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
    func settings(
      _ kind: OuterSettings.Kind, _ change: (inout OuterSettings) -> Void
    ) -> OuterSettings {
      var result = OuterSettings(kind, learningRate: 1)
      change(&result)
      return result
    }
    let inverse = settings(.gradient) { ($0.decay, $0.inverseTimeDecay) = (.inverseTime, 1) }
    #expect(try moves(inverse) == [1, 0.5, 1.0 / 3])
    #expect(try moves(settings(.momentum) { $0.momentum = 0.5 }) == [1, 1.5, 1.75])
    let cosine = try moves(
      settings(.gradient) { ($0.decay, $0.cosineIterations) = (.cosine, 2) })
    // Unset, the cosine lasts for all of the run.
    #expect(
      try moves(settings(.gradient) { ($0.decay, $0.iterations) = (.cosine, 2) }) == cosine)
    #expect(abs(cosine[0] - 1) + abs(cosine[1] - 0.5) + abs(cosine[2]) < 1e-15)
  }

  typealias Change = @Sendable (inout OuterSettings) -> Void
  static let bad: [(String, Change)] = [
    ("learning rate", { $0.learningRate = 0 }), ("learning rate", { $0.learningRate = .nan }),
    (
      "momentum",
      {
        $0.optimizer = .momentum
        $0.momentum = 1
      }
    ),
    (
      "inverse-time",
      {
        $0.decay = .inverseTime
        $0.inverseTimeDecay = -1
      }
    ),
    (
      "cosine",
      {
        $0.decay = .cosine
        $0.cosineIterations = 0
      }
    ),
    ("clipping bound", { $0.clippingNorm = 0 }), ("clipping bound", { $0.clippingValue = 0 }),
    (
      "one of them must be null",
      {
        $0.clippingNorm = 1
        $0.clippingValue = 1
      }
    ),
  ]

  @Test("Senseless outer settings are refused with a sentence")
  func refusals() {
    for (word, change) in Self.bad {
      var settings = OuterSettings()
      change(&settings)
      do {
        _ = try settings.outerOptimizer(as: Double.self)
        Issue.record("\(settings) was accepted")
      } catch {
        #expect(error.description.contains(word) && error.description.hasSuffix("."), "\(error)")
      }
    }
  }

  @Test("A momentum that single precision rounds to 1 is refused there, and nowhere else")
  func roundedMomentum() throws {
    var settings = OuterSettings(.momentum, learningRate: 0.1)
    settings.momentum = 0.999_999_999_99
    _ = try settings.outerOptimizer(as: Double.self)
    let error = try #require(throws: MethodError.self) {
      _ = try settings.outerOptimizer(as: Float.self)
    }
    #expect(error.description.contains("which as a float is 1.0"), "\(error)")
  }

  @Test("Outer settings survive being stored")
  func coding() throws {
    var outer = OuterSettings(.adam, learningRate: 0.1, iterations: 7)
    (outer.decay, outer.finalLearningRate, outer.cosineIterations) = (.cosine, 0.01, 5)
    outer.clippingNorm = 2
    let data = try JSONEncoder().encode(outer)
    #expect(try JSONDecoder().decode(OuterSettings.self, from: data) == outer)
  }
}
