import Results

/// What locks of other programs mean for the state of a run.
///
/// A run's process writes its number into its lock, and `RunPlace.state` believes it. Any other program
/// can hold the lock as well, and leaves no number: the run's process is turned away then, and the
/// file says that nobody is there.
enum ForeignLock {
  /// The state of a run: running, too, where something holds the right to it without a number.
  static func state(of place: RunPlace) -> RunState {
    let state = place.state
    switch state {
    case .completed, .brokenDown, .running: return state
    case .interrupted, .missing: break
    }
    guard RunLock.isHeld(place.record) else { return state }
    return .running(RunLock.Holder(process: nil, machine: nil))
  }
}
