import Datasets
import Experiments
import Tensors

/// The samples of one run: split and corrupted by their own random streams.
struct CleaningData<Scalar: TensorScalar>: Sendable {
  /// Features with labels.
  struct Samples: Sendable {
    var features: Tensor<Scalar>
    var labels: [Int]
  }

  /// Training samples, some with corrupted labels.
  let train: Samples
  let validation: Samples
  let test: Samples
  /// Whether each training label differs from the true one.
  let isNoisy: [Bool]
  let classCount: Int

  /// What metrics compare with; the features, which are large, are not part of it.
  var truth: CleaningTruth {
    CleaningTruth(
      isNoisy: isNoisy, validationLabels: validation.labels, testLabels: test.labels,
      classCount: classCount)
  }

  /// The samples that the settings ask for.
  ///
  /// One file is in memory at a time: the training file's 47 MB (for MNIST) are gone before the
  /// test file is read.
  ///
  /// - Throws: `DatasetError` where files are missing, wrong or too small for the split.
  init(_ settings: CleaningSettings, folder: DataFolder, seed: UInt64) throws {
    var stream = RandomStream(seed: seed, purpose: "split")
    let name = settings.data.name
    let fromTrain = try Self.readTraining(
      try folder.load(name: name, split: "train"), settings.data, using: &stream)
    let testFile = try folder.load(name: name, split: "test")
    try Self.requireMatch(testFile, pixels: fromTrain.test.features.shape[1])
    let positions = try fromTrain.split.testPositions(settings.data, in: testFile)
    test = Samples(
      features: fromTrain.test.features.appendingRows(testFile.features(at: positions)),
      labels: fromTrain.test.labels + testFile.labels(at: positions))
    classCount = max(fromTrain.classCount, testFile.classCount)
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
    validation = fromTrain.validation
  }

  /// What the training file contributes.
  private struct FromTraining {
    let train: Samples
    let validation: Samples
    let test: Samples
    let split: Split
    let classCount: Int
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
      test: samples(split.testFromTrain), split: split, classCount: file.classCount)
  }

  private static func requireMatch(_ file: ImageDataset, pixels: Int) throws {
    guard file.featureCount == pixels else {
      throw DatasetError(
        .malformed,
        "The images of \(file.path ?? file.name) have \(file.featureCount) pixels and those of the "
          + "training file \(pixels): convert both from one source.")
    }
  }

  /// Labels with exactly Int(fraction n) of them drawn for corruption.
  static func corrupt(
    _ labels: [Int], _ corruption: CleaningSettings.Corruption, classCount: Int,
    using stream: inout RandomStream
  ) -> [Int] {
    var result = labels
    let chosen = stream.permutation(labels.count)
      .prefix(Int(corruption.fraction * Double(labels.count)))
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
    let both = data.train + data.validation
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
struct CleaningTruth: Sendable {
  /// Whether each training label differs from the true one.
  let isNoisy: [Bool]
  let validationLabels: [Int]
  let testLabels: [Int]
  let classCount: Int

  /// The fraction of training labels that are wrong: below the corruption fraction where corrupted
  /// labels may be right by chance.
  var corruptionRate: Double {
    Double(isNoisy.count { $0 }) / Double(max(1, isNoisy.count))
  }
}
