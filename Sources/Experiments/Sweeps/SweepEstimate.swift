import Foundation
import Results

/// What cells that have not run may cost, from those that have: their nearest measured relatives.
package struct SweepEstimate: Sendable {
  /// What a cell may cost.
  package struct Cost: Sendable, Equatable {
    /// Seconds of one process.
    package var seconds: Double
    /// Bytes of resident memory at the peak; nil where no relative tells.
    package var bytes: Int?
  }

  /// Degrees of kinship, the nearest first: the axes on which relatives may differ. K scales the
  /// time, since all methods take time in proportion to it.
  private static let degrees: [Set<String>] = [
    ["seed"], ["seed", "inner.steps"],
    ["seed", "inner.steps", "method", "dynamics", "hypergradient"],
  ]

  /// What more distant relatives share, the nearest first: step sizes, say, change no time, and the
  /// problem changes it more than the method does.
  private static let shared: [Set<String>] = [
    ["experiment", "budget", "protocol", "data.name", "method"],
    ["experiment", "budget", "protocol", "data.name"], ["experiment", "budget", "protocol"],
    ["experiment", "budget"],
  ]

  private struct Measured {
    let cell: SweepCell
    let cost: Cost
  }

  private let measured: [Measured]

  /// The number of measured cells.
  package var count: Int { measured.count }

  /// The estimate from the completed cells of a sweep.
  package init(_ cells: [(cell: SweepCell, state: CellState)]) {
    measured = cells.compactMap { cell, state in
      guard state.kind == .completed, let seconds = state.seconds, seconds.isFinite, seconds >= 0
      else { return nil }
      return Measured(cell: cell, cost: Cost(seconds: seconds, bytes: state.bytes))
    }
  }

  /// What a cell may cost in all; nil where none of the same experiment and budget was measured.
  package func cost(of cell: SweepCell) -> Cost? {
    for degree in Self.degrees {
      let own = Self.kin(cell, except: degree)
      let relatives = measured.filter { Self.kin($0.cell, except: degree) == own }
      if let cost = Self.cost(of: cell, from: relatives) { return cost }
    }
    for axes in Self.shared {
      let relatives = measured.filter { other in
        axes.allSatisfy { other.cell[$0] == cell[$0] }
      }
      if let cost = Self.cost(of: cell, from: relatives) { return cost }
    }
    return nil
  }

  /// The seconds that are left of a cell: nothing where it is settled, less where it was begun.
  package func secondsLeft(of cell: SweepCell, _ state: CellState) -> Double? {
    if state.kind.isSettled { return 0 }
    return cost(of: cell).map { max(0, $0.seconds - (state.seconds ?? 0)) }
  }

  private static func kin(_ cell: SweepCell, except axes: Set<String>) -> [SweepCell.Coordinate] {
    cell.coordinates.filter { !axes.contains($0.axis) }.sorted { $0.axis < $1.axis }
  }

  /// The mean over the relatives whose K is nearest by ratio, each scaled by that ratio.
  private static func cost(of cell: SweepCell, from relatives: [Measured]) -> Cost? {
    func ratio(_ other: SweepCell) -> Double {
      guard let steps = cell["inner.steps"]?.doubleValue, steps > 0,
        let others = other["inner.steps"]?.doubleValue, others > 0
      else { return 1 }
      return steps / others
    }
    let distances = relatives.map { abs(log(ratio($0.cell))) }
    guard let nearest = distances.min() else { return nil }
    let chosen = zip(relatives, distances).filter { $0.1 <= nearest + 1e-9 }.map(\.0)
    let seconds = chosen.map { $0.cost.seconds * ratio($0.cell) }
    return Cost(
      seconds: seconds.reduce(0, +) / Double(seconds.count),
      bytes: chosen.compactMap(\.cost.bytes).max())
  }
}
