import Datasets
import Experiments
import Tensors

/// The samples of one run: split and corrupted by their own random streams.
package struct CleaningData<Scalar: TensorScalar>: Sendable {
  /// Features with labels.
  package struct Samples: Sendable {
    /// Features, a row for each sample.
    package var features: Tensor<Scalar>
    /// Classes, as positions.
    package var labels: [Int]

    /// Some of the samples, in the given order.
    package func rows(at positions: [Int]) -> Samples {
      let width = features.shape[1]
      let scalars = features.scalars
      return Samples(
        features: Tensor(
          shape: [positions.count, width],
          scalars: positions.flatMap { scalars[$0 * width..<($0 + 1) * width] }),
        labels: positions.map { labels[$0] })
    }
  }

  /// Training samples, some with corrupted labels.
  package let train: Samples
  /// Validation samples, all labels right.
  package let validation: Samples
  /// Test samples, all labels right.
  package let test: Samples
  /// Whether each training label differs from the true one.
  package let isNoisy: [Bool]
  /// The number of classes.
  package let classCount: Int
  /// What a person should know of these samples, one full sentence each.
  package let notes: [String]

  /// What metrics compare with; the features, which are large, are not part of it.
  package var truth: CleaningTruth {
    CleaningTruth(isNoisy: isNoisy, classCount: classCount)
  }

  /// The samples that the settings ask for.
  ///
  /// One file is in memory at a time: the training file's 47 MB (for MNIST) are gone before the
  /// test file is read.
  ///
  /// - Throws: `DatasetError` where files are missing, wrong or too small for the split.
  package init(_ settings: CleaningSettings, folder: DataFolder, seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: "split")
    let name = settings.data.name
    let fromTrain = try Self.readTraining(
      try folder.load(name: name, split: "train"), settings.data, using: &stream)
    let own = try Self.readOwnValidation(settings.data, trainFile: fromTrain.file, seed: seed)
    let testFile = try folder.load(name: name, split: "test")
    try fromTrain.file.requireMatch(testFile)
    if let own, own.digest == testFile.contentDigest {
      throw DatasetError(
        .unexpectedContents,
        "The validation file \(settings.data.validationFile ?? "") holds the images of the test file: "
          + "what is chosen by them could not be tested on them; give other images.")
    }
    let positions = try fromTrain.split.testPositions(settings.data, in: testFile)
    test = Samples(
      features: fromTrain.test.features.appendingRows(testFile.features(at: positions)),
      labels: fromTrain.test.labels + testFile.labels(at: positions))
    classCount = max(fromTrain.classCount, testFile.classCount, own?.classCount ?? 0)
    guard classCount >= 2 else {
      throw DatasetError(
        .malformed,
        "The data set \(name) has one class only: cleaning labels needs at least two.")
    }
    var corruption = RandomStream(seed: seed, purpose: "corruption")
    let corrupted = Self.corrupt(
      fromTrain.train.labels, settings.corruption, classCount: classCount, using: &corruption)
    isNoisy = zip(fromTrain.train.labels, corrupted).map { $0 != $1 }
    train = Samples(features: fromTrain.train.features, labels: corrupted)
    validation = own?.samples ?? fromTrain.validation
    notes =
      own == nil
      ? []
      : try Self.overlapNotes(
        of: validation, with: train, test, path: settings.data.validationFile ?? "")
  }

  /// What there is to say of validation images of a file that are trained or tested on, too.
  private static func overlapNotes(
    of validation: Samples, with train: Samples, _ test: Samples, path: String
  ) throws(DatasetError) -> [String] {
    // Pixels differ by 1/255 at least, in single precision, too.
    func array(_ samples: Samples) throws(DatasetError) -> SampleArray {
      try SampleArray(
        shape: samples.features.shape, kind: .uint8,
        values: .floats(samples.features.converted(to: Float.self).scalars), place: path)
    }
    let own = try array(validation)
    let parts = [
      (try array(test), "the test images: what is chosen by them is measured on them, too"),
      (
        try array(train),
        "the training images, whose labels are doubted: a run has the right ones, too"
      ),
    ]
    return parts.compactMap { samples, consequence in
      let count = own.rowsInCommon(with: samples).reduce(0) { $0 + $1.first.count }
      guard count > 0 else { return nil }
      return
        "\(count) of the validation images of \(path) are among \(consequence); leave them out of the "
        + "file."
    }
  }

  /// The validation samples of a file of their own, drawn at random where not all are wanted; nil
  /// where there is none.
  private static func readOwnValidation(
    _ data: CleaningSettings.Data, trainFile: TrainingFile, seed: UInt64
  ) throws -> (samples: Samples, classCount: Int, digest: String)? {
    guard let path = data.validationFile else { return nil }
    let file = try ImageDataset.load(path)
    try trainFile.requireMatch(file)
    guard file.contentDigest != trainFile.digest else {
      throw DatasetError(
        .unexpectedContents,
        "The validation file \(path) holds the images of the training file, of which some are trained on: "
          + "leave --validation-file out, and images are held out for validation.")
    }
    guard data.validation <= file.count else {
      throw DatasetError(
        .malformed,
        "The setting data.validation asks for \(data.validation) images of \(path), which has "
          + "\(file.count): lower it (in a reduced problem reduced.validation), or set it to 0 for all of "
          + "them.")
    }
    var stream = RandomStream(seed: seed, purpose: "validation file")
    let positions =
      data.validation == 0
      ? Array(0..<file.count)
      : Array(stream.permutation(file.count).prefix(data.validation))
    let samples = Samples(
      features: file.features(at: positions), labels: file.labels(at: positions))
    return (samples, file.classCount, file.contentDigest)
  }

  /// What the training file contributes.
  private struct FromTraining {
    let train: Samples
    let validation: Samples
    let test: Samples
    let split: Split
    let classCount: Int
    let file: TrainingFile
  }

  private static func readTraining(
    _ file: ImageDataset, _ data: CleaningSettings.Data, using stream: inout RandomStream
  ) throws -> FromTraining {
    let split = try Split(data, file, using: &stream)
    func samples(_ positions: [Int]) -> Samples {
      Samples(features: file.features(at: positions), labels: file.labels(at: positions))
    }
    return FromTraining(
      train: samples(split.train), validation: samples(split.validation),
      test: samples(split.testFromTrain), split: split, classCount: file.classCount,
      file: TrainingFile(file))
  }

  /// Labels with exactly the fraction of them, rounded down to whole labels, drawn for corruption.
  static func corrupt(
    _ labels: [Int], _ corruption: CleaningSettings.Corruption, classCount: Int,
    using stream: inout RandomStream
  ) -> [Int] {
    var result = labels
    let chosen = stream.permutation(labels.count)
      .prefix(labels.count.share(corruption.fraction))
    for index in chosen {
      switch corruption.rule {
      case .alwaysWrong:
        result[index] = (labels[index] + 1 + stream.integer(below: classCount - 1)) % classCount
      case .uniform:
        result[index] = stream.integer(below: classCount)
      }
    }
    return result
  }
}

