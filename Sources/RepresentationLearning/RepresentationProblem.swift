import Bilevel
import Experiments
import Tensors

/// The bi-level problem of hyper-representation, and what is needed to evaluate its solutions:
///
///     F(x, y) = loss(Phi_x(validation) y),    f(x, y) = loss(Phi_x(training) y) + ridge/2 |y|^2.
///
/// Features have the training samples as their first component, the validation samples as their
/// second.
package struct RepresentationProblem<Scalar: TensorScalar>: Sendable {
  /// The problem as a map of x and a problem on its features.
  package let factored: FactoredProblem<Scalar>
  /// F on features.
  package let upper: LinearHeadObjective<Scalar>
  /// f on features, as estimators that differentiate f itself see it.
  package let lower: LinearHeadObjective<Scalar>
  /// f on features, as inner loops descend it.
  package let descended: LinearHeadObjective<Scalar>
  /// y_0 for draw 0, 1, ...
  package let initialHead: @Sendable (Int) -> Parameters<Scalar>
  private let extractor: FeatureExtractor

  /// The problem of samples; a seed draws x_0 and the initial heads.
  package init(_ settings: RepresentationSettings, data: RepresentationData<Scalar>, seed: UInt64) {
    let extractor = settings.featureExtractor(inputShape: data.inputShape)
    self.extractor = extractor
    let (train, validation) = (data.train.inputs, data.validation.inputs)
    let map = ExpressionFeatureMap<Scalar> { x in
      [train, validation].map { extractor.features(of: .constant($0), parameters: x) }
    }
    let head = settings.head
    let loss = head.loss
    upper = LinearHeadObjective(
      component: 1, targets: data.validation.targets, loss: loss,
      factor: Scalar(head.upperFactor))
    func training(_ factor: Double) -> LinearHeadObjective<Scalar> {
      LinearHeadObjective(
        component: 0, targets: data.train.targets, loss: loss, ridge: Scalar(head.ridge),
        factor: Scalar(factor))
    }
    lower = training(head.differentiatedFactor)
    descended = training(1)
    let shape = [extractor.featureCount, data.outputs]
    initialHead = { draw in
      var stream = RandomStream(seed: seed, purpose: "initial head").split("draw", draw)
      let values: Tensor<Double> = stream.normal(
        shape, standardDeviation: head.initialDeviation)
      return Parameters(values.converted())
    }
    var stream = RandomStream(seed: seed, purpose: "initial extractor")
    factored = FactoredProblem(
      map: map,
      headProblem: BilevelProblem(
        upper: upper, lower: lower,
        initialLower: ConstantInitialLower(initialHead(head.draw))),
      start: Parameters(extractor.initial(using: &stream)),
      descended: head.differentiatedFactor == 1 ? nil : descended)
  }

  /// Phi of other inputs, as a map of x.
  package func map(of inputs: Tensor<Scalar>) -> any FeatureMap<Scalar> {
    let extractor = extractor
    return ExpressionFeatureMap<Scalar> { x in
      [extractor.features(of: .constant(inputs), parameters: x)]
    }
  }

  /// Phi_x(inputs).
  package func features(of inputs: Tensor<Scalar>, upper x: Parameters<Scalar>) -> Tensor<Scalar> {
    extractor.features(of: .constant(inputs), parameters: x.constants).value
  }

  /// Phi_x(inputs) y, computed a thousand rows at a time: a test set needs no more memory than that.
  package func outputs(
    of inputs: Tensor<Scalar>, upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Tensor<Scalar> {
    let head = y.tensors[0]
    var outputs: [Scalar] = []
    extractor.forEachBlock(of: inputs, upper: x) { outputs += $0.multiplied(by: head).scalars }
    return Tensor(shape: [inputs.shape[0], head.shape[1]], scalars: outputs)
  }
}
