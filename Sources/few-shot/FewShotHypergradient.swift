import ArgumentParser
import Bilevel
import Datasets
import Experiments
import FewShotLearning
import Networks
import Results
import Tensors

/// The subcommand `hypergradient` of few-shot: the mean over the tasks of a meta-batch.
struct FewShotHypergradient: HypergradientOptions {
  typealias E = FewShot

  static let abstract = "Evaluate one mean hypergradient at the point that an HDF5 file gives."
  static let discussion = """
    Per task: f = mean cross-entropy on the support images, F = that on the query images. \
    Representation methods start a zero head for every task; initialisation methods need the head \
    in the file.

    Input:  x/conv0 ... [filters, channels, 3, 3], x/gamma0 ... (may be absent), x/beta0 ... \
    [filters]; for initialisation methods x/head/weights [features, ways] and x/head/bias [ways]; \
    support/images and query/images [tasks, n, height, width] or [tasks, n, channels, height, \
    width]; support/labels and query/labels [tasks, n]. Features are listed as [row, column, \
    filter] of the last block; a head with one row per filter takes their mean over pixels.
    Output: upperValue (the mean over tasks), hypergradient/<name> in the shapes of x/<name>, and \
    for Meta-SGD hypergradient/rate...
    """

  @Option(
    parsing: .unconditional,
    help: "lambda, the weight of imaml's proximal term (implicit.proximity).")
  var proximity: Double?

  @Option(help: "How a block halves its images: stride or max-pool.")
  var halving = ConvolutionalNetwork.Halving.stride.rawValue

  @Option(
    help: "Zeros around images: one (on every side, PyTorch's) or same (TensorFlow's).")
  var padding = ConvolutionalNetwork.Padding.one.rawValue

  @Option(
    parsing: .unconditional, help: "Added to the variance in the normalisation (network.epsilon).")
  var epsilon: Double?

  static let readKeys = [
    "implicit.proximity", "network.halving", "network.padding", "network.epsilon",
    "head.learnsRate",
  ]

  var defaults: RunSettings<FewShotSettings> { FewShotSettings.usual }

  var overrides: [SettingOverride] {
    var result: [SettingOverride] = []
    result.add("--proximity", "implicit.proximity", proximity)
    result.add("--halving", "network.halving", halving)
    result.add("--padding", "network.padding", padding)
    result.add("--epsilon", "network.epsilon", epsilon)
    return result
  }

  func attributes(_ settings: RunSettings<FewShotSettings>) -> [(String, HDF5Attribute)] {
    [
      ("proximity", .real(settings.implicit.proximity)),
      ("halving", .string(settings.network.halving.rawValue)),
      ("padding", .string(settings.network.padding.rawValue)),
      ("epsilon", .real(settings.network.epsilon)),
    ]
  }

  func request<Scalar: TensorScalar & HDF5Element>(
    inputs: String, method: Method, _ settings: RunSettings<FewShotSettings>,
    as type: Scalar.Type
  ) throws -> HypergradientRequest<Scalar> {
    let point = try HypergradientInput<Scalar>(
      readingFrom: inputs, halving: settings.network.halving, padding: settings.network.padding,
      epsilon: settings.network.epsilon)
    guard point.hasHead || !method.adaptsInitialization else {
      throw DatasetError(
        .malformed,
        "The file \(inputs) has no x/head/weights and x/head/bias, which the method \(method.name) "
          + "starts from: add them.")
    }
    let learner = try FewShotLearner.learner(
      method, settings.own, settings.method, network: point.network, ways: point.ways, as: type)
    var x = point.x
    if !method.adaptsInitialization, point.hasHead { x.tensors.removeLast(2) }
    if let initialisation = learner as? InitialisationLearner<Scalar> {
      x = initialisation.appendingRates(x)
    }
    if let representation = learner as? RepresentationLearner<Scalar>, representation.learnsRate {
      x.tensors.append(Tensor(representation.testStepSize))
    }
    return HypergradientRequest(
      evaluate: { learner.estimate(upper: x, episodes: point.episodes, outerIteration: 0) },
      write: { estimate, writer in
        for (name, tensor) in zip(learner.parameterNames, estimate.hypergradient.tensors) {
          try writer.write(
            tensor.rank == 4 ? tensor.channelsFirstFilters() : tensor, to: "hypergradient/\(name)")
        }
        try writer.write(scalar: estimate.upperValue, to: "upperValue")
        return true
      })
  }
}
