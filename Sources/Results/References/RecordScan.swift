/// The records of a folder, and the files in it that hold none.
public struct RecordScan: Sendable {
  /// The records, ordered by identity.
  public let records: [StoredRecord]
  /// Why other JSON files were passed over, one sentence each that names the file.
  public let passedOver: [ResultsError]

  /// Reads every JSON file below a folder; those that hold no readable record are passed over and
  /// named, so that one foreign or damaged file does not hide all others.
  ///
  /// - Throws: ``ResultsError``: `missing` without the folder; `malformed` where two files record
  ///   the same run, since nothing says which of the two is meant.
  public init(_ folder: String) throws(ResultsError) {
    var found: [RunIdentity: StoredRecord] = [:]
    var passedOver: [ResultsError] = []
    for path in try RecordStore.jsonFiles(in: folder) {
      let stored: StoredRecord
      do {
        stored = StoredRecord(path: path, record: try RunRecord(readingFrom: path))
      } catch {
        passedOver.append(error)
        continue
      }
      if let other = found.updateValue(stored, forKey: stored.record.identity) {
        throw ResultsError(
          .malformed,
          "The files '\(other.path)' and '\(path)' both record the run "
            + "\(stored.record.identity); remove the one that is out of date.")
      }
    }
    records = found.sorted { $0.key < $1.key }.map(\.value)
    self.passedOver = passedOver
  }
}
