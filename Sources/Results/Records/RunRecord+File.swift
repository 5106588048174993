import Files
import Foundation

extension RunRecord {
  /// The record a file holds.
  ///
  /// - Throws: ``ResultsError``: `missing` without the file, `malformed` for a damaged one,
  ///   `unknownKey`, `schemaVersion`; each sentence names the file.
  public init(readingFrom path: String) throws(ResultsError) {
    self = try RunRecord(FileFormat.runRecord.tree(of: path), source: path)
  }

  /// The record of a tree that was read from `path`.
  ///
  /// Records of version 1 are brought up to date: their digests were taken over a text that was never
  /// stored (1.0 was hashed and 1 written), so they are computed anew.
  init(_ tree: Value, source path: String) throws(ResultsError) {
    self = try FileFormat.runRecord.decode(
      Self.upToDate(tree), as: RunRecord.self, source: path)
    if let problem = inconsistency {
      throw ResultsError(
        .malformed,
        "The run record '\(path)' contradicts itself (\(problem)); "
          + "write it again by repeating the run.")
    }
  }

  private static func upToDate(_ tree: Value) -> Value {
    guard case .object(var members) = tree, tree["schemaVersion"]?.integerValue == 1 else {
      return tree
    }
    for index in members.indices {
      switch members[index].key {
      case "schemaVersion": members[index].value = .integer(currentSchemaVersion)
      case "configurationDigest":
        members[index].value = .string((tree["configuration"] ?? .null).canonicalDigest)
      default: break
      }
    }
    return .object(members)
  }

  /// Writes the record under its place below a folder of runs, atomically, and returns the path.
  @discardableResult
  public func write(intoRuns folder: String) throws(ResultsError) -> String {
    try write(to: folder + "/" + relativePath)
  }

  /// The file that ``write(to:)`` writes, still without its name, which `commit()` gives it.
  package func prepared(_ path: String) throws(ResultsError) -> AtomicFile {
    let bytes = Array(try Value(encoding: self).prettyText.utf8)
    return try ResultsError.converting { () throws(FileError) in
      let file = try AtomicFile(path: path)
      try file.fill(bytes)
      return file
    }
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
