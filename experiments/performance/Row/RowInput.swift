import Bilevel
import Datasets
import Experiments
import Networks

/// The problem and the point (x, y_0) that an input file gives.
struct RowInput<Scalar: TensorScalar & HDF5Element> {
  let problem: BilevelProblem<Scalar>
  let x: Parameters<Scalar>

  /// The contents of the file; see the command's help for the schema.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  init(
    _ row: PerformanceRow.Row, readingFrom path: String, activation: Activation
  ) throws {
    let file = try HDF5File.open(path)
    x = Parameters(try Self.tensor(file, "x", rank: 1))
    switch row {
    case .counterExample:
      let start = Parameters([
        try Self.tensor(file, "y0/y1", rank: 1), try Self.tensor(file, "y0/y2", rank: 1),
      ])
      guard start.shapes == [x.shapes[0], x.shapes[0]] else {
        throw DatasetError(
          .malformed,
          "The arrays x, y0/y1 and y0/y2 of \(path) have shapes \(x.shapes + start.shapes) but must "
            + "have the same one.")
      }
      problem = BilevelProblem(
        upper: CounterExampleUpperObjective(), lower: CounterExampleLowerObjective(),
        initialLower: ConstantInitialLower(start))
    case .network:
      var parameters: [Tensor<Scalar>] = []
      while (try? file.read("y0/weights\(parameters.count / 2 + 1)", as: Scalar.self)) != nil {
        let layer = parameters.count / 2 + 1
        parameters.append(try Self.tensor(file, "y0/weights\(layer)", rank: 2))
        parameters.append(try Self.tensor(file, "y0/bias\(layer)", rank: 1))
      }
      let weights = stride(from: 0, to: parameters.count, by: 2).map { parameters[$0].shape }
      let widths = weights.prefix(1).map { $0[0] } + weights.map { $0[1] }
      guard widths.count >= 2 else {
        throw DatasetError(.malformed, "The file \(path) has no array y0/weights1: add the layers.")
      }
      let network = FullyConnectedNetwork(widths: widths, activation: activation)
      guard parameters.map(\.shape) == network.parameterShapes else {
        throw DatasetError(
          .malformed,
          "The layers in \(path) have shapes \(parameters.map(\.shape)) but a network of widths "
            + "\(widths) has \(network.parameterShapes).")
      }
      let classes = widths[widths.count - 1]
      func objective(
        _ group: String, _ weighting: SampleWeighting
      ) throws -> any Objective<Scalar> {
        let features = try Self.tensor(file, "\(group)/features", rank: 2)
        let labels = try file.readIntegers("\(group)/labels", in: 0...(classes - 1))
        guard features.shape[1] == widths[0], labels.shape == [features.shape[0]] else {
          throw DatasetError(
            .malformed,
            "The arrays \(group)/features and \(group)/labels of \(path) have shapes "
              + "\(features.shape) and \(labels.shape) but must have [n, \(widths[0])] and [n].")
        }
        return networkClassificationObjective(
          network: network, features: features, labels: labels.values.map { Int($0) },
          weighting: weighting)
      }
      problem = BilevelProblem(
        upper: try objective("validation", .uniform), lower: try objective("train", .sigmoid),
        initialLower: ConstantInitialLower(Parameters(parameters)))
    }
  }

  private static func tensor(
    _ file: HDF5File, _ name: String, rank: Int
  ) throws -> Tensor<Scalar> {
    let array = try file.read(name, as: Scalar.self)
    guard array.shape.count == rank, array.shape.allSatisfy({ $0 > 0 }) else {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) has shape \(array.shape) but must have \(rank) "
          + "dimensions, none of them empty.")
    }
    return Tensor(shape: array.shape, scalars: array.values)
  }
}
