import Bilevel
import Datasets
import Networks
import Tensors

/// The problem of weighted classification at a point that a file gives:
///
///     f(x, y) = mean over i of sigmoid(x_i) CE_i(y),    F(y) = mean validation cross-entropy,
///
/// of softmax regression (`y0/weights`, `y0/bias`), or of a network with hidden layers
/// (`y0/weights1`, `y0/bias1`, `y0/weights2`, ...).
package struct WeightedClassificationPoint<Scalar: TensorScalar & HDF5Element> {
  /// The problem, started at y_0.
  package let problem: BilevelProblem<Scalar>
  /// x.
  package let x: Parameters<Scalar>
  /// The names of y's components.
  package let lowerNames: [String]

  /// The contents of a file, checked.
  ///
  /// - Parameters:
  ///   - widths: the widths of the network that the file must hold, inputs and classes included; nil
  ///     for those that it holds.
  ///   - activation: of the hidden layers.
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  package init(readingFrom path: String, widths: [Int]?, activation: Activation) throws {
    let file = try ArrayFile(path)
    let isNetwork = try file.file.contains("y0/weights1")
    var layers: [Tensor<Scalar>] = []
    var names: [String] = []
    for layer in 1...(widths.map { max(1, $0.count - 1) } ?? 64) {
      let suffix = isNetwork ? "\(layer)" : ""
      if layer > 1 {
        guard isNetwork, try file.file.contains("y0/weights\(layer)") else { break }
      }
      let weights: Tensor<Scalar> =
        layer == 1
        ? try file.tensor("y0/weights\(suffix)", ranks: [2])
        : try file.tensor(
          "y0/weights\(suffix)", shape: [layers[layers.count - 1].count, -1],
          "one row per column of y0/weights\(layer - 1)")
      let bias: Tensor<Scalar> = try file.tensor(
        "y0/bias\(suffix)", shape: [weights.shape[1]], "one per column of y0/weights\(suffix)")
      layers += [weights, bias]
      names += ["weights\(suffix)", "bias\(suffix)"]
    }
    lowerNames = names
    // What no layer takes would be left out without a word.
    let others = (layers.count / 2 + 1)...max(layers.count / 2 + 1, 64)
    let left =
      try (isNetwork ? ["weights", "bias"] : ["bias1"]).first { try file.file.contains("y0/\($0)") }
      ?? others.lazy.flatMap { ["weights\($0)", "bias\($0)"] }
      .first { try file.file.contains("y0/\($0)") }
    if let left {
      throw DatasetError(
        .malformed,
        "The array y0/\(left) of \(path) belongs to no layer: layers are y0/weights1, y0/bias1, "
          + "y0/weights2 and so on without a gap, or y0/weights and y0/bias alone.")
    }
    let found =
      [layers[0].shape[0]] + stride(from: 1, to: layers.count, by: 2).map { layers[$0].count }
    if let widths, widths != found {
      throw DatasetError(
        .malformed,
        "The layers of \(path) have the widths \(found.map(String.init).joined(separator: "-")) but "
          + "\(widths.map(String.init).joined(separator: "-")) was asked for: correct one of them.")
    }
    let classes = found[found.count - 1]
    func objective(
      _ group: String, _ weighting: SampleWeighting
    ) throws -> (objective: any Objective<Scalar>, count: Int) {
      let features: Tensor<Scalar> = try file.tensor(
        "\(group)/features", shape: [-1, found[0]], "one column per row of y0/\(names[0])")
      let labels = try file.labels(
        "\(group)/labels", in: 0...(classes - 1), shape: [features.shape[0]],
        "one label per row of \(group)/features")
      if found.count == 2 {
        let samples = SoftmaxRegressionSamples(
          features: features, labels: labels, classCount: classes)
        return (SoftmaxRegressionObjective(samples: samples, weighting: weighting), labels.count)
      }
      let network = FullyConnectedNetwork(widths: found, activation: activation)
      return (
        networkClassificationObjective(
          network: network, features: features, labels: labels, weighting: weighting),
        labels.count
      )
    }
    let (lower, count) = try objective("train", .sigmoid)
    let upper = try objective("validation", .uniform).objective
    x = Parameters(
      try file.tensor("x", shape: [count], "one per training sample") as Tensor<Scalar>)
    problem = BilevelProblem(
      upper: upper, lower: lower, initialLower: ConstantInitialLower(Parameters(layers)))
  }
}
