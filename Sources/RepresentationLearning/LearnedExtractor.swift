import Bilevel
import Datasets
import Experiments
import Tensors

/// The extractor that a run has learned, with the head that the run ended with.
package struct LearnedExtractor<Scalar: TensorScalar & HDF5Element>: Sendable {
  private let extractor: FeatureExtractor
  private let x: Parameters<Scalar>
  private let head: Tensor<Scalar>?

  /// The extractor of a file under the settings of its run, for data of one's own.
  ///
  /// - Throws: `DatasetError` where the file is damaged, or was learned on inputs of another size.
  package init(
    _ file: LearnedFile, _ settings: RepresentationSettings, for data: OwnInputs<Scalar>
  ) throws {
    extractor = settings.featureExtractor(inputShape: data.inputShape)
    let run: LearnedRun<Scalar> = try file.contents()
    var stream = RandomStream(seed: 0, purpose: "shapes")
    let drawn: [Tensor<Scalar>] = extractor.initial(using: &stream)
    let shapes = drawn.map(\.shape)
    // A method may have appended components of its own to x.
    x = Parameters(Array((run.point("x")?.tensors ?? []).prefix(shapes.count)))
    guard x.isFinite else {
      throw DatasetError(
        .unexpectedContents,
        "The extractor in \(file.path) holds numbers that are not finite (the run ended as "
          + "\(run.description.status)): use a run that completed.")
    }
    guard x.tensors.map(\.shape) == shapes else {
      throw DatasetError(
        .unexpectedContents,
        "The extractor in \(file.path) has arrays of shapes \(x.tensors.map(\.shape)), and inputs of "
          + "\(data.size(settings.data.kind)) in \(data.path) ask for \(shapes): give data in the size "
          + "that the run was trained on.")
    }
    // The same number of pixels in another form, or another size that convolutions take as well, would give
    // features of something else.
    if let learned = run.description.inputShape, learned != data.inputShape {
      throw DatasetError(
        .unexpectedContents,
        "Images of \(data.inputShape) (height, width, channels) in \(data.path) are none of the "
          + "\(learned) that the extractor in \(file.path) was learned on: give images in the size that "
          + "the run was trained on.")
    }
    head = run.point("y")?.tensors.first
    // Convolutions take images of any size, but what comes of another one is not what was learned.
    if extractor.kind == .convolutional, let head, head.rank == 2,
      head.shape[0] != extractor.featureCount
    {
      throw DatasetError(
        .unexpectedContents,
        "Images of \(data.inputShape) (height, width, channels) in \(data.path) have "
          + "\(extractor.featureCount) features, and the head in \(file.path) was learned on "
          + "\(head.shape[0]): give images in the size that the run was trained on.")
    }
  }

  /// The features of samples `[n, d]`, and their outputs `[n, c]` under the head where it fits, computed
  /// a thousand rows at a time.
  package func applied(
    to inputs: Tensor<Scalar>
  ) -> (features: Tensor<Scalar>, outputs: Tensor<Scalar>?) {
    let rows = inputs.shape[0]
    var (features, outputs): ([Scalar], [Scalar]) = ([], [])
    extractor.forEachBlock(of: inputs, upper: x) { part in
      features += part.scalars
      if let head, head.rank == 2, head.shape[0] == extractor.featureCount {
        outputs += part.multiplied(by: head).scalars
      }
    }
    var table: Tensor<Scalar>?
    if let head, !outputs.isEmpty {
      table = Tensor(shape: [rows, head.shape[1]], scalars: outputs)
    }
    return (Tensor(shape: [rows, extractor.featureCount], scalars: features), table)
  }
}
