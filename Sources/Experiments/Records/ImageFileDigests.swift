import Datasets
import Results
import Synchronization

/// The image files of a folder as records name them, digested once per process.
///
/// A run's identity needs the digests before its data is read into the form it is used in; the images
/// themselves are let go again.
package final class ImageFileDigests: Sendable {
  private let folder: DataFolder
  private let notes: DataNotes
  private let known = Mutex<[String: RunRecord.DatasetUse]>([:])

  /// The files of a folder; what there is to say of them goes to `notes`.
  init(folder: DataFolder, notes: DataNotes) {
    self.folder = folder
    self.notes = notes
  }

  /// One file of a data set, and for what it serves.
  ///
  /// - Throws: `DatasetError` where the file is missing or wrong.
  package func use(
    name: String, split: String, purpose: String
  ) throws -> RunRecord.DatasetUse {
    let key = "\(name)\n\(split)\n\(purpose)"
    if let use = known.withLock({ $0[key] }) { return use }
    let file = try folder.load(name: name, split: split)
    notes.add(file.notes)
    let use = RunRecord.DatasetUse(file, purpose: purpose)
    known.withLock { $0[key] = use }
    return use
  }
}
