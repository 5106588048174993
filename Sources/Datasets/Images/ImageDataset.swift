import Files
import Tensors

/// Labelled images of one size: one split of a data set.
///
/// The invariants, checked by every initialiser and by loading: at least one image,
/// `images.count == count * height * width * channels`, one label for each image, every label
/// below the number of class names.
public struct ImageDataset: Sendable, Equatable {
  /// The data set, such as `mnist`; part of the file's name.
  public let name: String
  /// The split, such as `train` or `test`; part of the file's name.
  public let split: String
  /// The pixels, `[count, height, width, channels]` row-major, 0 = background.
  public let images: [UInt8]
  /// The number of images.
  public let count: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Values per pixel: 1 grey, 3 red-green-blue.
  public let channels: Int
  /// The class of each image, `[count]`.
  public let labels: [UInt8]
  /// The name of each class, in label order.
  public let classNames: [String]
  /// Where the images come from.
  public let provenance: ImageProvenance
  /// The SHA-256 of shape, images and labels, in hexadecimal; records store it.
  public let contentDigest: String
  /// The file it was loaded from, nil when it was made in memory.
  public let path: String?
  /// What a person should know of how the file was read, one full sentence each; for commands to
  /// print before a run. Empty for files in the form that ``save(_:)`` writes.
  public let notes: [String]

  /// Whether the images were generated and not photographed or scanned.
  public var isSynthetic: Bool { provenance.isSynthetic }
  /// The digests of the original files, as `sha256:<hexadecimal> <file>`.
  public var sourceDigests: [String] { provenance.sourceDigests }
  /// The number of values of one image.
  public var featureCount: Int { height * width * channels }
  /// The number of classes.
  public var classCount: Int { classNames.count }
  /// The shape of the stored array: the channel dimension is left out when it is 1.
  public var shape: [Int] {
    channels == 1 ? [count, height, width] : [count, height, width, channels]
  }

  /// A data set, validated.
  ///
  /// - Parameters:
  ///   - shape: `[count, height, width]` or `[count, height, width, channels]`.
  ///   - path: the file that errors name, nil for a data set made in memory.
  ///   - notes: what a person should know of how it was read.
  /// - Throws: a sentence that says which of the invariants is violated, and where.
  public init(
    name: String, split: String, shape: [Int], images: [UInt8], labels: [UInt8],
    classNames: [String], provenance: ImageProvenance, path: String? = nil,
    notes: [String] = []
  ) throws(DatasetError) {
    let place = path.map { "the file \($0)" } ?? "the data set \(name)-\(split)"
    guard shape.count == 3 || shape.count == 4 else {
      throw DatasetError(
        .unexpectedContents,
        "'images' in \(place) has the shape \(shape), and [count, height, width] or [count, "
          + "height, width, channels] is needed: store the images so.")
    }
    guard shape[0] > 0 else {
      throw DatasetError(
        .unexpectedContents, "There are no images in \(place): store at least one.")
    }
    guard !shape.contains(0) else {
      throw DatasetError(
        .unexpectedContents,
        "'images' in \(place) has the shape \(shape), so its images have no pixels: store images "
          + "of at least one pixel.")
    }
    precondition(
      shape.reduce(1, *) == images.count,
      "Shape \(shape) needs \(shape.reduce(1, *)) pixels, got \(images.count).")
    guard labels.count == shape[0] else {
      throw DatasetError(
        .unexpectedContents,
        "There are \(shape[0]) images and \(labels.count) labels in \(place): store one label for "
          + "each image.")
    }
    if let position = labels.firstIndex(where: { Int($0) >= classNames.count }) {
      throw DatasetError(
        .unexpectedContents,
        "Label \(labels[position]) at position \(position) in \(place) is out of range, since "
          + "there \(classNames.count == 1 ? "is 1 class name" : "are \(classNames.count) class names"): "
          + "correct the label or name its class.")
    }
    var known: Set<[UInt8]> = []
    if let twice = classNames.first(where: { !known.insert(Array($0.utf8)).inserted }) {
      throw DatasetError(
        .unexpectedContents,
        "The class name \"\(twice)\" is there twice in \(place): give every class a name of its own."
      )
    }
    self.name = name
    self.split = split
    self.images = images
    count = shape[0]
    height = shape[1]
    width = shape[2]
    channels = shape.count == 4 ? shape[3] : 1
    self.labels = labels
    self.classNames = classNames
    self.provenance = provenance
    self.path = path
    self.notes = notes
    contentDigest = Self.digest(
      [shape[0], shape[1], shape[2], shape.count == 4 ? shape[3] : 1], images, labels)
  }

  private static func digest(_ shape: [Int], _ images: [UInt8], _ labels: [UInt8]) -> String {
    var digest = SHA256()
    digest.update(shape.map { String($0) }.joined(separator: "x").utf8)
    digest.update([10])
    digest.update(images)
    digest.update(labels)
    return digest.finalize()
  }
}

/// Where images come from, stored as attributes of their file.
public struct ImageProvenance: Sendable, Equatable {
  /// Address, mirror file, or generator.
  public var source: String
  /// The digests of the original files, as `sha256:<hexadecimal> <file>`.
  public var sourceDigests: [String]
  /// The command that wrote the file.
  public var command: String
  /// The program that wrote the file, with its version.
  public var tool: String
  /// Whether the images were generated.
  public var isSynthetic: Bool

  /// A provenance; whatever is unknown is empty.
  public init(
    source: String = "", sourceDigests: [String] = [], command: String = "", tool: String = "",
    isSynthetic: Bool = false
  ) {
    self.source = source
    self.sourceDigests = sourceDigests
    self.command = command
    self.tool = tool
    self.isSynthetic = isSynthetic
  }
}
