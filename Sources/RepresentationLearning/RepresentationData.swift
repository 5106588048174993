import Datasets
import Experiments
import Tensors

/// The samples of one run, in the scalar type of the computation.
package struct RepresentationData<Scalar: TensorScalar>: Sendable {
  /// Inputs `[n, p]` with targets `[n, c]`, and labels where there are classes.
  package struct Samples: Sendable {
    /// Inputs, a row for each sample.
    package var inputs: Tensor<Scalar>
    /// Targets, a row for each sample.
    package var targets: Tensor<Scalar>
    /// Classes, as positions; none where targets are numbers.
    package var labels: [Int] = []
  }

  /// Training samples.
  package var train: Samples
  /// Validation samples.
  package var validation: Samples
  /// Held-out images; nil for linear problems.
  package var test: Samples?
  /// Height, width and channels of an input row; [1, p, 1] for linear problems.
  package var inputShape: [Int]

  /// The columns of the targets.
  package var outputs: Int { train.targets.shape[1] }

  /// The samples that the settings ask for.
  ///
  /// - Throws: `DatasetError` where files are missing, wrong or too small.
  package init(_ settings: RepresentationSettings, folder: DataFolder, seed: UInt64) throws {
    switch settings.data.kind {
    case .linear: self.init(linear: settings, seed: seed)
    case .images: try self.init(images: settings, folder: folder, seed: seed)
    }
  }

  /// X ~ N(0, 1), targets = Phi_true(X) w_true + noise, all drawn in Double and rounded once, so
  /// that the same seed means the same problem in either scalar type.
  private init(linear settings: RepresentationSettings, seed: UInt64) {
    let data = settings.data
    inputShape = [1, data.inputs, 1]
    let extractor = settings.featureExtractor(inputShape: inputShape)
    var truth = RandomStream(seed: seed, purpose: "true representation")
    let parameters: [Tensor<Double>] = extractor.initial(using: &truth)
    let head: Tensor<Double> = truth.normal([extractor.featureCount, 1])
    func draw(_ purpose: String) -> Samples {
      var stream = RandomStream(seed: seed, purpose: purpose)
      let inputs: Tensor<Double> = stream.normal([data.samples, data.inputs])
      let features = extractor.features(
        of: .constant(inputs), parameters: parameters.map { .constant($0) }
      ).value
      let noise: Tensor<Double> = stream.normal(
        [data.samples, 1], standardDeviation: data.noise)
      return Samples(
        inputs: inputs.converted(), targets: features.multiplied(by: head).adding(noise).converted()
      )
    }
    train = draw("training samples")
    validation = draw("validation samples")
  }

  private init(images settings: RepresentationSettings, folder: DataFolder, seed: UInt64) throws {
    let data = settings.data
    let file = try folder.load(name: data.name, split: "train")
    inputShape = [file.height, file.width, file.channels]
    let classes = file.classCount
    var stream = RandomStream(seed: seed, purpose: "split")
    let order = stream.permutation(file.count)
    var (chosen, rest) = ([Int](), [Int]())
    var counts = [Int](repeating: 0, count: classes)
    let labels = file.labels()
    let place = file.path ?? file.name
    guard classes >= 2 else {
      throw DatasetError(
        .malformed, "The images of \(place) are of one class only: there is nothing to tell apart.")
    }
    if let empty = (0..<classes).first(where: { !labels.contains($0) }) {
      throw DatasetError(
        .malformed,
        "The class \(empty) (\"\(file.classNames[empty])\") of \(place) has no images: number the labels "
          + "from 0 without gaps.")
    }
    for position in order {
      if counts[labels[position]] < data.perClass {
        counts[labels[position]] += 1
        chosen.append(position)
      } else {
        rest.append(position)
      }
    }
    // As for a test file, 0 means all there are.
    let heldOut =
      !data.testsOnTrainingFile
      ? 0 : data.test == 0 ? max(1, rest.count - data.validation) : data.test
    guard counts.allSatisfy({ $0 == data.perClass }), rest.count >= data.validation + heldOut else {
      let fewest = (0..<classes).map { label in labels.count { $0 == label } }.min() ?? 0
      throw DatasetError(
        .malformed,
        "The settings ask for \(data.perClass) images of each of \(classes) classes and "
          + "\(data.validation + heldOut) more of \(place), which has "
          + "\(file.count) in all and \(fewest) of the rarest class: lower data.perClass, data.validation"
          + (heldOut > 0 ? " or data.test." : "."))
    }
    func samples(_ file: ImageDataset, _ positions: [Int]) -> Samples {
      let labels = file.labels(at: positions)
      return Samples(
        inputs: file.features(at: positions),
        targets: Self.smoothed(labels, classes: classes, by: settings.head.smoothing),
        labels: labels)
    }
    train = samples(file, chosen)
    validation = samples(file, Array(rest.prefix(data.validation)))
    // Validation is against the labels as they are: smoothing belongs to the lower level.
    validation.targets = .oneHot(validation.labels, classes: classes)
    if data.testsOnTrainingFile {
      test = samples(file, Array(rest.dropFirst(data.validation).prefix(heldOut)))
    } else {
      let testFile = try folder.load(name: data.name, split: "test")
      let testShape = [testFile.height, testFile.width, testFile.channels]
      // A test file may lack the last classes, not have others.
      guard testShape == inputShape, testFile.classCount <= classes else {
        throw DatasetError(
          .malformed,
          "The images of \(testFile.path ?? testFile.name) have height, width and channels "
            + "\(testShape) in \(testFile.classCount) classes and those of "
            + "\(file.path ?? file.name) \(inputShape) in \(classes): convert both from one "
            + "source.")
      }
      if let contradiction = ClassNames(file.classNames).contradiction(
        of: ClassNames(testFile.classNames), in: file.path ?? file.name,
        and: testFile.path ?? testFile.name)
      {
        throw DatasetError(
          .unexpectedContents,
          "\(contradiction): store the same classNames in both, and labels that count in them.")
      }
      guard data.test <= testFile.count else {
        throw DatasetError(
          .malformed,
          "The setting data.test asks for \(data.test) images of "
            + "\(testFile.path ?? testFile.name), which has \(testFile.count): lower it, or set it to "
            + "0 for all of them.")
      }
      test = samples(testFile, Array(0..<(data.test == 0 ? testFile.count : data.test)))
    }
  }

  /// (1 - e) one-hot + e / classes.
  static func smoothed(_ labels: [Int], classes: Int, by e: Double) -> Tensor<Scalar> {
    Tensor.oneHot(labels, classes: classes).scaled(by: Scalar(1 - e))
      .shifted(by: Scalar(e / Double(classes)))
  }

  /// The same samples in another scalar type.
  func converted<Other: TensorScalar>(to type: Other.Type) -> RepresentationData<Other> {
    func convert(_ samples: Samples) -> RepresentationData<Other>.Samples {
      .init(
        inputs: samples.inputs.converted(), targets: samples.targets.converted(),
        labels: samples.labels)
    }
    return RepresentationData<Other>(
      train: convert(train), validation: convert(validation), test: test.map(convert),
      inputShape: inputShape)
  }

  private init(
    train: Samples, validation: Samples, test: Samples?,
    inputShape: [Int]
  ) {
    self.train = train
    self.validation = validation
    self.test = test
    self.inputShape = inputShape
  }
}
