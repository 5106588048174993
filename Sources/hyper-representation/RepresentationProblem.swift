import Bilevel
import Experiments
import Tensors

/// The bi-level problem of hyper-representation, and what is needed to evaluate its solutions:
///
///     F(x, y) = loss(Phi_x(validation) y),    f(x, y) = loss(Phi_x(training) y) + ridge/2 |y|^2.
///
/// Features have the training samples as their first component, the validation samples as their
/// second.
struct RepresentationProblem<Scalar: TensorScalar>: Sendable {
  let factored: FactoredProblem<Scalar>
  /// F and f on features; `lower` is what hypergradients differentiate.
  let upper: LinearHeadObjective<Scalar>
  let lower: LinearHeadObjective<Scalar>
  /// y_0 for draw 0, 1, ...
  let initialHead: @Sendable (Int) -> Parameters<Scalar>
  /// Phi_x of any inputs.
  let features: @Sendable (Parameters<Scalar>, Tensor<Scalar>) -> Tensor<Scalar>

  init(_ settings: RepresentationSettings, data: RepresentationData<Scalar>, seed: UInt64) {
    let layout = ExtractorLayout(settings, inputs: data.train.inputs.shape[1])
    let (train, validation) = (data.train.inputs, data.validation.inputs)
    let map = ExpressionFeatureMap<Scalar> { x in
      [layout.features(.constant(train), x), layout.features(.constant(validation), x)]
    }
    features = { x, inputs in layout.features(.constant(inputs), x.constants).value }
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
    let shape = [settings.extractor.widths.last ?? 1, data.outputs]
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
      start: Parameters(layout.initial(using: &stream)),
      descended: head.differentiatedFactor == 1 ? nil : training(1))
  }
}
