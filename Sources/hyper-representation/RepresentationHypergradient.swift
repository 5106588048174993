import ArgumentParser
import Bilevel
import Datasets
import Experiments
import RepresentationLearning
import Results
import Tensors

/// The subcommand `hypergradient` of hyper-representation: the linear problem with a ridge head.
struct RepresentationHypergradient: HypergradientOptions {
  typealias E = Representation

  static let abstract =
    "Evaluate one hypergradient of the linear problem at the point that a file gives."
  static let discussion = """
    f(H, w) = |X H w - t|^2 / (2n) + ridge/2 |w|^2 on the training samples, \
    F(H, w) = |X H w - t|^2 / (2m) on the validation samples.

    Input:  train/inputs [n, p], train/targets [n], validation/inputs [m, p], \
    validation/targets [m], H [p, d], w0 [d]; any integer or floating type.
    Output: hypergradient [p, d], upperValue, lowerValue, w [d]; with a positive ridge also the \
    closed form in double precision: exact/hypergradient [p, d], exact/upperValue, exact/w [d], or, \
    where the ridge is too small for features that are not independent, the attribute exactStatus \
    "singular" in their place
    """

  @Option(
    parsing: .unconditional, help: "The coefficient of |w|^2 / 2 in f; 0 for none (head.ridge).")
  var ridge: Double?

  static let readKeys = ["head.ridge"]

  var defaults: RunSettings<RepresentationSettings> {
    var settings = RunSettings(RepresentationSettings())
    settings.head.ridge = 0.1
    return settings
  }

  var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    result.add("--ridge", "head.ridge", ridge)
    return result
  }

  func attributes(_ settings: RunSettings<RepresentationSettings>) -> [(String, HDF5Attribute)] {
    [("ridge", .real(settings.head.ridge))]
  }

  func request<Scalar: TensorScalar & HDF5Element>(
    inputs: String, method: Method, _ settings: RunSettings<RepresentationSettings>,
    as type: Scalar.Type
  ) throws -> HypergradientRequest<Scalar> {
    try method.requireOwnUpper(settings.method)
    let ridge = settings.head.ridge
    let problem: LinearRepresentationProblem<Scalar> = try Self.problem(inputs, ridge: ridge)
    let prepared = try problem.factored.prepare(method, settings.method)
    return HypergradientRequest(
      evaluate: {
        prepared.estimator.estimate(
          prepared.problem, dynamics: prepared.loopDynamics, upper: prepared.start,
          innerSteps: settings.inner.steps)
      },
      write: { estimate, writer in
        let lowerValue = prepared.problem.lower.value(
          upper: prepared.start, lower: estimate.lower)
        try writer.write(estimate.hypergradient.tensors[0], to: "hypergradient")
        try writer.write(
          estimate.lower.tensors[0].reshaped([estimate.lower.count]), to: "w")
        try writer.write(scalar: estimate.upperValue, to: "upperValue")
        try writer.write(scalar: lowerValue, to: "lowerValue")
        if ridge > 0 {
          // From the file in double precision, whatever the run's: both precisions are compared
          // with it.
          let exact: LinearRepresentationProblem<Double> = try Self.problem(inputs, ridge: ridge)
          let solution = exact.solution
          try writer.setAttribute(
            "exactStatus", .string(solution.isFinite ? "finite" : "singular"))
          if solution.isFinite {
            try writer.write(solution.hypergradient.tensors[0], to: "exact/hypergradient")
            try writer.write(Tensor(solution.head.flattened()), to: "exact/w")
            try writer.write(scalar: solution.upperValue, to: "exact/upperValue")
          }
        }
        return lowerValue.isFinite
      })
  }

  /// The linear problem at the point (H, w_0) that a file gives, checked.
  private static func problem<Scalar: TensorScalar & HDF5Element>(
    _ path: String, ridge: Double
  ) throws -> LinearRepresentationProblem<Scalar> {
    let file = try ArrayFile(path)
    let representation: Tensor<Scalar> = try file.tensor("H", ranks: [2])
    let head: Tensor<Scalar> = try file.tensor(
      "w0", shape: [representation.shape[1]], "one per column of H")
    func samples(_ group: String) throws -> (inputs: Tensor<Scalar>, targets: Tensor<Scalar>) {
      let inputs: Tensor<Scalar> = try file.tensor(
        "\(group)/inputs", shape: [-1, representation.shape[0]], "one column per row of H")
      let targets: Tensor<Scalar> = try file.tensor(
        "\(group)/targets", shape: [inputs.shape[0]], "one per row of \(group)/inputs")
      return (inputs, targets.reshaped([targets.count, 1]))
    }
    return LinearRepresentationProblem(
      train: try samples("train"), validation: try samples("validation"),
      representation: representation, head: head.reshaped([head.count, 1]), ridge: Scalar(ridge))
  }
}
