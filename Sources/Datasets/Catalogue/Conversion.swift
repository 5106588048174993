import Files
import Foundation

/// The version of the file form, part of ``ImageProvenance/tool``; raised when files must be remade.
let imageFormVersion = 1

/// What became of one split.
public enum ConversionOutcome: Sendable, Equatable {
  /// The ready file was there, made from the right originals.
  case alreadyThere(path: String)
  /// The ready file was written.
  case converted(path: String, count: Int)
}

extension DataFolder {
  /// Makes the ready file of one split from the original files, which are verified on the way.
  ///
  /// Originals are looked for here, then in `mirror`. A ready file with the right digests recorded
  /// is loaded, which checks its pixels, and left alone unless `force` is set. A file that this command
  /// has not made is never replaced, and one that cannot be opened only with `force`.
  public func convert(
    _ split: ImageSource.Split, of source: ImageSource, mirror: DataFolder? = nil,
    force: Bool = false, command: String
  ) throws(DatasetError) -> ConversionOutcome {
    let destination = readyPath(name: source.name, split: split.name)
    let digests = split.files.map { "sha256:\($0.sha256) \($0.name)" }
    if !force, isUpToDate(destination, digests) {
      do { _ = try ImageDataset.load(destination) } catch {
        guard [.malformed, .digestMismatch, .unexpectedContents].contains(error.kind) else {
          throw error
        }
        throw DatasetError(
          error.kind,
          "The ready file \(destination) is damaged or has been changed, as `datasets verify "
            + "\(source.name)` says in full: replace it with `datasets convert --force \(source.name)`."
        )
      }
      return .alreadyThere(path: destination)
    }
    try ImageDataset.requireReplaceable(
      destination, force: force, command: "datasets convert --force \(source.name)")

    var origins: [String] = []
    func read(_ file: SourceFile) throws(DatasetError) -> (bytes: [UInt8], path: String) {
      var place = try existingOriginal(file, of: source)
      if place == nil, let mirror { place = try mirror.existingOriginal(file, of: source) }
      guard let found = place else {
        let places = [path, mirror?.path].compactMap { $0 }.joined(separator: " or ")
        throw DatasetError(
          .missing,
          "The original file \(source.folder)/\(file.compressedName) is not in \(places): run "
            + "`datasets fetch \(source.name)` first, or give --mirror"
            + ([self] + (mirror.map { [$0] } ?? [])).map { $0.spellingHint(file, of: source) }
            .joined() + ".")
      }
      origins.append(found)
      let bytes = try DataFile.read(found, remedy: "run `datasets fetch \(source.name)`")
      return (try file.verified(bytes, path: found), found)
    }
    let contents = try SplitContents(split.files.map(read))
    let dataset = try ImageDataset(
      name: source.name, split: split.name, shape: contents.shape, images: contents.images,
      labels: contents.labels, classNames: source.classNames,
      provenance: ImageProvenance(
        source: (source.addresses.prefix(1) + origins).joined(separator: ", "),
        sourceDigests: digests, command: command,
        tool: ImageDataset.ownTool))
    try dataset.save(destination)
    return .converted(path: destination, count: dataset.count)
  }

  /// Whether a ready file records the right originals. Reads attributes only.
  private func isUpToDate(_ path: String, _ digests: [String]) -> Bool {
    guard FileBytes.size(path) != nil, let file = try? HDF5File.open(path) else { return false }
    return (try? file.strings("sourceDigest")) == digests
      && (try? file.string("tool")) == ImageDataset.ownTool
      && (try? file.string("contentDigest")) != nil
      && (try? file.contains("images")) == true && (try? file.contains("labels")) == true
  }

  /// Checks an original file against its pinned digest and returns its path.
  public func verifyOriginal(
    _ file: SourceFile, of source: ImageSource
  ) throws(DatasetError) -> String {
    guard let found = try existingOriginal(file, of: source) else {
      throw DatasetError(
        .missing,
        "The original file \(originalPath(file, of: source)) does not exist: run "
          + "`datasets fetch \(source.name)`\(spellingHint(file, of: source)).")
    }
    _ = try file.verified(
      try DataFile.read(found, remedy: "run `datasets fetch \(source.name)`"), path: found)
    return found
  }

  /// Checks a ready file down to its pixels, and returns it.
  ///
  /// The images and labels of a public data set, packed as they came again, must have the digests of the
  /// original files: nothing that happened in between can go unnoticed.
  public func verifyReady(
    _ split: ImageSource.Split, of source: ImageSource
  ) throws(DatasetError) -> ImageDataset {
    let dataset = try load(name: source.name, split: split.name)
    let contents = SplitContents(
      shape: dataset.shape, images: dataset.images, labels: dataset.labels)
    for (file, found) in zip(split.files, contents.digests(files: split.files.count)) {
      guard found == file.sha256 else {
        throw DatasetError(
          .digestMismatch,
          "The contents of \(dataset.path ?? source.name) are not those of \(file.name) (SHA-256 "
            + "\(found), published \(file.sha256)): run `datasets convert --force "
            + "\(source.name)`.")
      }
    }
    return dataset
  }
}

/// The images and labels of a split, whichever form its original files have: two of IDX, or one of the
/// records of CIFAR.
private struct SplitContents {
  let shape: [Int]
  let images: [UInt8]
  let labels: [UInt8]

  init(shape: [Int], images: [UInt8], labels: [UInt8]) {
    self.shape = shape
    self.images = images
    self.labels = labels
  }

  init(_ files: [(bytes: [UInt8], path: String)]) throws(DatasetError) {
    if files.count == 1 {
      let records = try CIFARRecords.parse(files[0].bytes, labelBytes: 1, path: files[0].path)
      self.init(
        shape: [records.labels.count, 32, 32, 3], images: records.pixels, labels: records.labels)
    } else {
      let images = try IDXFile.parse(files[0].bytes, path: files[0].path)
      let labels = try IDXFile.parse(files[1].bytes, path: files[1].path)
      self.init(shape: images.shape, images: images.values, labels: labels.values)
    }
  }

  /// The SHA-256 of each original file, made from these values.
  func digests(files: Int) -> [String] {
    if files == 1 {
      // A ready file of another shape is not made of records; no digest is that of no bytes.
      guard shape.dropFirst() == [32, 32, 3] else { return [""] }
      return [SHA256.hexadecimal(CIFARRecords(labels: labels, pixels: images).packed)]
    }
    return [
      IDXFile(shape: shape, values: images).digest,
      IDXFile(shape: [labels.count], values: labels).digest,
    ]
  }
}
