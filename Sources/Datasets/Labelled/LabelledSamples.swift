import Files

/// Labelled samples that a person brought: images or plain vectors, of any number type.
///
/// Where ``ImageDataset`` is what the experiments compare on (bytes, at most 256 classes), this is what
/// people have. The invariants, checked by the initialiser: one label for each sample, every label below
/// the number of classes, at most ``mostSamples`` samples and ``mostClasses`` classes.
public struct LabelledSamples: Sendable {
  /// What sentences call it: "the file mine.h5".
  public let place: String
  /// The values that a model learns from.
  public let features: SampleArray
  /// The pictures that a person sees, `[n, height, width(, channels)]`; nil where there are none.
  public let pictures: SampleArray?
  /// Whether the model learns from the pictures themselves.
  public let learnsFromPictures: Bool
  /// The class of each sample, a position in ``classes``.
  public let labels: [Int]
  /// The classes, in the order of their codes or names.
  public let classes: [SampleClass]
  /// The names that the file has for classes 0, 1, ..., those without samples too; empty without names.
  public let classNames: [String]
  /// The file of each sample where each has one of its own, below the folder.
  public let files: [String]?
  /// What a person should know of how it was read, one full sentence each.
  public let notes: [String]
  /// Whether the file or folder says that its samples are generated, as the suite's own do.
  public let isSynthetic: Bool

  /// The number of samples.
  public var count: Int { labels.count }

  /// The most samples that are read.
  public static let mostSamples = 100_000
  /// The most classes that are told apart.
  public static let mostClasses = 1_000

  /// Labelled samples, checked.
  ///
  /// - Throws: a sentence that says which of the invariants is violated, and where.
  public init(
    place: String, features: SampleArray, pictures: SampleArray?, learnsFromPictures: Bool,
    labels: [Int], classes: [SampleClass], classNames: [String] = [], files: [String]? = nil,
    notes: [String] = [], isSynthetic: Bool = false
  ) throws(DatasetError) {
    guard labels.count == features.count, pictures.map({ $0.count == labels.count }) ?? true else {
      throw DatasetError(
        .unexpectedContents,
        "There are \(features.count) samples and \(labels.count) labels in \(place)"
          + (pictures.map { " (and \($0.count) images)" } ?? "")
          + ": store one label for each sample.")
    }
    guard labels.count <= Self.mostSamples else {
      throw DatasetError(
        .tooLarge,
        "There are \(labels.count) samples in \(place), more than the \(Self.mostSamples) that are "
          + "read: split them into several files.")
    }
    guard classes.count <= Self.mostClasses else {
      throw DatasetError(
        .tooLarge,
        "The labels in \(place) make \(classes.count) classes, more than the \(Self.mostClasses) that "
          + "are told apart: check that 'labels' holds classes and not measurements.")
    }
    precondition(labels.allSatisfy { classes.indices.contains($0) }, "A label without a class.")
    self.place = place
    self.features = features
    self.pictures = pictures
    self.learnsFromPictures = learnsFromPictures
    self.labels = labels
    self.classes = classes
    self.classNames = classNames
    self.files = files
    self.notes = notes
    self.isSynthetic = isSynthetic
  }

  /// The samples at the given positions with new labels, positions in the given classes.
  public func taking(
    _ positions: [Int], labels: [Int], classes: [SampleClass]
  ) throws(DatasetError) -> LabelledSamples {
    try LabelledSamples(
      place: place, features: features.rows(positions), pictures: pictures?.rows(positions),
      learnsFromPictures: learnsFromPictures, labels: labels, classes: classes,
      classNames: classNames, files: files.map { files in positions.map { files[$0] } },
      isSynthetic: isSynthetic)
  }
}

/// A class of labelled samples: what the file stores for it, and how people call it.
public struct SampleClass: Sendable, Hashable {
  /// The integer that stands for it, nil where labels are stored as names.
  public var code: Int?
  /// The name; the digits of the code where the file has no names.
  public var name: String
  /// Whether the file names its classes.
  public var isNamed: Bool

  /// Whether two are one class: byte by byte, since two names that are equal as texts alone, composed
  /// and decomposed, are two folders and two labels.
  public static func == (left: SampleClass, right: SampleClass) -> Bool {
    left.code == right.code && left.isNamed == right.isNamed
      && ExactName(left.name) == ExactName(right.name)
  }

  /// Hashes what makes it this class.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(code)
    hasher.combine(isNamed)
    hasher.combine(ExactName(name))
  }

  /// A class.
  public init(code: Int?, name: String, isNamed: Bool) {
    self.code = code
    self.name = name
    self.isNamed = isNamed
  }
}

extension LabelledSamples {
  /// The SHA-256 of features and labels, in hexadecimal; records store it.
  public var digest: String {
    var digest = SHA256()
    digest.update(features.shape.map { String($0) }.joined(separator: "x").utf8)
    digest.update([10])
    for sample in 0..<count {
      // In the precision that the samples are told apart in.
      if features.isDouble {
        features.values(of: sample).withUnsafeBytes { digest.update($0) }
      } else {
        features.row(sample).withUnsafeBytes { digest.update($0) }
      }
      digest.update("\(classes[labels[sample]].name)\n".utf8)
    }
    return digest.finalize()
  }
}
