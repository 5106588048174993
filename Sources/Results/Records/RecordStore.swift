import Files
import Foundation

/// Folders of records.
public enum RecordStore {
  /// What a folder holds.
  public struct Contents: Sendable {
    /// The records, ordered by identity.
    public var records: [StoredRecord] = []
    /// What is not a record and was passed over, each with the reason: one sentence a line.
    public var passedOver: [String] = []
  }

  /// All records below the folder, ordered by identity; see ``contents(of:)``.
  public static func load(_ folder: String) throws(ResultsError) -> [StoredRecord] {
    try contents(of: folder).records
  }

  /// All records below the folder, links to folders followed.
  ///
  /// JSON files that are no records are somebody else's, so they are passed over and named; files
  /// called "tolerances.json", records of `make bench` and hidden files are not even named.
  ///
  /// - Throws: ``ResultsError``: `missing` without the folder, `malformed` (or `unknownKey`,
  ///   `schemaVersion`) for the first record that contradicts itself or two of the same run.
  public static func contents(of folder: String) throws(ResultsError) -> Contents {
    var contents = Contents()
    var records: [RunIdentity: StoredRecord] = [:]
    let (paths, notes) = try walk(folder)
    contents.passedOver = notes
    for path in paths where !path.hasSuffix("/tolerances.json") {
      let tree: Value
      do {
        tree = try FileFormat.runRecord.tree(of: path)
      } catch  where error.kind == .malformed {
        contents.passedOver.append("Passed over: \(error.message)")
        continue
      } catch  where error.kind == .missing {
        // It was there when the folder was listed: a run that goes on has replaced or removed it.
        contents.passedOver.append("Passed over: \(error.message)")
        continue
      }
      if tree["record"]?.stringValue == "performance" { continue }
      guard tree["schemaVersion"] != nil, tree["experiment"] != nil, tree["method"] != nil else {
        contents.passedOver.append("Passed over: the file '\(path)' is not a run record.")
        continue
      }
      let stored = StoredRecord(path: path, record: try RunRecord(tree, source: path))
      if let other = records.updateValue(stored, forKey: stored.record.identity) {
        throw ResultsError(
          .malformed,
          "The files '\(other.path)' and '\(path)' both record the run "
            + "\(stored.record.identity); remove the one that is out of date.")
      }
    }
    contents.records = records.sorted { $0.key < $1.key }.map(\.value)
    return contents
  }

  /// The paths of all JSON files below the folder, sorted; hidden files are not named.
  static func jsonFiles(in folder: String) throws(ResultsError) -> [String] {
    try walk(folder).paths
  }

  /// The paths of all JSON files below the folder, sorted, and notes on folders passed over; hidden
  /// files are not named.
  private static func walk(
    _ folder: String
  ) throws(ResultsError) -> (paths: [String], notes: [String]) {
    let state = PathState(folder)
    if let refusal = state.refusal(of: folder) { throw ResultsError(.inputOutput, refusal) }
    guard state == .folder else {
      throw ResultsError(
        .missing,
        state != .nothing
          ? "'\(folder)' is a file, where a folder of records is expected; name the folder that it "
            + "lies in."
          : "The folder '\(folder)' does not exist; run an experiment first, or name the "
            + "folder that holds its records.")
    }
    let walk: FolderWalk
    do { walk = try FolderWalk(folder) } catch {
      throw ResultsError(.inputOutput, error.description)
    }
    let notes =
      walk.repeated.map { "Passed over: the folder '\($0.folder)' is the same as '\($0.first)'." }
      + walk.dangling.filter(isJSON).map { "Passed over: the link '\($0)' leads nowhere." }
    return (walk.files.filter(isJSON), notes)
  }

  private static func isJSON(_ path: String) -> Bool { path.hasSuffix(".json") }
}
