import ArgumentParser
import Bilevel
import Commands
import Datasets
import Experiments
import Files
import Tensors

/// Writes the features of a data set under what a run has learned.
struct FeaturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "features",
    abstract: "Write the features of a data set under what a run has learned.",
    discussion: """
      Learn once, `hyper-representation run ... --save learned.h5`; then

      Input:  images [n, height, width(, channels)] with values from 0 to 255, or inputs [n, p] as \
      they are, in the size that the run was trained on; labels [n] may be there.
      Output: features [n, d]; outputs [n, c], the features times the head that the run ended with; \
      predicted [n], the class of the largest output, for images; labels [n], where the input has them.
      """)

  @Option(help: ArgumentHelp("What a run has learned.", valueName: "file.h5"))
  var learned: String

  @Option(help: ArgumentHelp("The data set.", valueName: "file.h5"))
  var data: String

  @Option(help: ArgumentHelp("The file to write, at once when all is done.", valueName: "file.h5"))
  var output: String

  func run() throws {
    let console = Console()
    try console.report {
      let file = try LearnedFile(learned, of: Representation.name)
      switch file.scalar {
      case .float: try write(file, console, as: Float.self)
      case .double: try write(file, console, as: Double.self)
      }
    }
  }

  private func write<Scalar: TensorScalar & HDF5Element>(
    _ file: LearnedFile, _ console: Console, as type: Scalar.Type
  ) throws {
    let preset =
      RepresentationProtocol(rawValue: file.description.protocolName) ?? .pzobo64
    let settings = try file.settings(over: preset.settings(.paper))
    let data = try OwnInputs<Scalar>(self.data, kind: settings.data.kind)
    for note in data.notes { console.show(note: note) }
    let extractor = settings.own.featureExtractor(inputShape: data.inputShape)
    let run: LearnedRun<Scalar> = try file.contents()
    let shapes: [[Int]]
    do {
      var stream = RandomStream(seed: 0, purpose: "shapes")
      let drawn: [Tensor<Scalar>] = extractor.initial(using: &stream)
      shapes = drawn.map(\.shape)
    }
    // A method may have appended components of its own to x.
    let x = Parameters(Array((run.point("x")?.tensors ?? []).prefix(shapes.count)))
    guard x.tensors.map(\.shape) == shapes, x.isFinite else {
      throw DatasetError(
        .unexpectedContents,
        "The extractor in \(learned) has arrays of shapes \(x.tensors.map(\.shape)), and inputs of "
          + "\(data.inputShape) (height, width, channels) in \(self.data) ask for \(shapes): give "
          + "data in the size that the run was trained on.")
    }
    let head = run.point("y")?.tensors.first
    let rows = data.inputs.shape[0]
    var (features, outputs): ([Scalar], [Scalar]) = ([], [])
    for start in stride(from: 0, to: rows, by: 1_000) {
      let block = data.inputs.gatheringRows(Array(start..<min(start + 1_000, rows)))
      let part = extractor.features(of: .constant(block), parameters: x.constants).value
      features += part.scalars
      if let head, head.rank == 2, head.shape[0] == extractor.featureCount {
        outputs += part.multiplied(by: head).scalars
      }
    }
    let writer = try HDF5Writer(path: output)
    try writer.write(features, shape: [rows, extractor.featureCount], to: "features")
    if let head, !outputs.isEmpty {
      let table = Tensor(shape: [rows, head.shape[1]], scalars: outputs)
      try writer.write(table, to: "outputs")
      if settings.data.kind == .images {
        try writer.write(
          table.argumentsOfRowMaxima().map { Int64($0) }, shape: [rows], to: "predicted")
      }
    }
    if let labels = data.labels { try writer.write(labels, shape: [rows], to: "labels") }
    try writer.setAttribute("learned", .string(learned))
    try writer.setAttribute("data", .string(self.data))
    try writer.finish()
    console.show(result: output)
  }
}

/// The samples of a file of one's own, as rows of numbers.
struct OwnInputs<Scalar: TensorScalar & HDF5Element> {
  let inputs: Tensor<Scalar>
  /// Height, width and channels of a row.
  let inputShape: [Int]
  let labels: [Int64]?
  let notes: [String]

  /// Images for extractors of images, with their values divided by 255; else numbers as they are.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  init(_ path: String, kind: DataKind) throws {
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
