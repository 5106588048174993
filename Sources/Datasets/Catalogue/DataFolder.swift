import Files
import Foundation

/// The folder that holds the data: original files below `<name>/`, ready files beside them.
///
///     datasets/mnist/train-images-idx3-ubyte.gz      as published
///     datasets/mnist-train.h5                        as experiments read it
///
/// Its layout is that of a mirror, so one person's data folder is another's `--mirror`.
public struct DataFolder: Sendable, Equatable {
  /// The path of the folder.
  public let path: String

  /// The folder at `path`; it need not exist.
  public init(path: String) { self.path = path }

  /// The folder that `BDA_DATA_DIR` names, `datasets` when it is unset or empty.
  public static func standard(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> DataFolder {
    let named = environment["BDA_DATA_DIR"] ?? ""
    return DataFolder(path: named.isEmpty ? "datasets" : named)
  }

  /// Where the original file lies, as published.
  func originalPath(_ file: SourceFile, of source: ImageSource) -> String {
    "\(path)/\(source.folder)/\(file.compressedName)"
  }

  /// The path of the original file that is there, compressed or not, nil when neither is.
  ///
  /// - Throws: where the system does not say whether one is there.
  public func existingOriginal(
    _ file: SourceFile, of source: ImageSource
  ) throws(DatasetError) -> String? {
    for name in [file.compressedName, file.name] {
      let place = "\(path)/\(source.folder)/\(name)"
      if try FileBytes.isThere(place) { return place }
    }
    return nil
  }

  /// Requires that the path leads to a folder or certainly to nothing.
  public func requireFolder() throws(DatasetError) {
    let state = PathState(path)
    if let refusal = state.refusal(of: path) { throw DatasetError(.unreadable, refusal) }
    guard [.nothing, .folder].contains(state) else {
      throw DatasetError(
        .unreadable,
        "The data folder \(path) is a file: name a folder with --data or BDA_DATA_DIR.")
    }
  }

  /// Requires that what is in the folder can be known, where there is one: who took a folder that may not
  /// be listed or entered for an empty one would have good data made again.
  public func requireReadable() throws(DatasetError) {
    try requireFolder()
    guard PathState(path) != .nothing else { return }
    _ = try names()
    // A folder that may be listed and not entered would seem to have nothing under its names.
    guard access(path, X_OK) == 0 else { throw DatasetError(errno, listing: path) }
  }

  /// The names in the folder, sorted; none where it is not there.
  ///
  /// - Throws: where it may not be listed.
  func names() throws(DatasetError) -> [String] {
    do throws(FolderListing.Failure) {
      return try FolderListing.names(in: path)
    } catch {
      if error.isAbsence, DataFile.isAbsent(path) { return [] }
      throw DatasetError(error.code, listing: path)
    }
  }

  /// A hint for sentences about a missing original, empty when there is none: some archives spell
  /// `train-images-idx3-ubyte` as `train-images.idx3-ubyte`.
  func spellingHint(_ file: SourceFile, of source: ImageSource) -> String {
    guard let range = file.name.range(of: "-idx", options: .backwards) else { return "" }
    let dotted = file.name.replacingCharacters(in: range, with: ".idx")
    for name in [dotted + ".gz", dotted] {
      let found = "\(path)/\(source.folder)/\(name)"
      guard FileBytes.size(found) != nil else { continue }
      let wanted = name.hasSuffix(".gz") ? file.compressedName : file.name
      return "; \(found) is there under another spelling, rename it to \(wanted)"
    }
    return ""
  }

  /// Where the ready file of one split lies.
  public func readyPath(name: String, split: String) -> String {
    "\(path)/\(name)-\(split).h5"
  }

  /// One split of a data set, from its ready file.
  ///
  /// - Throws: when the file is absent, a sentence with the command that creates it.
  public func load(name: String, split: String) throws(DatasetError) -> ImageDataset {
    let path = readyPath(name: name, split: split)
    // What cannot be reached (a disk that fails, a folder without permission) may well be there, and has
    // its own sentence in loading.
    if DataFile.linkTarget(path) == nil, DataFile.isAbsent(path) {
      try requireFolder()
      throw DatasetError(
        .missing,
        "The data file \(path) does not exist: \(remedy(name)), or name the folder that has it "
          + "with --data or BDA_DATA_DIR.")
    }
    return try ImageDataset.load(path)
  }

  private func remedy(_ name: String) -> String {
    if ImageSource.named(name) != nil {
      return "create it with `datasets fetch \(name) && datasets convert \(name)`"
    }
    if name == SyntheticDigits.name { return "create it with `datasets synthesise`" }
    return "the suite knows no data set of that name (`datasets list` names those), so put a "
      + "file of your own there"
  }

  /// The paths of all ready files, sorted. Each is opened, since what runs have learned is no data; one that
  /// cannot be opened counts as data.
  ///
  /// - Throws: where the folder may not be listed.
  public func readyFiles() throws(DatasetError) -> [String] {
    try names().filter { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }
      .map { "\(path)/\($0)" }
      .filter { (try? HDF5File.open($0).string("format")) != Self.learnedFormat }
  }

  /// The attribute `format` of files of what a run has learned.
  public static let learnedFormat = "bda-learned"
}
