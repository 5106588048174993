import Datasets
import Experiments
import Results
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
  let uses: [RunRecord.DatasetUse]

  /// The fraction of training labels that are wrong: below the corruption fraction where corrupted
  /// labels may be right by chance.
  var corruptionRate: Double {
    Double(isNoisy.count { $0 }) / Double(max(1, isNoisy.count))
  }

  /// The samples that the settings ask for.
  ///
  /// - Throws: `DatasetError` where files are missing, wrong or too small for the split.
  init(_ settings: CleaningSettings, folder: DataFolder, seed: UInt64) throws {
    let trainFile = try folder.load(name: settings.data.name, split: "train")
    let testFile = try folder.load(name: settings.data.name, split: "test")
    try Self.requireMatch(trainFile, testFile)
    var stream = RandomStream(seed: seed, purpose: "split")
    let split = try Split(settings.data, trainFile, testFile, using: &stream)
    let labels = trainFile.labels(at: split.train)
    classCount = max(trainFile.classCount, testFile.classCount)
    var corruption = RandomStream(seed: seed, purpose: "corruption")
    let corrupted = Self.corrupt(
      labels, settings.corruption, classCount: classCount, using: &corruption)
    isNoisy = zip(labels, corrupted).map { $0 != $1 }
    train = Samples(features: trainFile.features(at: split.train), labels: corrupted)
    validation = Samples(
      features: trainFile.features(at: split.validation),
      labels: trainFile.labels(at: split.validation))
    let fromTrain: Tensor<Scalar> = trainFile.features(at: split.testFromTrain)
    let fromTest: Tensor<Scalar> = testFile.features(at: split.testFromTest)
    let testLabels = trainFile.labels(at: split.testFromTrain)
    test = Samples(
      features: Tensor(
        shape: [fromTrain.shape[0] + fromTest.shape[0], trainFile.featureCount],
        scalars: fromTrain.scalars + fromTest.scalars),
      labels: testLabels + testFile.labels(at: split.testFromTest))
    uses = [
      .init(trainFile, purpose: "training, validation"), .init(testFile, purpose: "test"),
    ]
  }

  private static func requireMatch(_ left: ImageDataset, _ right: ImageDataset) throws {
    guard left.featureCount == right.featureCount else {
      throw DatasetError(
        .malformed,
        "The images of \(left.path ?? left.name) have \(left.featureCount) pixels and those of "
          + "\(right.path ?? right.name) have \(right.featureCount): convert both from one source.")
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

/// The positions of each part within the two files.
struct Split: Sendable, Equatable {
  var train: [Int]
  var validation: [Int]
  var testFromTrain: [Int] = []
  var testFromTest: [Int] = []

  init(
    _ data: CleaningSettings.Data, _ trainFile: ImageDataset, _ testFile: ImageDataset,
    using stream: inout RandomStream
  ) throws {
    func require(_ needed: Int, from file: ImageDataset) throws {
      guard needed <= file.count else {
        throw DatasetError(
          .malformed,
          "The split \"\(data.split.rawValue)\" needs \(needed) images of "
            + "\(file.path ?? file.name), which has \(file.count): lower data.train, "
            + "data.validation or data.test, or use a larger file.")
      }
    }
    let both = data.train + data.validation
    switch data.split {
    case .randomWithTestFile:
      try require(both, from: trainFile)
      try require(data.test, from: testFile)
      let order = stream.permutation(trainFile.count)
      train = Array(order[..<data.train])
      validation = Array(order[data.train..<both])
      testFromTest = Array(0..<(data.test == 0 ? testFile.count : data.test))
    case .random:
      try require(both + max(1, data.test), from: trainFile)
      let order = stream.permutation(trainFile.count)
      train = Array(order[..<data.train])
      validation = Array(order[data.train..<both])
      testFromTrain = Array(order[both..<(data.test == 0 ? order.count : both + data.test)])
    case .officialCode:
      let start = data.train
      try require(start + both, from: trainFile)
      train = Array(start..<start + data.train)
      validation = Array(start + data.train..<start + both)
      testFromTrain = Array(start + both..<trainFile.count) + Array(0..<start)
      testFromTest = Array(0..<testFile.count)
      if data.test > 0 {
        let fromTrain = min(data.test, testFromTrain.count)
        testFromTrain = Array(testFromTrain[..<fromTrain])
        try require(data.test - fromTrain, from: testFile)
        testFromTest = Array(testFromTest[..<(data.test - fromTrain)])
      }
    }
  }
}
