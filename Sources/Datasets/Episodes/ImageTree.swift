import Files
import Foundation
import Synchronization
import Tensors

/// A folder of PNG images by class, decoded once and held in memory.
///
///     <folder>/<class>/<image>.png       or      <folder>/<alphabet>/<character>/<image>.png
///
/// Every folder that holds PNG files is a class, named by its path below the root. Symbolic links are
/// followed; hidden files and what systems leave in folders are ignored; what else was passed over is
/// said in ``notes``. The invariant: all images have the same size and number of channels; classes and
/// the images within them are in the order of their names, so the same files give the same tree on
/// every machine. Names are told apart by their bytes: two that Unicode calls equivalent stay two.
public struct ImageTree: Sendable {
  /// One class and where its images lie within ``pixels``.
  public struct Class: Sendable, Equatable {
    /// The path of its folder below the root.
    public let name: String
    /// The names of its files, sorted.
    public let files: [String]
    /// The position of its first image.
    public let firstImage: Int
  }

  /// Name, origin and digest of the tree.
  public let description: ImageTreeDescription
  /// The folder.
  public let path: String
  /// Rows and columns of every image.
  public let side: Int
  /// Channels of every image, 1 or 3.
  public let channels: Int
  /// The classes, sorted by name.
  public let classes: [Class]
  /// The samples of all images, `[images, side, side, channels]`, after normalisation.
  public let pixels: [UInt8]
  /// What a person should know of how the folder was read, one full sentence each; for commands to
  /// print before a run.
  public let notes: [String]

  /// The number of images.
  public var count: Int { classes.reduce(0) { $0 + $1.files.count } }

  /// Samples of one image.
  public var imageSize: Int { side * side * channels }

  /// How images of another size are resampled.
  public enum Resampling: String, Sendable, CaseIterable, Codable {
    /// Every new pixel is the mean of the area that it covers: one-bit drawings become grey.
    case area
    /// Every new pixel is the old one at its middle, black or white: how one-bit images are resized
    /// by programs that cannot average them (PIL).
    case oneBit = "one-bit"
  }

  /// How images are brought to one form.
  public struct Normalisation: Sendable, Equatable {
    /// Rows and columns after resampling.
    public var side: Int
    /// 1 for grey, 3 for RGB.
    public var channels: Int
    /// Whether samples are negated, so that black ink on white paper becomes 255 on 0.
    public var inverts: Bool
    /// How images of another size are resampled.
    public var resampling: Resampling

    /// A normalisation.
    public init(side: Int, channels: Int, inverts: Bool, resampling: Resampling = .area) {
      precondition(
        side > 0 && (channels == 1 || channels == 3), "\(side) pixels of \(channels) channels.")
      self.side = side
      self.channels = channels
      self.inverts = inverts
      self.resampling = resampling
    }

    /// The samples of one image.
    var sampleCount: Int { side * side * channels }

    /// Throws when images of this size, or all of them together, are more than memory is made for.
    func requireModest(images: Int, _ path: String) throws(DatasetError) {
      guard side <= Self.largestSide else {
        throw DatasetError(
          .tooLarge,
          "Images of \(side) x \(side) pixels cannot be made of those below \(path): ask for a side from "
            + "1 to \(Self.largestSide).")
      }
      let (total, overflow) = sampleCount.multipliedReportingOverflow(by: images)
      guard !overflow, total <= Self.mostSamples else {
        throw DatasetError(
          .tooLarge,
          "The \(images) images below \(path) at \(side) x \(side) x \(channels) need more than the "
            + "\(Self.mostSamples) bytes that are held in memory at most: ask for a smaller side.")
      }
    }

    private static let largestSide = 4096
    private static let mostSamples = 1 << 34

    func apply(_ image: PNGImage) -> PNGImage {
      let converted = image.converted(channels: channels)
      let sized =
        switch resampling {
        case .area: converted.resized(width: side, height: side)
        case .oneBit: converted.oneBit(width: side, height: side)
        }
      return inverts ? sized.inverted : sized
    }
  }

