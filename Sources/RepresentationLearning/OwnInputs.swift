import Datasets
import Experiments
import Tensors

/// The samples of a file of one's own, as rows of numbers.
package struct OwnInputs<Scalar: TensorScalar & HDF5Element> {
  /// The path of the file.
  let path: String
  /// The samples, a row for each.
  package let inputs: Tensor<Scalar>
  /// Height, width and channels of a row.
  package let inputShape: [Int]
  /// Their labels, where the file has them.
  package let labels: [Int64]?
  /// What a person should know of how the file was read.
  package let notes: [String]

  /// Images for extractors of images, with their values divided by 255; else numbers as they are.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  package init(_ path: String, kind: DataKind) throws {
    self.path = path
    let arrays = try ArrayFile(path)
    let file = arrays.file
    guard kind == .images else {
      let inputs: Tensor<Scalar> = try arrays.tensor("inputs", ranks: [2])
      self.inputs = inputs
      inputShape = [1, inputs.shape[1], 1]
      labels = try Self.labels(file, count: inputs.shape[0])
      notes = []
      return
    }
    if file.contains("labels") {
      let set = try ImageDataset.load(path)
      inputs = set.features()
      inputShape = [set.height, set.width, set.channels]
      labels = set.labels().map { Int64($0) }
      notes = set.notes
      return
    }
    let images = try file.readIntegers("images", in: 0...255)
    guard [3, 4].contains(images.shape.count), images.shape.allSatisfy({ $0 > 0 }) else {
      throw DatasetError(
        .unexpectedContents,
        "'images' in the file \(path) has the shape \(images.shape), and [count, height, width] or "
          + "[count, height, width, channels] is needed: store the images so.")
    }
    inputShape = Array((images.shape + [1]).dropFirst().prefix(3))
    inputs = Tensor(
      shape: [images.shape[0], inputShape.reduce(1, *)],
      scalars: images.values.map { Scalar($0) / 255 })
    labels = nil
    notes = []
  }

  private static func labels(_ file: HDF5File, count: Int) throws -> [Int64]? {
    guard file.contains("labels") else { return nil }
    let labels = try file.readIntegers("labels")
    guard labels.shape == [count] else {
      throw DatasetError(
        .unexpectedContents,
        "'labels' in the file \(file.path) has the shape \(labels.shape), and there are \(count) "
          + "inputs: store one label for each.")
    }
    return labels.values
  }
}
