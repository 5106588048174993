import Files
import Foundation
import Results

/// How far a run is, as its files tell: what skipping, sweeping and listing go by.
package enum RunState: Sendable, Equatable {
  /// Its record is there, completed, with the same configuration, keys that the run does not read apart.
  case completed(RunRecord.Timing)
  /// Its record says that the method broke down; the same command would end in the same way.
  case brokenDown(RunRecord.Status, RunRecord.Timing)
  /// A process holds the right to run it: its number and machine, where they are known.
  case running(RunLock.Holder)
  /// It has a checkpoint that the same command continues from; the seconds spent, where a record
  /// of the interrupted run tells.
  case interrupted(seconds: Double?)
  /// Nothing is there, or a record of other settings, which the run will replace.
  case missing

  /// The state of the run of a place.
  package init(_ place: RunPlace) {
    let path = place.record
    let record = Self.record(of: place)
    if let record {
      switch record.status.kind {
      case .completed:
        self = .completed(record.timing)
        return
      case .diverged, .nonFinite:
        self = .brokenDown(record.status, record.timing)
        return
      case .interrupted: break
      }
    }
    if let holder = RunLock.holder(for: path) {
      self = .running(holder)
    } else if PathState(CheckpointPlace.path(for: path)) != .nothing {
      self = .interrupted(seconds: record?.timing.totalSeconds)
    } else {
      self = .missing
    }
  }

  /// Whether the run's record is there, completed.
  package var isCompleted: Bool { if case .completed = self { true } else { false } }

  /// The record of a place, where it is one of the same configuration and of the run whose place this is:
  /// another run's record, put there by hand, is nobody's evidence that this one was made.
  private static func record(of place: RunPlace) -> RunRecord? {
    guard let record = try? RunRecord(readingFrom: place.record),
      RunPlace.digest(of: record.configuration, without: place.unread) == place.configurationDigest,
      place.record == record.identity.relativePath
        || place.record.hasSuffix("/" + record.identity.relativePath)
    else { return nil }
    return record
  }
}

/// A run as its experiment names it to other programs: where its record lies, and what settings that
/// record must have been made with.
package struct RunPlace: Codable, Sendable, Equatable {
  /// A few words: method, K, seed.
  package var title: String
  /// The path of its record.
  package var record: String
  /// The digest of its configuration without the keys that it does not read.
  package var configurationDigest: String
  /// These keys: a record of any values of them is the run's.
  package var unread: [String]

  /// The place of a run.
  package init(title: String, record: String, configurationDigest: String, unread: [String] = []) {
    self.title = title
    self.record = record
    self.configurationDigest = configurationDigest
    self.unread = unread
  }

  /// How far it is now.
  package var state: RunState { RunState(self) }

  /// The digest of a configuration as if some of its keys were null.
  package static func digest(of configuration: Value, without unread: [String]) -> String {
    self.configuration(configuration, without: unread).canonicalDigest
  }

  /// A configuration with some of its keys null.
  static func configuration(_ configuration: Value, without unread: [String]) -> Value {
    configuration.replacing(unread.map { ($0, .null) })
  }
}

extension Run {
  /// Where the run's record lies below a folder.
  package func place(in folder: String) -> RunPlace {
    RunPlace(
      title: title, record: "\(folder)/\(identity.relativePath)",
      configurationDigest: RunPlace.digest(of: configuration.tree, without: unread), unread: unread)
  }
}
