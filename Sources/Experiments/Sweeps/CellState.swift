import Foundation
import Results

/// A cell of a sweep with what its experiment says of it.
package struct PlannedCell: Sendable {
  /// Its number in the sweep, from 0.
  package let number: Int
  /// The cell.
  package let cell: SweepCell
  /// Its runs and where their records lie: one, as a rule. None where it is refused.
  package let places: [RunPlace]
  /// Why the experiment refuses it, and with which exit code; nil where it does not.
  package let refusal: PlanAnswer?

  /// How far it is now.
  package var state: CellState {
    let runs = places.map { ($0, ForeignLock.state(of: $0)) }
    return CellState(
      runs.map(\.1), isRefused: refusal != nil,
      unreadable: runs.lazy.compactMap { UnreadableRecord.reason(at: $0, in: $1) }.first)
  }

  /// Whether something holds the right to one of its runs, whatever the lock's file says.
  var isHeld: Bool { places.contains { RunLock.isLocked($0.record) } }
}

/// How far a cell is.
package struct CellState: Sendable, Equatable {
  /// The ways in which a cell can stand.
  package enum Kind: String, Sendable, CaseIterable {
    /// All records are there.
    case completed
    /// The method broke down, and would again.
    case brokenDown = "broke down"
    /// A process is at it.
    case running
    /// It was begun, and will be continued.
    case interrupted
    /// Nothing has been done.
    case missing
    /// Something that cannot be read has the name of its record, and is not replaced.
    case unreadable
    /// The experiment refuses it.
    case refused

    /// Whether running it again would change nothing.
    package var isSettled: Bool {
      self == .completed || self == .brokenDown || needsCorrection
    }

    /// Whether somebody must correct the sweep, or move a file away, before it can be run.
    package var needsCorrection: Bool { self == .refused || self == .unreadable }
  }

  /// How far it is.
  package let kind: Kind
  /// The seconds that its records took, or that an interrupted run has spent; nil where unknown.
  package let seconds: Double?
  /// The peak memory of its records; nil where unknown.
  package let bytes: Int?
  /// Why a method broke down or a record cannot be read, or who is running it; nil otherwise.
  package let detail: String?

  /// The state of a cell with runs in these states.
  ///
  /// - Parameter unreadable: why what has the name of a record cannot be read; nil where it can.
  init(_ runs: [RunState], isRefused: Bool, unreadable: String? = nil) {
    var (seconds, bytes): ([Double], [Int]) = ([], [])
    var details: [String] = []
    var kinds: Set<Kind> = []
    for run in runs {
      switch run {
      case .completed(let timing):
        kinds.insert(.completed)
        seconds.append(timing.totalSeconds)
        if let peak = timing.peakResidentBytes { bytes.append(peak) }
      case .brokenDown(let status, let timing):
        kinds.insert(.brokenDown)
        seconds.append(timing.totalSeconds)
        details.append(status.reason ?? status.kind.rawValue)
      case .running(let holder):
        kinds.insert(.running)
        let process = holder.process.map { "process \($0)" } ?? "a process"
        details.append(process + (holder.machine.map { " on \($0)" } ?? ""))
      case .interrupted(let spent):
        kinds.insert(.interrupted)
        if let spent { seconds.append(spent) }
      case .missing: kinds.insert(.missing)
      }
    }
    kind =
      if isRefused {
        .refused
      } else if kinds.contains(.running) {
        .running
      } else if unreadable != nil {
        .unreadable
      } else if kinds.contains(.interrupted) || (kinds.contains(.missing) && kinds.count > 1) {
        .interrupted
      } else if kinds.contains(.missing) || kinds.isEmpty {
        .missing
      } else {
        kinds.contains(.brokenDown) ? .brokenDown : .completed
      }
    self.seconds = seconds.isEmpty ? nil : seconds.reduce(0, +)
    self.bytes = bytes.max()
    detail = kind == .unreadable ? unreadable : details.first
  }
}
