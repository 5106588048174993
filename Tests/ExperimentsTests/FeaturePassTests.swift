import Bilevel
import TestSupport
import Testing

@testable import Experiments

/// What dense softmax regression is bound by is reading its features: so many times and not once more,
/// whatever the speed of the machine.
@Suite("Passes over the features, counted")
struct FeaturePassTests {
  private let train: SoftmaxRegressionSamples<Float>
  private let validation: SoftmaxRegressionSamples<Float>

  init() {
    func samples(_ seed: UInt64) -> SoftmaxRegressionSamples<Float> {
      SoftmaxRegressionSamples(
        features: randomTensor([90, 33], seed: seed), labels: (0..<90).map { $0 % 5 },
        classCount: 5, storage: .dense)
    }
    train = samples(1)
    validation = samples(2)
  }

  /// The passes over (training, validation) samples of one hypergradient.
  private func passes(
    _ dynamics: any InnerDynamics<Float>, _ estimator: any HypergradientEstimator<Float>, steps: Int
  ) -> [Int] {
    let problem = BilevelProblem<Float>(
      upper: SoftmaxRegressionObjective(samples: validation, weighting: .uniform),
      lower: SoftmaxRegressionObjective(samples: train, weighting: .sigmoid),
      initialLower: ConstantInitialLower(train.zeroParameters))
    let before = [train.features.passes, validation.features.passes]
    _ = estimator.estimate(
      problem, dynamics: dynamics, upper: Parameters(randomTensor([90], seed: 3)),
      innerSteps: steps)
    return [train.features.passes - before[0], validation.features.passes - before[1]]
  }

  @Test("One pass a step there and one back, linearisations or states kept")
  func reverse() {
    let kept = ReverseHypergradient<Float>(storage: .linearizations)
    let states = ReverseHypergradient<Float>(storage: .states)
    let descent = GradientDescent<Float>(stepSize: 0.1)
    let aggregation = DescentAggregation<Float>(
      schedule: AggregationSchedule(.harmonic, alpha: 0.5), upperStepSize: 0.1, lowerStepSize: 0.1)
    for steps in [1, 7] {
      // The upper gradient at the end is one more pass over the validation samples.
      #expect(passes(descent, kept, steps: steps) == [2 * steps, 1])
      #expect(passes(descent, states, steps: steps) == [2 * steps, 1])
      #expect(passes(aggregation, kept, steps: steps) == [2 * steps, 2 * steps + 1])
      #expect(passes(aggregation, states, steps: steps) == [2 * steps, 2 * steps + 1])
    }
  }

  @Test(
    "Checkpoints take the steps between them twice, but for the last segment's: the check above can fail"
  )
  func checkpoints() {
    // Segments of three, three and one step; the state before each first one is kept.
    #expect(
      passes(
        GradientDescent<Float>(stepSize: 0.1), ReverseHypergradient(storage: .checkpoints), steps: 7
      ) == [2 * 7 + 2 * 2, 1])
  }

  @Test("A Neumann series multiplies by the features twice a term, in one pass")
  func neumann() {
    let estimator = ImplicitHypergradient<Float>(solver: NeumannSeries(terms: 5, stepSize: 0.1))
    let fourMore = ImplicitHypergradient<Float>(solver: NeumannSeries(terms: 9, stepSize: 0.1))
    let descent = GradientDescent<Float>(stepSize: 0.1)
    let (few, more) = (
      passes(descent, estimator, steps: 3)[0], passes(descent, fourMore, steps: 3)[0]
    )
    #expect(more - few == 4)
  }
}
