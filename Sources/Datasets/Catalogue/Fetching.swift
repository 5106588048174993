import Files
import Foundation

/// Where original files are taken from.
public enum FetchOrigin: Sendable, Equatable {
  /// The addresses at which a data set is published.
  case published
  /// A folder in the layout of ``DataFolder``.
  case folder(String)
  /// An address below which the files lie in the layout of ``DataFolder``.
  case address(String)

  /// A mirror given as text: an address when it begins with `http://` or `https://`, else a folder.
  public init(mirror: String) {
    let isAddress = ["http://", "https://"].contains { mirror.lowercased().hasPrefix($0) }
    self = isAddress ? .address(mirror) : .folder(mirror)
  }
}

/// Copies what an address answers into a file that exists and is empty.
public typealias Transport =
  @Sendable (_ address: String, _ path: String) throws(DatasetError) ->
  Void

/// What became of one original file.
public enum FetchOutcome: Sendable, Equatable {
  /// It was there already, with the right digest.
  case alreadyThere(path: String)
  /// It was taken from `origin` (an address or a path), verified, and put at `path`.
  case fetched(path: String, origin: String)
}

extension DataFolder {
  /// Makes one original file present and right.
  ///
  /// A right file is left alone; a wrong one is replaced. Bytes are verified before they get their
  /// name, so that an interrupted or damaged transfer leaves nothing under it.
  ///
  /// - Parameter report: called with one line of progress at a time.
  public func fetch(
    _ file: SourceFile, of source: ImageSource, from origin: FetchOrigin, transport: Transport,
    report: (String) -> Void = { _ in }
  ) throws(DatasetError) -> FetchOutcome {
    let present = try existingOriginal(file, of: source)
    if let present {
      do {
        _ = try file.verified(try DataFile.read(present, remedy: "fetch it"), path: present)
        return .alreadyThere(path: present)
      } catch {
        // Of its bytes nothing is known: it may well be right.
        if error.kind == .unreadable { throw error }
        report("\(error.message) Replacing it now.")
      }
    }
    let (path, taken) =
      switch origin {
      case .folder(let mirror):
        try copy(file, of: source, from: DataFolder(path: mirror))
      case .address(let address):
        try download(
          file, of: source, from: [joined(address, "\(source.folder)/")], transport, report)
      case .published where source.addresses.isEmpty:
        throw DatasetError(
          .missing,
          "The data set \(source.name) is read from a mirror that has "
            + "\(source.files.map { "\(source.folder)/\($0.compressedName)" }.joined(separator: " and ")): "
            + "give it with --mirror or BDA_MIRROR.")
      case .published:
        try download(file, of: source, from: source.addresses, transport, report)
      }
    // A differently packed twin that was found to be wrong must not be found again.
    if let present, present != path { unlink(present) }
    return .fetched(path: path, origin: taken)
  }

  private func copy(
    _ file: SourceFile, of source: ImageSource, from mirror: DataFolder
  ) throws(DatasetError) -> (path: String, origin: String) {
    let state = PathState(mirror.path)
    if let refusal = state.refusal(of: mirror.path) { throw DatasetError(.unreadable, refusal) }
    guard state != .nothing else {
      guard !mirror.path.contains("://") else {
        throw DatasetError(
          .missing,
          "The mirror \(mirror.path) is an address that cannot be fetched from: give one that begins with "
            + "http:// or https://, or a folder.")
      }
      throw DatasetError(
        .missing,
        "The mirror folder \(mirror.path) does not exist: correct --mirror or BDA_MIRROR, or unset "
          + "it to download.")
    }
    guard let original = try mirror.existingOriginal(file, of: source) else {
      throw DatasetError(
        .missing,
        "The mirror \(mirror.path) has neither \(source.folder)/\(file.compressedName) nor "
          + "\(source.folder)/\(file.name): add the file to it, or fetch without a mirror"
          + "\(mirror.spellingHint(file, of: source)).")
    }
    let bytes = try DataFile.read(original, remedy: "check the mirror")
    _ = try file.verified(bytes, path: original)
    // The copy keeps the mirror's packing, so that its name says what it is.
    let destination =
      "\(path)/\(source.folder)/" + (Gzip.isCompressed(bytes) ? file.compressedName : file.name)
    try DatasetError.converting { () throws(FileError) in
      try AtomicFile.write(bytes, to: destination)
    }
    return (destination, original)
  }

  private func download(
    _ file: SourceFile, of source: ImageSource, from addresses: [String], _ transport: Transport,
    _ report: (String) -> Void
  ) throws(DatasetError) -> (path: String, origin: String) {
    let destination = originalPath(file, of: source)
    var failures: [DatasetError] = []
    for base in addresses {
      let address = joined(base, file.compressedName)
      let download = try DatasetError.converting { () throws(FileError) in
        try AtomicFile(path: destination)
      }
      report("Downloading \(address)")
      do {
        try transport(address, download.temporaryPath)
        let bytes = try DataFile.read(download.temporaryPath, remedy: "fetch it again")
        _ = try file.verified(bytes, path: address)
        guard Gzip.isCompressed(bytes) else {
          // A server that packs what it sends (Content-Encoding) had it unpacked on the way: the name
          // then says what the bytes are, as with a plain file of a mirror.
          let plain = "\(path)/\(source.folder)/\(file.name)"
          try DatasetError.converting { () throws(FileError) in
            try AtomicFile.write(bytes, to: plain)
          }
          return (plain, address)
        }
        try DatasetError.converting { () throws(FileError) in try download.commit() }
        return (destination, address)
      } catch {
        // From the next address it would go to the same disk.
        if error.kind == .unwritable { throw error }
        failures.append(error)
        report(error.message)
      }
    }
    // One failure speaks for itself; of several, each has been reported.
    if failures.count == 1 { throw failures[0] }
    let isWrong = failures.allSatisfy { $0.kind != .network }
    throw DatasetError(
      isWrong ? .digestMismatch : .network,
      "\(file.compressedName) of \(source.name) could not be fetched from any of "
        + "\(addresses.joined(separator: ", ")): run the command again later, or give a folder that "
        + "has the file with --mirror or BDA_MIRROR.")
  }

  private func joined(_ base: String, _ name: String) -> String {
    base.hasSuffix("/") ? base + name : "\(base)/\(name)"
  }
}
