import Files
import Foundation

extension RunRecord {
  /// The record a file holds.
  ///
  /// - Throws: ``ResultsError``: `missing` without the file, `malformed` for a damaged one,
  ///   `unknownKey`, `schemaVersion`; each sentence names the file.
  public init(readingFrom path: String) throws(ResultsError) {
    self = try FileFormat.runRecord.read(path, as: RunRecord.self)
    if let problem = inconsistency {
      throw ResultsError(
        .malformed,
        "The run record '\(path)' contradicts itself (\(problem)); "
          + "write it again by repeating the run.")
    }
  }

  /// Writes the record under its place below a folder of runs, atomically, and returns the path.
  @discardableResult
  public func write(intoRuns folder: String) throws(ResultsError) -> String {
    try write(to: folder + "/" + relativePath)
  }

  /// Writes the record under exactly this path, atomically, and returns the path.
  @discardableResult
  public func write(to path: String) throws(ResultsError) -> String {
    let text = try Value(encoding: self).prettyText
    try ResultsError.converting { () throws(FileError) in try AtomicFile.write(text, to: path) }
    return path
  }
}

/// A record together with the file it came from.
public struct StoredRecord: Equatable, Sendable {
  /// The path it was read from.
  public let path: String
  /// The record.
  public let record: RunRecord

  /// A record and its path.
  public init(path: String, record: RunRecord) {
    self.path = path
    self.record = record
  }
}

/// Folders of records.
public enum RecordStore {
  /// All records below the folder, ordered by identity; files called "tolerances.json" and hidden
  /// files are passed by.
  ///
  /// - Throws: ``ResultsError``: `missing` without the folder, `malformed` (or `unknownKey`,
  ///   `schemaVersion`) for the first damaged record or for two files that record the same run.
  public static func load(_ folder: String) throws(ResultsError) -> [StoredRecord] {
    var records: [RunIdentity: StoredRecord] = [:]
    for path in try jsonFiles(in: folder) where !path.hasSuffix("/tolerances.json") {
      let stored = StoredRecord(path: path, record: try RunRecord(readingFrom: path))
      if let other = records.updateValue(stored, forKey: stored.record.identity) {
        throw ResultsError(
          .malformed,
          "The files '\(other.path)' and '\(path)' both record the run "
            + "\(stored.record.identity); remove the one that is out of date.")
      }
    }
    return records.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The paths of all JSON files below the folder, sorted; hidden files are passed by.
  static func jsonFiles(in folder: String) throws(ResultsError) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw ResultsError(
        .missing,
        "The folder '\(folder)' does not exist; run an experiment first, or name the "
          + "folder that holds its records.")
    }
    guard let enumerator = FileManager.default.enumerator(atPath: folder) else {
      throw ResultsError(
        .inputOutput, "The folder '\(folder)' could not be listed; check its permissions.")
    }
    var paths: [String] = []
    for case let name as String in enumerator where name.hasSuffix(".json") {
      let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
      if !isHidden { paths.append(folder + "/" + name) }
    }
    return paths.sorted()
  }
}
