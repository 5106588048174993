import Files
import Foundation

/// A public data set whose ready form is a tree of PNG images.
public enum TreeSource: String, Sendable, CaseIterable {
  /// Omniglot: 1,623 handwritten characters of 50 alphabets, 20 drawers each.
  case omniglot
  /// The classes of CIFAR-100 in the CIFAR-FS split, 32 x 32 RGB.
  case cifarFS = "cifar-fs"

  /// The name used by commands and folders.
  public var name: String { rawValue }

  /// The terms of use and whom to cite.
  public var licence: String {
    switch self {
    case .omniglot:
      "MIT, Brenden Lake, 2015; cite Lake, Salakhutdinov, Tenenbaum, Science 350, 2015"
    case .cifarFS:
      "A. Krizhevsky, 2009 (technical report); split of Bertinetto et al., ICLR 2019, as in "
        + "tristandeleu/pytorch-meta (MIT)"
    }
  }

  /// The mirror's files, pinned by their decompressed bytes, and the folder that they lie in.
  var mirrored: ImageSource {
    switch self {
    case .omniglot:
      source(
        "omniglot",
        [
          SourceFile(
            name: "omniglot_28x28.tar", byteCount: 33_249_280,
            sha256: "5af8b41e4b34d5a4a24df1d3ce7d3199c12f2ddb2f8dced7c0fcf6ff16d09def")
        ])
    case .cifarFS:
      source(
        "cifar-100",
        [
          SourceFile(
            name: "train-subset.bin", byteCount: 15_370_000,
            sha256: "f7bfdc345f763949ff2b654905bd62cba85590d102dcf7e4e26d85d032682dec"),
          SourceFile(
            name: "test.bin", byteCount: 30_740_000,
            sha256: "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
          SourceFile(
            name: "cifar-fs-split.json", byteCount: 5_059,
            sha256: "acd5c082f95312a0e35586e2019f0a5d28cd7fb56e5681a4f1afa983f782f9d9"),
        ])
    }
  }

  /// The zip archives that the author of Omniglot publishes: 105 x 105, in two sets.
  static let officialOmniglotArchives = ["images_background.zip", "images_evaluation.zip"]

  /// Where they lie.
  static let officialOmniglotAddress =
    "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"

  private func source(_ folder: String, _ files: [SourceFile]) -> ImageSource {
    ImageSource(
      name: folder, classNames: [],
      splits: files.map { ImageSource.Split(name: $0.name, images: $0, labels: $0) },
      addresses: [], licence: licence)
  }

  var files: [SourceFile] { mirrored.splits.map(\.images) }
}

extension DataFolder {
  /// Where the ready tree of a data set lies.
  public func treePath(name: String) -> String { "\(path)/\(name)-images" }

  /// Makes the original files of a tree present and right; one outcome per file.
  ///
  /// From a mirror: the packed files that it holds, pinned by SHA-256. From the places of
  /// publication: Omniglot's two zip archives, whose members are verified by checksum and counted
  /// (no digest of the archives is published); CIFAR-FS is taken from a mirror only.
  public func fetch(
    _ source: TreeSource, from origin: FetchOrigin, transport: Transport,
    report: (String) -> Void = { _ in }
  ) throws(DatasetError) -> [FetchOutcome] {
    var outcomes: [FetchOutcome] = []
    if origin == .published {
      guard source == .omniglot else {
        throw DatasetError(
          .missing,
          "The data set \(source.name) is read from a mirror that has cifar-100/test.bin.gz, "
            + "cifar-100/train-subset.bin.gz and cifar-100/cifar-fs-split.json: give it with "
            + "--mirror or BDA_MIRROR.")
      }
      for name in TreeSource.officialOmniglotArchives {
        outcomes.append(try fetchArchive(name, transport, report))
      }
      return outcomes
    }
    for file in source.files {
      outcomes.append(
        try fetch(file, of: source.mirrored, from: origin, transport: transport, report: report))
    }
    return outcomes
  }

