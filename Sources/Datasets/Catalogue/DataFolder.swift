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
  public func existingOriginal(_ file: SourceFile, of source: ImageSource) -> String? {
    [file.compressedName, file.name]
      .map { "\(path)/\(source.folder)/\($0)" }
      .first { FileBytes.size($0) != nil }
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
  public func readyFiles() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }.sorted()
      .map { "\(path)/\($0)" }
      .filter { (try? HDF5File.open($0).string("format")) != Self.learnedFormat }
  }

  /// The attribute `format` of files of what a run has learned.
  public static let learnedFormat = "bda-learned"
}
