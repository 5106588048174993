import Commands
import Files
import Foundation

/// A sweep at one moment: every cell with its state, and what is left to do.
package struct SweepSurvey: Sendable {
  /// The cells with their states.
  package let cells: [(cell: PlannedCell, state: CellState)]
  /// What cells may cost.
  package let estimate: SweepEstimate

  /// The survey of cells now.
  package init(_ cells: [PlannedCell]) {
    self.cells = cells.map { ($0, $0.state) }
    estimate = SweepEstimate(self.cells.map { ($0.cell.cell, $0.state) })
  }

  /// The number of cells in a state.
  package func count(_ kind: CellState.Kind) -> Int { cells.count { $0.state.kind == kind } }

  /// Whether a cell cannot be run before somebody corrects something.
  package var needsCorrection: Bool { cells.contains { $0.state.kind.needsCorrection } }

  /// One line a cell: number, state, seconds (with ~ where they are an estimate of what is left),
  /// label, and what there is to say.
  package var lines: [String] {
    let width = "\(cells.last?.cell.number ?? 0)".count
    return cells.map { cell, state in
      let number = Self.padded("\(cell.number)", to: width, atEnd: false)
      let kind = Self.padded(state.kind.rawValue, to: 11, atEnd: true)
      let time = Self.padded(time(cell, state), to: 9, atEnd: false)
      let detail = cell.refusal?.error ?? state.detail
      // What others wrote into a record does not steer the terminal.
      return PrintableText.line(
        "\(number)  \(kind)  \(time)  \(cell.cell.label)" + (detail.map { "  (\($0))" } ?? ""))
    }
  }

  /// The counts, and what is left to compute.
  package var summary: String {
    // A file without any is refused when it is read.
    guard !cells.isEmpty else { return "The options --shard and --cell leave no cells." }
    let counts = CellState.Kind.allCases.filter { count($0) > 0 }
      .map { "\(count($0)) \($0.rawValue)" }
    var text =
      "\(cells.count) \(cells.count == 1 ? "cell" : "cells"): "
      + counts.joined(separator: ", ") + "."
    let left = cells.filter { !$0.state.kind.isSettled }
    guard !left.isEmpty else { return text }
    let seconds = left.map { estimate.secondsLeft(of: $0.cell.cell, $0.state) }
    let known = seconds.compactMap { $0 }
    if known.isEmpty {
      return text + " How long the rest takes is not known: no cell like it has been measured."
    }
    text +=
      " About \(Self.hours(known.reduce(0, +))) of computing left, estimated from "
      + "\(estimate.count) measured \(estimate.count == 1 ? "cell" : "cells")"
    let unknown = seconds.count - known.count
    return text + (unknown == 0 ? "." : "; \(unknown) more without a measured relative.")
  }

  private func time(_ cell: PlannedCell, _ state: CellState) -> String {
    if state.kind == .completed || state.kind == .brokenDown {
      return state.seconds.map(Self.duration) ?? "-"
    }
    guard !state.kind.needsCorrection else { return "-" }
    return estimate.secondsLeft(of: cell.cell, state).map { "~" + Self.duration($0) } ?? "?"
  }

  private static func duration(_ seconds: Double) -> String {
    if seconds < 600 { return String(format: "%.1f s", seconds) }
    if seconds < 36_000 { return String(format: "%.0f min", seconds / 60) }
    return String(format: "%.1f h", seconds / 3_600)
  }

  private static func hours(_ seconds: Double) -> String {
    seconds < 360
      ? String(format: "%.3f h", seconds / 3_600) : String(format: "%.1f h", seconds / 3_600)
  }

  private static func padded(_ text: String, to width: Int, atEnd: Bool) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return atEnd ? text + space : space + text
  }
}
