import Bilevel
import Experiments
import Networks
import Tensors

/// The bi-level problem of hyper-cleaning, and what is needed to evaluate its solutions:
///
///     F(y) = mean validation cross-entropy,
///     f(x, y) = 1/n sum_i w(x_i) CE(network_y(a_i), label_i),  x in R^n.
///
/// Softmax regression and networks with hidden layers take closed forms.
package struct CleaningProblem<Scalar: TensorScalar>: Sendable {
  /// F, f, y_0 and the set that x lies in.
  package let bilevel: BilevelProblem<Scalar>
  /// x_0.
  package let start: Parameters<Scalar>
  /// y_0 for outer iteration n, where it is drawn afresh each time.
  package let redraw: (@Sendable (Int) -> Parameters<Scalar>)?
  /// The training samples as the network sees them.
  package let train: ClassifierSamples<Scalar>
  /// The validation samples as the network sees them.
  package let validation: ClassifierSamples<Scalar>
  /// The test samples as the network sees them.
  package let test: ClassifierSamples<Scalar>
  /// The validation images that schedules and early stopping are chosen by; nil of one image alone.
  package let heldOut: HeldOutSamples<Scalar>?

  /// One part of the data, with an objective whose weights follow from x.
  private struct Classifier {
    let objective: any Objective<Scalar>
    let samples: ClassifierSamples<Scalar>
  }

  /// The problem of samples; a seed draws y_0 and which validation images are held out.
  package init(_ settings: CleaningSettings, data: CleaningData<Scalar>, seed: UInt64) {
    let features = data.train.features.shape[1]
    let network = FullyConnectedNetwork(
      widths: [features] + settings.network.hidden + [data.classCount],
      activation: settings.network.activation)
    let isLinear = settings.network.hidden.isEmpty
    let weighting = settings.weights.weighting

    let initialization = settings.network.initialization
    let draw: @Sendable (Int) -> Parameters<Scalar> = { iteration in
      switch initialization {
      case .zero: return Parameters(network.parameterShapes.map { .zeros($0) })
      case .glorot:
        var stream = RandomStream(seed: seed, purpose: "initial lower variable")
          .split("outer iteration", iteration)
        return Parameters(network.glorotParameters(using: &stream))
      }
    }
    let initial = draw(0)

    func classifier(
      _ samples: CleaningData<Scalar>.Samples, _ weighting: SampleWeighting
    ) -> Classifier {
      if isLinear {
        let prepared = SoftmaxRegressionSamples(
          features: samples.features, labels: samples.labels, classCount: data.classCount)
        return Classifier(
          objective: SoftmaxRegressionObjective(samples: prepared, weighting: weighting),
          samples: ClassifierSamples(
            labels: samples.labels, classCount: data.classCount, initial: initial,
            objective: SoftmaxRegressionObjective(samples: prepared, weighting: .identity),
            logits: { prepared.logits($0) }))
      }
      let prepared = NetworkSamples(
        network: network, features: samples.features, labels: samples.labels)
      return Classifier(
        objective: NetworkClassificationObjective(samples: prepared, weighting: weighting),
        samples: ClassifierSamples(
          labels: samples.labels, classCount: data.classCount, initial: initial,
          objective: NetworkClassificationObjective(samples: prepared, weighting: .identity),
          logits: { network(.constant(samples.features), parameters: $0.constants).value }))
    }
    let train = classifier(data.train, weighting)
    let validation = classifier(data.validation, .uniform)
    var heldOutStream = RandomStream(seed: seed, purpose: "held-out")
    let heldOut = HeldOutSamples(
      validation.samples, fraction: settings.tuning.heldOut, using: &heldOutStream)
    var upper = validation.objective
    if settings.earlyStopping.patience != nil, let heldOut {
      let isHeldOut = Set(heldOut.positions)
      let others = data.validation.labels.indices.filter { !isHeldOut.contains($0) }
      upper = classifier(data.validation.rows(at: others), .uniform).objective
    }

    var set: any FeasibleSet<Scalar> = WholeSpace<Scalar>()
    if let total = settings.weights.largestSum {
      set = CappedSimplex(total: Scalar(total))
    } else if weighting == .identity {
      set = Box(lower: 0, upper: 1)
    }
    bilevel = BilevelProblem(
      upper: upper, lower: train.objective,
      initialLower: ConstantInitialLower(initial), upperFeasibleSet: set)
    start = Parameters(
      Tensor(repeating: Scalar(settings.weights.start), shape: [data.train.labels.count]))
    redraw = settings.network.redrawnEachIteration ? draw : nil
    test = classifier(data.test, .uniform).samples
    self.train = train.samples
    self.validation = validation.samples
    self.heldOut = heldOut
  }
}

extension CleaningSettings {
  /// Weights that are given and not learned: 1 for every sample, or for clean ones only.
  package mutating func useFixedWeights() {
    weights.weighting = .identity
    weights.largestSum = nil
  }
}
