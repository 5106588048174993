import Files
import Foundation

/// What is known of an image tree; stored as `tree.json` in its folder.
public struct ImageTreeDescription: Codable, Sendable, Equatable {
  /// The data set's name.
  public var name = ""
  /// Where the images come from.
  public var source = "own images"
  /// The command that made the tree.
  public var command = ""
  /// Whether the images are generated, not real.
  public var synthetic = false
  /// The number of classes.
  public var classes = 0
  /// The number of images.
  public var images = 0
  /// SHA-256 over the digests of the classes, each over the names and bytes of its files in order.
  public var contentDigest = ""

  /// An empty description.
  public init() {}

  /// The description of a tree that is about to be written.
  init(name: String, source: String, command: String, synthetic: Bool = false) {
    self.name = name
    self.source = source
    self.command = command
    self.synthetic = synthetic
  }

  /// The name of the file that holds the description.
  public static let fileName = "tree.json"

  /// The description in a folder; an empty one where there is none (a user's own folder).
  ///
  /// - Parameter remedy: how a tree is made again whose description is damaged, a clause.
  public static func read(
    _ folder: String, remedy: String = "convert the data set again"
  ) throws(DatasetError) -> ImageTreeDescription {
    let path = "\(folder)/\(fileName)"
    guard !DataFile.isAbsent(path) else { return ImageTreeDescription() }
    let bytes = try DataFile.read(path, remedy: remedy)
    guard RepeatedJSONKey.first(in: Data(bytes)) == nil,
      let description = try? JSONDecoder().decode(ImageTreeDescription.self, from: Data(bytes))
    else {
      throw DatasetError(
        .malformed,
        "The file \(path) does not describe an image tree: \(remedy), or remove the file where the "
          + "images are your own.")
    }
    return description
  }

  /// The description with what was found; a recorded digest that differs is replaced, and
  /// ``ImageTree/verify(_:remedy:)`` is what compares them.
  func completed(
    digest: String, classes: Int, images: Int, name: String
  ) -> ImageTreeDescription {
    var result = self
    if result.name.isEmpty { result.name = name }
    result.contentDigest = digest
    result.classes = classes
    result.images = images
    return result
  }

  /// The description as the bytes of its file.
  func encoded() throws(DatasetError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      throw DatasetError(.unwritable, "The description of \(name) cannot be encoded: rename it.")
    }
    return Array(data) + [UInt8(ascii: "\n")]
  }
}

extension ImageTree {
  /// Decodes every image of a tree and compares its digest with the recorded one.
  ///
  /// - Returns: what is known of the tree, and what a person should know of how it was read.
  public static func verify(
    _ path: String, remedy: String
  ) throws(DatasetError) -> (description: ImageTreeDescription, notes: [String]) {
    let recorded = try ImageTreeDescription.read(path, remedy: remedy)
    let tree = try load(
      path, Normalisation(side: 8, channels: 1, inverts: false), remedy: remedy)
    guard recorded.contentDigest.isEmpty || recorded == tree.description else {
      throw DatasetError(
        .digestMismatch,
        "The images below \(path) are not those that were written there (\(tree.count) images with "
          + "digest \(tree.description.contentDigest), recorded \(recorded.images) with "
          + "\(recorded.contentDigest)): \(remedy).")
    }
    return (tree.description, tree.notes)
  }

  /// The numbers of classes and images of a tree and what a person should know of it, from the names
  /// of its files alone.
  public static func outline(
    _ path: String, remedy: String
  ) throws(DatasetError) -> (classes: Int, images: Int, notes: [String]) {
    let listing = try ImageTreeListing(path: path, remedy: remedy)
    return (
      listing.folders.count, listing.folders.reduce(0) { $0 + $1.files.count }, listing.notes
    )
  }
}
