import Foundation
import Results

/// What records that this program cannot read mean for the state of a run.
///
/// `RunPlace.state` passes them over as it does records of other settings. A run does not: what has
/// its record's name and is not understood may be somebody's work, and the run ends rather than
/// replace it.
enum UnreadableRecord {
  /// Why the file with the name of a run's record cannot be read, in one sentence.
  ///
  /// Nil where it can, where there is none, and for a run that has its record or is under way.
  static func reason(at place: RunPlace, in state: RunState) -> String? {
    switch state {
    case .completed, .brokenDown, .running: return nil
    case .interrupted, .missing: break
    }
    // As the run goes by: links and devices are written to, whatever they hold.
    var status = stat()
    guard lstat(place.record, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    do throws(ResultsError) {
      _ = try RunRecord(readingFrom: place.record)
      return nil
    } catch {
      return error.kind == .missing ? nil : error.message
    }
  }
}