  private func fetchArchive(
    _ name: String, _ transport: Transport, _ report: (String) -> Void
  ) throws(DatasetError) -> FetchOutcome {
    let destination = "\(path)/omniglot/\(name)"
    if try FileBytes.isThere(destination) {
      do {
        _ = try OmniglotImages.official(destination)
        return .alreadyThere(path: destination)
      } catch {
        // Of its bytes nothing is known: it may well be right.
        if error.kind == .unreadable { throw error }
        report("\(error.message) Replacing it now.")
      }
    }
    let address = TreeSource.officialOmniglotAddress + name
    let download = try DatasetError.converting { () throws(FileError) in
      try AtomicFile(path: destination)
    }
    report("Downloading \(address)")
    try transport(address, download.temporaryPath)
    _ = try OmniglotImages.official(download.temporaryPath, named: address)
    try DatasetError.converting { () throws(FileError) in try download.commit() }
    return .fetched(path: destination, origin: address)
  }

  /// Checks the original files that are there; the paths that were right.
  public func verifyOriginals(_ source: TreeSource) throws(DatasetError) -> [String] {
    var right: [String] = []
    for file in source.files where try existingOriginal(file, of: source.mirrored) != nil {
      right.append(try verifyOriginal(file, of: source.mirrored))
    }
    if source == .omniglot {
      for name in TreeSource.officialOmniglotArchives {
        let path = "\(path)/omniglot/\(name)"
        guard try FileBytes.isThere(path) else { continue }
        _ = try OmniglotImages.official(path)
        right.append(path)
      }
    }
    return right
  }

  /// Makes the ready tree of a data set from its original files, here or in a mirror.
  ///
  /// A tree that is there is left alone unless `force` is set; then it is replaced, whatever it says of
  /// itself.
  public func convert(
    _ source: TreeSource, mirror: DataFolder? = nil, force: Bool = false, command: String
  ) throws(DatasetError) -> (description: ImageTreeDescription, path: String, wasThere: Bool) {
    let destination = treePath(name: source.name)
    if !force {
      let present = try ImageTreeDescription.read(
        destination, remedy: "run `datasets convert --force \(source.name)`")
      if !present.contentDigest.isEmpty { return (present, destination, true) }
    }
    let folders = [self] + (mirror.map { [$0] } ?? [])
    let description: ImageTreeDescription
    switch source {
    case .omniglot:
      description = try OmniglotImages.write(to: destination, from: folders, command: command)
    case .cifarFS:
      description = try CIFARFewShotImages.write(
        to: destination, from: folders, command: command)
    }
    return (description, destination, false)
  }

  /// Checks the ready tree of a data set, decoding every image; what is known of it, and what a
  /// person should know of how it was read.
  public func verifyTree(
    _ source: TreeSource
  ) throws(DatasetError) -> (description: ImageTreeDescription, notes: [String]) {
    let path = treePath(name: source.name)
    let tree = try ImageTree.verify(
      path, remedy: "run `datasets convert --force \(source.name)`")
    if source == .omniglot {
      try OmniglotImages.requireComplete(
        classes: tree.description.classes, images: tree.description.images, path)
    }
    return tree
  }

  /// The paths of all ready trees, sorted: folders whose names end in `-images`. One that cannot be reached
  /// counts as a tree, so that the reason is met in reading it.
  ///
  /// - Throws: where the data folder may not be listed.
  public func readyTrees() throws(DatasetError) -> [String] {
    try names().filter { $0.hasSuffix("-images") && !$0.hasPrefix(".") }
      .map { "\(path)/\($0)" }
      .filter { place in
        switch PathState(place) {
        case .folder, .unreachable: true
        case .nothing, .file, .other: false
        }
      }
  }

  /// The verified bytes of a mirrored original in any of the folders.
  static func original(
    _ file: SourceFile, of source: TreeSource, in folders: [DataFolder]
  ) throws(DatasetError) -> [UInt8]? {
    for folder in folders {
      guard let path = try folder.existingOriginal(file, of: source.mirrored) else { continue }
      return try file.verified(
        try DataFile.read(path, remedy: "run `datasets fetch \(source.name)`"), path: path)
    }
    return nil
  }
}
