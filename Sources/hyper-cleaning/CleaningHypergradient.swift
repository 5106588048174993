import ArgumentParser
import Bilevel
import Datasets
import Experiments
import LabelCleaning
import Networks
import Results
import Tensors

/// The subcommand `hypergradient` of hyper-cleaning: softmax regression or a network, with sample
/// weights.
struct CleaningHypergradient: HypergradientOptions {
  typealias E = Cleaning

  static let abstract = "Evaluate one hypergradient at the point that an HDF5 file gives."
  static let discussion = """
    f(x, y) = mean over i of sigmoid(x_i) CE_i(y); F(y) = mean validation cross-entropy, both of \
    softmax regression, or of a network where the file holds y0/weights1.

    Input:  train/features [n, d], train/labels [n], validation/features [m, d], \
    validation/labels [m], x [n], y0/weights [d, c], y0/bias [c]; any integer or floating type. Of a \
    network: y0/weights1 [d, h], y0/bias1 [h], y0/weights2 [h, c], ...
    Output: hypergradient [n], upperValue, lowerValue, y/weights [d, c], y/bias [c] (y/weights1, ...)
    """

  @Option(help: "Widths that the file's layers must have, such as 784-300-10.")
  var network: String?

  @Option(help: "Activation of hidden layers: relu, tanh, sigmoid or identity.")
  var activation = "relu"

  private static let activations: [String: Activation] = [
    "relu": .rectifier, "tanh": .hyperbolicTangent, "sigmoid": .sigmoid, "identity": .identity,
  ]

  func validate() throws {
    guard Self.activations[activation] != nil else {
      throw ValidationError(
        "The option --activation wants relu, tanh, sigmoid or identity but was given "
          + "\"\(activation)\".")
    }
    guard let network else { return }
    let parts = network.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (2...64).contains(parts.count), parts.allSatisfy({ (1...1_000_000).contains($0) }) else {
      throw ValidationError(
        "The option --network wants widths from 1 to 1000000 with hyphens between them, such as "
          + "784-300-10, but was given \"\(network)\".")
    }
  }

  var defaults: RunSettings<CleaningSettings> { RunSettings(CleaningSettings()) }

  func request<Scalar: TensorScalar & HDF5Element>(
    inputs: String, method: Method, _ settings: RunSettings<CleaningSettings>,
    as type: Scalar.Type
  ) throws -> HypergradientRequest<Scalar> {
    let point = try WeightedClassificationPoint<Scalar>(
      readingFrom: inputs, widths: network?.split(separator: "-").compactMap { Int($0) },
      activation: Self.activations[activation] ?? .identity)
    return try HypergradientRequest(
      point.problem, at: point.x, lowerNames: point.lowerNames, method: method, settings.method)
  }
}
