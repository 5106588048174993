import ArgumentParser
import Bilevel
import Datasets
import Experiments
import Results
import Tensors

/// The subcommand `hypergradient` of hyper-cleaning: softmax regression with sample weights.
struct CleaningHypergradient: HypergradientOptions {
  typealias E = Cleaning

  static let abstract = "Evaluate one hypergradient at the point that an HDF5 file gives."
  static let discussion = """
    f(x, y) = mean over i of sigmoid(x_i) CE_i(y); F(y) = mean validation cross-entropy, both of \
    softmax regression.

    Input:  train/features [n, d], train/labels [n], validation/features [m, d], \
    validation/labels [m], x [n], y0/weights [d, c], y0/bias [c]; any integer or floating type.
    Output: hypergradient [n], upperValue, lowerValue, y/weights [d, c], y/bias [c]
    """

  var defaults: RunSettings<CleaningSettings> { RunSettings(CleaningSettings()) }

  func request<Scalar: TensorScalar & HDF5Element>(
    inputs: String, method: Method, _ settings: RunSettings<CleaningSettings>,
    as type: Scalar.Type
  ) throws -> HypergradientRequest<Scalar> {
    try method.requireOwnUpper(settings.method)
    let dynamics = try method.innerDynamics(settings.method, as: type)
    let estimator = try method.hypergradientEstimator(settings.method, as: type)
    let (problem, x): (BilevelProblem<Scalar>, Parameters<Scalar>) = try Self.point(inputs)
    return HypergradientRequest(
      evaluate: {
        estimator.estimate(
          problem, dynamics: dynamics, upper: x, innerSteps: settings.inner.steps)
      },
      write: { estimate, writer in
        let lowerValue = problem.lower.value(upper: x, lower: estimate.lower)
        try writer.write(estimate.hypergradient.tensors[0], to: "hypergradient")
        try writer.write(estimate.lower.tensors[0], to: "y/weights")
        try writer.write(estimate.lower.tensors[1], to: "y/bias")
        try writer.write(scalar: estimate.upperValue, to: "upperValue")
        try writer.write(scalar: lowerValue, to: "lowerValue")
        return lowerValue.isFinite
      })
  }

  /// The bi-level problem and the point x that a file gives, checked.
  private static func point<Scalar: TensorScalar & HDF5Element>(
    _ path: String
  ) throws -> (BilevelProblem<Scalar>, Parameters<Scalar>) {
    let file = try ArrayFile(path)
    let weights: Tensor<Scalar> = try file.tensor("y0/weights", ranks: [2])
    let (features, classes) = (weights.shape[0], weights.shape[1])
    let bias: Tensor<Scalar> = try file.tensor(
      "y0/bias", shape: [classes], "one per column of y0/weights")
    func samples(_ group: String) throws -> SoftmaxRegressionSamples<Scalar> {
      let matrix: Tensor<Scalar> = try file.tensor(
        "\(group)/features", shape: [-1, features], "one column per row of y0/weights")
      let labels = try file.labels(
        "\(group)/labels", in: 0...(classes - 1), shape: [matrix.shape[0]],
        "one label per row of \(group)/features")
      return SoftmaxRegressionSamples(features: matrix, labels: labels, classCount: classes)
    }
    let (train, validation) = (try samples("train"), try samples("validation"))
    let x: Tensor<Scalar> = try file.tensor("x", shape: [train.count], "one per training sample")
    let problem = BilevelProblem(
      upper: SoftmaxRegressionObjective(samples: validation, weighting: .uniform),
      lower: SoftmaxRegressionObjective(samples: train, weighting: .sigmoid),
      initialLower: ConstantInitialLower(Parameters([weights, bias])))
    return (problem, Parameters(x))
  }
}
