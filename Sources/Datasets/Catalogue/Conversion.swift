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
  /// is left alone unless `force` is set; its pixels are checked by ``verifyReady(_:of:)`` and
  /// whenever it is loaded.
  public func convert(
    _ split: ImageSource.Split, of source: ImageSource, mirror: DataFolder? = nil,
    force: Bool = false, command: String
  ) throws(DatasetError) -> ConversionOutcome {
    let destination = readyPath(name: source.name, split: split.name)
    let digests = [split.images, split.labels].map { "sha256:\($0.sha256) \($0.name)" }
    if !force, isUpToDate(destination, digests) { return .alreadyThere(path: destination) }

    var origins: [String] = []
    func read(_ file: SourceFile) throws(DatasetError) -> IDXFile {
      let found = existingOriginal(file, of: source) ?? mirror?.existingOriginal(file, of: source)
      guard let found else {
        let places = [path, mirror?.path].compactMap { $0 }.joined(separator: " or ")
        throw DatasetError(
          .missing,
          "The original file \(source.name)/\(file.compressedName) is not in \(places): run "
            + "`datasets fetch \(source.name)` first, or give --mirror"
            + ([self] + (mirror.map { [$0] } ?? [])).map { $0.spellingHint(file, of: source) }
            .joined() + ".")
      }
      origins.append(found)
      let bytes = try DataFile.read(found, remedy: "run `datasets fetch \(source.name)`")
      return try IDXFile.parse(try file.verified(bytes, path: found), path: found)
    }
    let images = try read(split.images)
    let labels = try read(split.labels)
    let dataset = try ImageDataset(
      name: source.name, split: split.name, shape: images.shape, images: images.values,
      labels: labels.values, classNames: source.classNames,
      provenance: ImageProvenance(
        source: (source.addresses.prefix(1) + origins).joined(separator: ", "),
        sourceDigests: digests, command: command,
        tool: "datasets (image form \(imageFormVersion))"))
    try dataset.save(destination)
    return .converted(path: destination, count: dataset.count)
  }

  /// Whether a ready file records the right originals. Reads attributes only.
  private func isUpToDate(_ path: String, _ digests: [String]) -> Bool {
    guard FileBytes.size(path) != nil, let file = try? HDF5File.open(path) else { return false }
    return (try? file.strings("sourceDigest")) == digests
      && (try? file.string("tool")) == "datasets (image form \(imageFormVersion))"
      && (try? file.string("contentDigest")) != nil
      && file.contains("images") && file.contains("labels")
  }

  /// Checks an original file against its pinned digest and returns its path.
  public func verifyOriginal(
    _ file: SourceFile, of source: ImageSource
  ) throws(DatasetError) -> String {
    guard let found = existingOriginal(file, of: source) else {
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
  /// The images and labels of a public data set, packed as IDX again, must have the digests of the
  /// published files: nothing that happened in between can go unnoticed.
  public func verifyReady(
    _ split: ImageSource.Split, of source: ImageSource
  ) throws(DatasetError) -> ImageDataset {
    let dataset = try load(name: source.name, split: split.name)
    let packed = [
      (split.images, IDXFile(shape: dataset.shape, values: dataset.images)),
      (split.labels, IDXFile(shape: [dataset.count], values: dataset.labels)),
    ]
    for (file, contents) in packed {
      let found = contents.digest
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