/// What other files are compared with once the images of the training file are gone.
private struct TrainingFile {
  private let place: String
  private let imageShape: [Int]
  private let classNames: ClassNames
  let digest: String

  init(_ file: ImageDataset) {
    place = file.path ?? file.name
    imageShape = [file.height, file.width, file.channels]
    classNames = ClassNames(file.classNames)
    digest = file.contentDigest
  }

  /// Throws where a pixel or a label of another file means something else.
  func requireMatch(_ file: ImageDataset) throws(DatasetError) {
    let other = file.path ?? file.name
    let shape = [file.height, file.width, file.channels]
    guard shape == imageShape else {
      throw DatasetError(
        .malformed,
        "The images of \(other) are of \(shape) (height, width, channels) and those of \(place) of "
          + "\(imageShape): convert both from one source.")
    }
    guard
      let contradiction = classNames.contradiction(
        of: ClassNames(file.classNames), in: place, and: other)
    else { return }
    throw DatasetError(
      .unexpectedContents, "\(contradiction): give the classes the same numbers in both.")
  }
}

/// The positions of each part within the training file.
struct Split: Sendable, Equatable {
  var train: [Int]
  var validation: [Int]
  var testFromTrain: [Int] = []

  /// The split of a training file.
  ///
  /// - Throws: `DatasetError` where the file has too few images.
  init(
    _ data: CleaningSettings.Data, _ file: ImageDataset, using stream: inout RandomStream
  ) throws {
    // Validation images of a file of their own leave the training file to the other parts.
    let both = data.train + (data.validationFile == nil ? data.validation : 0)
    switch data.split {
    case .randomWithTestFile:
      try Self.require(both, of: file, data)
      let order = stream.permutation(file.count)
      train = Array(order[..<data.train])
      validation = Array(order[data.train..<both])
    case .random:
      try Self.require(both + max(1, data.test), of: file, data)
      let order = stream.permutation(file.count)
      train = Array(order[..<data.train])
      validation = Array(order[data.train..<both])
      testFromTrain = Array(order[both..<(data.test == 0 ? order.count : both + data.test)])
    case .officialCode:
      let start = data.train
      try Self.require(start + both, of: file, data)
      train = Array(start..<start + data.train)
      validation = Array(start + data.train..<start + both)
      testFromTrain = Array(start + both..<file.count) + Array(0..<start)
      if data.test > 0 { testFromTrain = Array(testFromTrain.prefix(data.test)) }
    }
  }

  /// The positions of the test file's images that are tested on.
  func testPositions(_ data: CleaningSettings.Data, in file: ImageDataset) throws -> [Int] {
    switch data.split {
    case .random: return []
    case .randomWithTestFile, .officialCode:
      guard data.test > 0 else { return Array(0..<file.count) }
      let wanted = data.test - testFromTrain.count
      try Self.require(wanted, of: file, data)
      return Array(0..<wanted)
    }
  }

  private static func require(
    _ needed: Int, of file: ImageDataset, _ data: CleaningSettings.Data
  ) throws {
    guard needed <= file.count else {
      throw DatasetError(
        .malformed,
        "The split \"\(data.split.rawValue)\" needs \(needed) images of "
          + "\(file.path ?? file.name), which has \(file.count): lower data.train, "
          + "data.validation or data.test, or use a larger file.")
    }
  }
}

/// The truth about one run's samples.
package struct CleaningTruth: Sendable {
  /// Whether each training label differs from the true one.
  package let isNoisy: [Bool]
  /// The number of classes.
  package let classCount: Int

  /// The fraction of training labels that are wrong: below the corruption fraction where corrupted
  /// labels may be right by chance.
  package var corruptionRate: Double {
    Double(isNoisy.count { $0 }) / Double(max(1, isNoisy.count))
  }
}
