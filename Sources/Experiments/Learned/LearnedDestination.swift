import Commands
import Datasets
import Files

/// Where `--save` writes what runs have learned: one file, or one for each run below a folder.
package struct LearnedDestination: Sendable, Equatable {
  private let path: String

  /// Whether there is one file for each run.
  package var isFolder: Bool { path.hasSuffix("/") }

  /// A destination as it was typed: a name that ends in `.h5`, `.hdf5` or `.npz`, or a folder with a
  /// slash at its end.
  ///
  /// - Throws: `CommandFailure` for anything else.
  package init(_ path: String) throws(CommandFailure) {
    self.path = path
    guard isFolder || HDF5Path.isOne(path) || path.hasSuffix(".npz") else {
      throw CommandFailure(
        "The option --save wants a file that ends in .h5 or .npz, or a folder that ends in a slash, "
          + "but was given \"\(path)\".", exitCode: ExitStatus.usage.rawValue)
    }
  }

  /// Throws where several runs would write the same file.
  package func requireRoom(forRuns count: Int) throws(CommandFailure) {
    guard count > 1, !isFolder else { return }
    throw CommandFailure(
      "The option --save names the one file \(path), but \(count) runs were asked for: name one "
        + "--method and one --seed, or end the name in a slash for a folder with one file for each "
        + "run.", exitCode: ExitStatus.usage.rawValue)
  }

  /// The file of the run whose record lies at a path below the folder of records.
  package func file(forRecord record: String) -> String {
    guard isFolder else { return path }
    return path + (record.hasSuffix(".json") ? String(record.dropLast(5)) : record) + ".h5"
  }
}
