import Bilevel
import Datasets
import Experiments
import Tensors

/// The problem and the point (x, y_0) that an input file gives, checked.
struct HypergradientInput<Scalar: TensorScalar & HDF5Element> {
  let problem: BilevelProblem<Scalar>
  let x: Parameters<Scalar>

  /// The contents of the file; see the command's help for the schema.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  init(readingFrom path: String) throws {
    let file = try HDF5File.open(path)
    let weights = try Self.tensor(file, "y0/weights", rank: 2)
    let classes = weights.shape[1]
    let bias = try Self.tensor(file, "y0/bias", rank: 1)
    try Self.require(bias, "y0/bias", [classes], file, "one per column of y0/weights")
    let train = try Self.samples(file, "train", features: weights.shape[0], classes: classes)
    let validation = try Self.samples(
      file, "validation", features: weights.shape[0], classes: classes)
    let x = try Self.tensor(file, "x", rank: 1)
    try Self.require(x, "x", [train.count], file, "one per training sample")
    self.x = Parameters(x)
    problem = BilevelProblem(
      upper: SoftmaxRegressionObjective(samples: validation, weighting: .uniform),
      lower: SoftmaxRegressionObjective(samples: train, weighting: .sigmoid),
      initialLower: ConstantInitialLower(Parameters([weights, bias])))
  }

  private static func samples(
    _ file: HDF5File, _ group: String, features: Int, classes: Int
  ) throws -> SoftmaxRegressionSamples<Scalar> {
    let matrix = try tensor(file, "\(group)/features", rank: 2)
    try require(
      matrix, "\(group)/features", [matrix.shape[0], features], file,
      "one column per row of y0/weights")
    let labels = try file.readIntegers("\(group)/labels", in: 0...(classes - 1))
    guard labels.shape == [matrix.shape[0]] else {
      throw DatasetError(
        .malformed,
        "The array \(group)/labels of \(file.path) has shape \(labels.shape) but must have shape "
          + "[\(matrix.shape[0])]: one label per row of \(group)/features.")
    }
    return SoftmaxRegressionSamples(
      features: matrix, labels: labels.values.map { Int($0) }, classCount: classes)
  }

  private static func tensor(
    _ file: HDF5File, _ name: String, rank: Int
  ) throws -> Tensor<Scalar> {
    let array = try file.read(name, as: Scalar.self)
    guard array.shape.count == rank, array.shape.allSatisfy({ $0 > 0 }) else {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) has shape \(array.shape) but must have \(rank) "
          + "\(rank == 1 ? "dimension" : "dimensions"), none of them empty.")
    }
    if let position = array.values.firstIndex(where: { !$0.isFinite }) {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) holds \(array.values[position]) at position "
          + "\(position): replace what is not a finite number of type \(Scalar.name).")
    }
    return Tensor(shape: array.shape, scalars: array.values)
  }

  private static func require(
    _ tensor: Tensor<Scalar>, _ name: String, _ shape: [Int], _ file: HDF5File, _ why: String
  ) throws {
    guard tensor.shape == shape else {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) has shape \(tensor.shape) but must have shape "
          + "\(shape): \(why).")
    }
  }
}
