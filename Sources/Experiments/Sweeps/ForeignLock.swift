import Foundation

/// The lock beside a record as the kernel sees it, for what ``RunLock`` cannot tell from its file.
///
/// `RunLock` believes the process number in the file and takes no lock, which is right where runs
/// hold it. Any other program can hold it as well, and leaves no number: the run's process is turned
/// away then, and the file says that nobody is there.
enum ForeignLock {
  /// The state of a run: running, too, where something holds the right to it without a number.
  static func state(of place: RunPlace) -> RunState {
    let state = place.state
    switch state {
    case .completed, .brokenDown, .running: return state
    case .interrupted, .missing: break
    }
    guard !namesProcess(place.record), isHeld(place.record) else { return state }
    return .running(RunLock.Holder(process: nil, machine: nil))
  }

  /// Whether something holds the right to the run with a record's path, whatever the file says.
  ///
  /// A lock that is free is taken for an instant, shared, in which a run that begins would be turned
  /// away: this is only for locks that a run's process has found held, or that no run has written
  /// itself into. False where there is no lock, or the file system has none.
  static func isHeld(_ record: String) -> Bool {
    let descriptor = open(RunLock.path(for: record), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  private static func namesProcess(_ record: String) -> Bool {
    let text = (try? String(contentsOfFile: RunLock.path(for: record), encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isWhitespace).first.flatMap { Int32($0) } != nil
  }
}
