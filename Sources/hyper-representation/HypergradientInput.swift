import Bilevel
import Datasets
import Experiments
import Tensors

/// The linear problem and the point (H, w_0) that an input file gives, checked.
struct HypergradientInput<Scalar: TensorScalar & HDF5Element> {
  /// Inputs `[n, p]` and targets `[n, 1]`.
  struct Samples {
    let inputs: Tensor<Scalar>
    let targets: Tensor<Scalar>
  }

  let train: Samples
  let validation: Samples
  /// H `[p, d]`.
  let representation: Tensor<Scalar>
  /// w_0 `[d, 1]`.
  let head: Tensor<Scalar>

  /// The contents of the file; see the command's help for the schema.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  init(readingFrom path: String) throws {
    let file = try HDF5File.open(path)
    representation = try Self.tensor(file, "H", rank: 2)
    let start = try Self.tensor(file, "w0", rank: 1)
    try Self.require(
      start, "w0", [representation.shape[1]], file, "one per column of H")
    head = start.reshaped([start.count, 1])
    train = try Self.samples(file, "train", inputs: representation.shape[0])
    validation = try Self.samples(file, "validation", inputs: representation.shape[0])
  }

  /// The bi-level problem with the given ridge.
  func problem(ridge: Scalar) -> LinearRepresentationProblem<Scalar> {
    LinearRepresentationProblem(
      train: (train.inputs, train.targets), validation: (validation.inputs, validation.targets),
      representation: representation, head: head, ridge: ridge)
  }

  private static func samples(
    _ file: HDF5File, _ group: String, inputs: Int
  ) throws -> Samples {
    let matrix = try tensor(file, "\(group)/inputs", rank: 2)
    try require(
      matrix, "\(group)/inputs", [matrix.shape[0], inputs], file, "one column per row of H")
    let targets = try tensor(file, "\(group)/targets", rank: 1)
    try require(
      targets, "\(group)/targets", [matrix.shape[0]], file, "one per row of \(group)/inputs")
    return Samples(inputs: matrix, targets: targets.reshaped([targets.count, 1]))
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

extension HypergradientInput where Scalar == Double {
  /// The closed form at H.
  func solution(ridge: Double) -> RidgeSolution { problem(ridge: ridge).solution }
}
