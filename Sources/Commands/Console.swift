import Files
import Foundation
import Synchronization

/// The two streams of a command: results on standard output, everything else on standard error.
///
/// A status line (the progress bar) may live at the bottom of the diagnostics; notes appear above
/// it. All writes are whole and serialised, so that threads do not cut each other's lines.
package final class Console: Sendable {
  /// Where the bytes of one stream go; returns whether they arrived.
  package typealias Sink = @Sendable (String) -> Bool

  /// Whether notes and progress are left out; warnings, errors and results never are.
  package let isQuiet: Bool
  /// What standard error can show.
  package let terminal: Terminal

  private struct State {
    var status = ""
    var hidesCursor = false
    var resultsWereLost = false
  }

  private let state = Mutex(State())
  private let results: Sink
  private let diagnostics: Sink

  /// A console on standard output and standard error, or on the given sinks instead.
  package init(
    isQuiet: Bool = false, terminal: Terminal = Terminal(descriptor: STDERR_FILENO),
    results: Sink? = nil, diagnostics: Sink? = nil
  ) {
    self.isQuiet = isQuiet
    self.terminal = terminal
    self.results = results ?? StandardStreams.writeResults
    self.diagnostics = diagnostics ?? StandardStreams.writeDiagnostics
  }

  deinit { endStatus() }

  /// Writes a result line to standard output.
  package func show(result text: String) {
    state.withLock { state in
      erase(&state)
      if !results(text + "\n") { state.resultsWereLost = true }
      redraw(state)
    }
  }

  /// Writes a note to standard error, unless the console is quiet.
  package func show(note text: String) {
    if !isQuiet { line(text) }
  }

  /// Writes the seeds of a run to standard error, even on a quiet console: without them a run cannot
  /// be repeated.
  package func announce(seeds: [UInt64]) {
    let list = seeds.map(String.init).joined(separator: ", ")
    line((seeds.count == 1 ? "seed: " : "seeds: ") + list)
  }

  /// Writes a warning to standard error.
  package func show(warning text: String) {
    line(terminal.paint("warning:", .yellow) + " " + PrintableText.shortened(text))
  }

  /// Writes an error to standard error; see ``Interruption/waitForEnd()`` for when it does not return.
  package func show(error text: String) {
    Interruption.waitForEnd()
    line(terminal.paint("error:", .red) + " " + PrintableText.shortened(text))
  }

  /// Writes text that is worded already, such as the argument parser's, to standard error.
  func show(plain text: String) { line(PrintableText.shortened(text)) }

  /// Writes results that have their own line breaks, such as tables, to standard output as they are.
  package func show(results text: String) {
    state.withLock { state in
      erase(&state)
      if !results(text) { state.resultsWereLost = true }
      redraw(state)
    }
  }

  /// Whether a result line could not be written (full disk, closed descriptor).
  package var resultsWereLost: Bool { state.withLock { $0.resultsWereLost } }

  /// Replaces the status line. The text has no line break and fits the terminal's width.
  ///
  /// Only for terminals whose cursor moves: elsewhere this does nothing, and no escape is written.
  func setStatus(_ text: String) {
    guard terminal.movesCursor else { return }
    state.withLock { state in
      var output = ""
      if !state.hidesCursor {
        state.hidesCursor = true
        Interruption.restoresCursor(true)
        output += "\u{1B}[?25l"
      }
      output += "\r" + text + "\u{1B}[K"
      state.status = text
      _ = diagnostics(output)
    }
  }

  /// Takes the status line away and gives the cursor back.
  func endStatus() {
    state.withLock { state in
      erase(&state)
      state.status = ""
      guard state.hidesCursor else { return }
      state.hidesCursor = false
      Interruption.restoresCursor(false)
      _ = diagnostics("\u{1B}[?25h")
    }
  }

  private func line(_ text: String) {
    state.withLock { state in
      erase(&state)
      _ = diagnostics(text + "\n")
      redraw(state)
    }
  }

  private func erase(_ state: inout State) {
    if !state.status.isEmpty { _ = diagnostics("\r\u{1B}[K") }
  }

  private func redraw(_ state: State) {
    if !state.status.isEmpty { _ = diagnostics(state.status) }
  }
}
