import Commands
import Foundation
import Synchronization

/// Takes down what a console writes, in place of the two standard streams.
final class Recorder: Sendable {
  private let storage = Mutex<(results: String, diagnostics: String)>(("", ""))

  var results: String { storage.withLock { $0.results } }
  var diagnostics: String { storage.withLock { $0.diagnostics } }

  /// A console that writes here, on a terminal of the given kind.
  func console(
    isTerminal: Bool, environment: [String: String] = ["TERM": "xterm", "COLUMNS": "80"],
    isQuiet: Bool = false,
    color: ColorChoice = .auto, resultsArrive: Bool = true
  ) -> Console {
    Console(
      isQuiet: isQuiet,
      terminal: Terminal(
        descriptor: -1, color: color, isTerminal: isTerminal, environment: environment),
      results: { text in
        self.storage.withLock { $0.results += text }
        return resultsArrive
      },
      diagnostics: { text in
        self.storage.withLock { $0.diagnostics += text }
        return true
      })
  }
}

/// A clock that moves only when told.
final class ManualClock: Sendable {
  private let time = Mutex(0.0)

  var now: Double { time.withLock { $0 } }

  func advance(by seconds: Double) { time.withLock { $0 += seconds } }
}
