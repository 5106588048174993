/// Where the checkpoint of a run lies and how it begins: the engine writes it, and who watches a run looks
/// at it.
package enum CheckpointPlace {
  /// How the names of checkpoints end, in the place of a record's `.json`.
  package static let ending = ".checkpoint"
  /// The first word of every checkpoint.
  package static let firstWord = "bda-checkpoint"

  /// The checkpoint of the run with a record's path.
  package static func path(for record: String) -> String {
    (record.hasSuffix(".json") ? String(record.dropLast(5)) : record) + ending
  }

  /// The path of the record whose run has a checkpoint at `path`; nil where it is no name of one.
  package static func record(ofCheckpointAt path: String) -> String? {
    path.hasSuffix(ending) ? String(path.dropLast(ending.count)) + ".json" : nil
  }
}
