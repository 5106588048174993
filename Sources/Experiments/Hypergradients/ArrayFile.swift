import Bilevel
import Datasets
import Tensors

/// The arrays of an input file, each checked as it is read.
package struct ArrayFile {
  /// The file.
  package let file: HDF5File

  /// Opens a file.
  package init(_ path: String) throws { file = try HDF5File.open(path) }

  /// An array of one of the given numbers of dimensions, none of them empty, all of it finite.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  package func tensor<Scalar: TensorScalar & HDF5Element>(
    _ name: String, ranks: [Int], as type: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    let array = try file.read(name, as: Scalar.self)
    guard ranks.contains(array.shape.count), array.shape.allSatisfy({ $0 > 0 }) else {
      let wanted = ranks.map { "\($0)" }.joined(separator: " or ")
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) has shape \(array.shape) but must have \(wanted) "
          + "\(ranks == [1] ? "dimension" : "dimensions"), none of them empty.")
    }
    let tensor = Tensor(shape: array.shape, scalars: array.values)
    if !tensor.isFinite, let position = array.values.firstIndex(where: { !$0.isFinite }) {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) holds \(array.values[position]) at position "
          + "\(position): replace what is not a finite number of type \(Scalar.name).")
    }
    return tensor
  }

  /// An array of exactly the given shape; `why` says where the shape comes from. An extent of -1 is
  /// free.
  package func tensor<Scalar: TensorScalar & HDF5Element>(
    _ name: String, shape: [Int], _ why: String, as type: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    let tensor: Tensor<Scalar> = try tensor(name, ranks: [shape.count])
    let wanted = zip(shape, tensor.shape).map { $0 < 0 ? $1 : $0 }
    try require(tensor.shape, name, wanted, why)
    return tensor
  }

  /// Integer labels of a shape, within a range.
  package func labels(
    _ name: String, in range: ClosedRange<Int>, shape: [Int], _ why: String
  ) throws -> [Int] {
    let labels = try file.readIntegers(
      name, in: range)
    try require(labels.shape, name, shape, why)
    return labels.values.map { Int($0) }
  }

  /// Labels of images `[tasks, n, ...]`, from 0 to 999, one row per task.
  package func labelRows(_ name: String, like images: [Int]) throws -> [[Int]] {
    let (tasks, count) = (images[0], images[1])
    let all = try labels(name, in: 0...999, shape: [tasks, count], "one label per image")
    return (0..<tasks).map { Array(all[$0 * count..<($0 + 1) * count]) }
  }

  /// Throws where an array has another shape than it must.
  package func require(
    _ shape: [Int], _ name: String, _ wanted: [Int], _ why: String
  ) throws {
    guard shape == wanted else {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(file.path) has shape \(shape) but must have shape \(wanted): "
          + "\(why).")
    }
  }
}

extension HDF5Writer {
  /// Writes a tensor in its shape; one without dimensions as a scalar.
  package func write<Scalar: TensorScalar & HDF5Element>(
    _ tensor: Tensor<Scalar>, to name: String
  ) throws {
    if tensor.shape.isEmpty {
      try write(scalar: tensor.scalar, to: name)
    } else {
      try write(HDF5Array(shape: tensor.shape, values: tensor.scalars), to: name)
    }
  }
}