  /// The tree below `path`. Decodes on as many cores as `Parallel.threads` says.
  ///
  /// - Parameter rootIsClass: whether images in the folder itself are a class, whose name is empty.
  /// - Throws: when the folder is absent or empty, or an image in it is broken: the sentence names
  ///   the file.
  public static func load(
    _ path: String, _ normalisation: Normalisation, remedy: String, rootIsClass: Bool = false
  ) throws(DatasetError) -> ImageTree {
    let listing = try ImageTreeListing(path: path, remedy: remedy, rootIsClass: rootIsClass)
    let files = listing.folders.reduce(0) { $0 + $1.files.count }
    try normalisation.requireModest(images: files, path)
    var classes: [Class] = []
    var first = 0
    for folder in listing.folders {
      classes.append(Class(name: folder.name, files: folder.files, firstImage: first))
      first += folder.files.count
    }
    let results = Mutex<[Int: Result<ClassContents, DatasetError>]>([:])
    Parallel.forEach(classes.count) { index in
      let folder = listing.folders[index]
      let result = Result { () throws(DatasetError) in
        try ClassContents(root: path, folder, normalisation)
      }
      results.withLock { $0[index] = result }
    }
    let byClass = results.withLock { $0 }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(first * normalisation.sampleCount)
    var digest = SHA256()
    var remarks = PNGRemarkTally()
    for index in classes.indices {
      guard let contents = try byClass[index]?.get() else { continue }
      remarks.add(contents.remarks)
      pixels += contents.pixels
      digest.update(contents.digest.utf8)
    }
    let recorded = try ImageTreeDescription.read(path)
    let found = digest.finalize()
    var notes = listing.notes + remarks.notes(root: path)
    if !recorded.contentDigest.isEmpty, recorded.contentDigest != found {
      notes.append(
        "The images below \(path) are not those that were written there: the digest is \(found), and "
          + "\(recorded.contentDigest) is recorded in \(ImageTreeDescription.fileName); \(remedy), or remove "
          + "that file if the images were changed on purpose.")
    }
    return ImageTree(
      description: recorded.completed(
        digest: found, classes: classes.count, images: first,
        name: URL(fileURLWithPath: path).lastPathComponent),
      path: path, side: normalisation.side, channels: normalisation.channels, classes: classes,
      pixels: pixels, notes: notes)
  }

  /// The images at the given positions as a tensor `[images, side, side, channels]` in [0, 1], each
  /// turned by a number of quarter turns counter-clockwise.
  public func tensor<Scalar: TensorScalar>(
    _ images: [(position: Int, quarterTurns: Int)], as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    let scale = (0..<256).map { Scalar($0) / 255 }
    return Tensor(shape: [images.count, side, side, channels]) { result in
      for (index, image) in images.enumerated() {
        let source = image.position * imageSize
        let target = index * imageSize
        for row in 0..<side {
          for column in 0..<side {
            let (y, x) = turned(row, column, image.quarterTurns)
            for channel in 0..<channels {
              result[target + (row * side + column) * channels + channel] =
                scale[Int(pixels[source + (y * side + x) * channels + channel])]
            }
          }
        }
      }
    }
  }

  /// Where the pixel that ends up at (row, column) comes from.
  private func turned(_ row: Int, _ column: Int, _ quarterTurns: Int) -> (Int, Int) {
    switch quarterTurns & 3 {
    case 0: (row, column)
    case 1: (column, side - 1 - row)
    case 2: (side - 1 - row, side - 1 - column)
    default: (side - 1 - column, row)
    }
  }
}

/// The decoded images of one class, and a digest of its names and file bytes.
private struct ClassContents: Sendable {
  var pixels: [UInt8] = []
  var digest = ""
  var remarks = PNGRemarkTally()

  init(
    root: String, _ folder: ImageTreeListing.Folder, _ normalisation: ImageTree.Normalisation
  ) throws(DatasetError) {
    var hash = SHA256()
    for file in folder.files {
      let path = folder.name.isEmpty ? "\(root)/\(file)" : "\(root)/\(folder.name)/\(file)"
      let bytes = try DataFile.read(path, remedy: "convert the data set again")
      hash.update("\(folder.name)/\(file)\n\(bytes.count)\n".utf8)
      hash.update(bytes)
      let (image, remarks) = try PNGImage.decodeRemarking(bytes, path: path)
      self.remarks.add(remarks, at: folder.name.isEmpty ? file : "\(folder.name)/\(file)")
      pixels += normalisation.apply(image).pixels
    }
    digest = hash.finalize()
  }
}
