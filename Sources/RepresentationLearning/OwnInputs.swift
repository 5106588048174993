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
    // Labels are handed on as they are; a recorded digest covers those that it was made with.
    let hasDigest = try file.string("contentDigest") != nil
    let set = try ImageDataset.load(path, isLabelled: hasDigest && file.contains("labels"))
    inputs = set.features()
    inputShape = [set.height, set.width, set.channels]
    labels = try Self.labels(file, count: inputs.shape[0])
    notes = set.notes
  }

  /// The size of a row in words.
  func size(_ kind: DataKind) -> String {
    switch kind {
    case .images: "\(inputShape) (height, width, channels)"
    case .linear: inputShape[1] == 1 ? "1 column" : "\(inputShape[1]) columns"
    }
  }

  private static func labels(_ file: HDF5File, count: Int) throws -> [Int64]? {
    guard try file.contains("labels") else { return nil }
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
