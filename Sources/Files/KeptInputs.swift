import Foundation

/// The files that a command reads, which none of the files that it writes may take the place of.
///
/// Somebody's only copy of some data would be gone, and with success: every command that reads data and
/// writes to a path of one's choice asks here before it writes anything.
public struct KeptInputs: Sendable {
  private let paths: [String]

  /// The inputs of a command, files or folders; what does not exist is kept by its name alone.
  public init(_ paths: [String]) { self.paths = paths }

  /// Requires that no output is an input, under whatever name, or a picture in a folder of inputs.
  ///
  /// - Throws: ``FileError`` of the kind ``FileError/Kind/isInput`` for the first that is. Two system
  ///   calls for each pair of an input and an output.
  public func require(keptBy outputs: [String]) throws(FileError) {
    for output in outputs {
      for input in paths where Self.areSame(input, output) || Self.isPicture(output, below: input) {
        throw FileError(
          .isInput,
          "The output '\(output)' would take the place of the input '\(input)'; name another file or "
            + "folder to write to, so that the input is kept.")
      }
    }
  }

  /// Whether two paths lead to one file, through links of either kind.
  private static func areSame(_ first: String, _ second: String) -> Bool {
    var (one, other) = (stat(), stat())
    if stat(first, &one) == 0, stat(second, &other) == 0 {
      // A device or a pipe is written through: nothing is lost that it held.
      return one.st_mode & S_IFMT == S_IFREG && one.st_dev == other.st_dev
        && one.st_ino == other.st_ino
    }
    return resolved(first) == resolved(second)
  }

  private static func isPicture(_ output: String, below folder: String) -> Bool {
    var (status, own) = (stat(), stat())
    guard output.lowercased().hasSuffix(".png"), stat(folder, &status) == 0,
      status.st_mode & S_IFMT == S_IFDIR, stat(output, &own) == 0
    else { return false }
    return resolved(output).hasPrefix(resolved(folder) + "/")
  }

  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }
}
