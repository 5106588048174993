import ArgumentParser
import Synchronization

/// How progress is shown.
package enum ProgressMode: String, Sendable, CaseIterable, ExpressibleByArgument {
  /// A bar where standard error is a terminal that can, otherwise plain lines.
  case auto
  /// A bar; plain lines where the cursor cannot be moved, since a bar needs that.
  case bar
  /// One plain line per interval.
  case plain
  /// Nothing.
  case none
}

/// The progress of one run on standard error, with the time left.
///
///     let progress = Progress("rhg seed 0", total: 100, console: console)
///     defer { progress.finish() }
///     for step in 1...100 { ...; progress.advance(to: step, detail: "F 0.31") }
///
/// Cheap enough to call at every step: the bar is redrawn at most ten times a second, a plain line
/// is written once per interval. Nothing but whole lines without escapes is written where standard
/// error is not a terminal.
package final class Progress: Sendable {
  private struct State {
    var done: Int
    var detail = ""
    var lastShown: Double
    var isFinished = false
  }

  private let title: String
  private let total: Int
  private let alreadyDone: Int
  private let console: Console
  private let mode: ProgressMode
  private let interval: Double
  private let now: @Sendable () -> Double
  private let started: Double
  private let state: Mutex<State>

  /// Progress of `total` steps.
  /// - Parameters:
  ///   - alreadyDone: steps of an earlier, interrupted run; they do not count for the time left.
  ///   - interval: seconds between plain lines.
  ///   - now: the clock, in seconds.
  package init(
    _ title: String, total: Int, alreadyDone: Int = 0, mode: ProgressMode = .auto,
    console: Console, interval: Double = 10,
    now: @escaping @Sendable () -> Double = { Stopwatch.now }
  ) {
    precondition(
      total >= 0 && (0...total).contains(alreadyDone),
      "Progress needs 0 <= alreadyDone <= total, got \(alreadyDone) and \(total).")
    self.title = title
    self.total = total
    self.alreadyDone = alreadyDone
    self.console = console
    self.mode = Self.resolve(mode, console: console)
    self.interval = interval
    self.now = now
    started = now()
    state = Mutex(State(done: alreadyDone, lastShown: started))
    if self.mode == .bar { draw(at: started) }
  }

  deinit { finish() }

  /// Records that `done` steps are done, showing it if it is time.
  /// - Parameter detail: a few words about the state, such as `F 0.312`; replaces the earlier ones.
  package func advance(to done: Int, detail: String? = nil) {
    let time = now()
    let isDue = state.withLock { state in
      if state.isFinished { return false }
      state.done = min(max(done, 0), total)
      if let detail { state.detail = detail }
      let pause = mode == .bar ? 0.1 : interval
      guard time - state.lastShown >= pause else { return false }
      state.lastShown = time
      return true
    }
    if isDue { draw(at: time) }
  }

  /// Takes the bar away and writes a last plain line with the total time. Further calls do nothing.
  package func finish(detail: String? = nil) {
    let time = now()
    let isFirst = state.withLock { state in
      defer { state.isFinished = true }
      if let detail { state.detail = detail }
      return !state.isFinished
    }
    guard isFirst, mode != .none else { return }
    if mode == .bar { console.endStatus() }
    console.show(note: snapshot(at: time).lastLine)
  }

  private static func resolve(_ mode: ProgressMode, console: Console) -> ProgressMode {
    if console.isQuiet { return .none }
    switch mode {
    case .auto, .bar: return console.terminal.movesCursor ? .bar : .plain
    case .plain, .none: return mode
    }
  }

  private func snapshot(at time: Double) -> ProgressSnapshot {
    state.withLock { state in
      ProgressSnapshot(
        title: title, done: state.done, total: total, alreadyDone: alreadyDone,
        elapsed: time - started, detail: state.detail)
    }
  }

  private func draw(at time: Double) {
    switch mode {
    case .bar: console.setStatus(snapshot(at: time).bar(on: console.terminal))
    case .plain: console.show(note: snapshot(at: time).line)
    case .auto, .none: break
    }
  }
}
