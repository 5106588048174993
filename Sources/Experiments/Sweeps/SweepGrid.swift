import Commands
import Results

/// What a sweep file says: axes with values, cells beside them, cells that are left out, and what is
/// set otherwise in some.
///
/// The cells are all combinations of the grid's values, the last axis running fastest; then those of
/// each include, which takes the axes that it does not name from the grid; without those that an
/// exclude matches; a cell that is there twice is one. Adjustments come last.
package struct SweepGrid: Sendable, Equatable {
  /// An axis with its values.
  package struct Axis: Sendable, Equatable {
    /// The axis's name.
    package let name: String
    /// Its values, at least one.
    package let values: [Value]

    /// An axis.
    package init(_ name: String, _ values: [Value]) {
      self.name = name
      self.values = values
    }
  }

  /// What is set in the cells that match.
  package struct Adjustment: Sendable, Equatable {
    /// The cells that it concerns: those with one of the values on every axis.
    package let matching: [Axis]
    /// What is set there: one value an axis.
    package let setting: [Axis]
    /// The line of the file that it begins in.
    let line: Int?
  }

  /// A pattern of cells to leave out, with the line of the file that it begins in.
  struct Exclusion: Sendable, Equatable {
    let axes: [Axis]
    let line: Int?
  }

  /// The name of the file, for sentences.
  let source: String
  /// The grid.
  let grid: [Axis]
  /// Further cells.
  let includes: [[Axis]]
  /// Cells to leave out.
  let excludes: [Exclusion]
  /// Settings of some cells.
  let adjustments: [Adjustment]

  /// More cells than anybody computes: a mistyped range must not exhaust memory.
  static let limit = 100_000

  /// The cells, in order.
  ///
  /// - Throws: ``SweepError`` for too many, for none, and for an exclusion or an adjustment that
  ///   matches nothing, since it was meant to.
  package func cells() throws(SweepError) -> [SweepCell] { try expansion().cells }

  /// The cells, in order, and a sentence about those that are the same as another one, or nil.
  ///
  /// - Throws: ``SweepError`` as ``cells()`` does.
  package func expansion() throws(SweepError) -> (cells: [SweepCell], note: String?) {
    var cells: [SweepCell] = []
    var repeats = Repeats()
    var seen: Set<[String]> = []
    for axes in [grid] + includes.map(completed) {
      for cell in try combinations(axes) {
        if seen.insert(Self.key(of: cell)).inserted {
          cells.append(cell)
        } else if !excludes.contains(where: { Self.matches(cell, $0.axes) }) {
          repeats.add(cell.label, like: cell.label)
        }
      }
    }
    for exclusion in excludes {
      let before = cells.count
      cells.removeAll { Self.matches($0, exclusion.axes) }
      guard cells.count < before else {
        throw matchesNothing("exclude", exclusion.axes, line: exclusion.line)
      }
    }
    guard !cells.isEmpty else {
      throw SweepError(
        "The sweep \(source) has no cells: its exclusions leave none; correct its key \"exclude\".")
    }
    let labels = cells.map(\.label)
    for adjustment in adjustments {
      let concerned = cells.indices.filter { Self.matches(cells[$0], adjustment.matching) }
      guard !concerned.isEmpty else {
        throw matchesNothing("adjust", adjustment.matching, line: adjustment.line)
      }
      for index in concerned {
        for axis in adjustment.setting { cells[index][axis.name] = axis.values.first }
      }
    }
    // What an adjustment has made equal is one run.
    var first: [[String]: String] = [:]
    var distinct: [SweepCell] = []
    for (cell, label) in zip(cells, labels) {
      let adjusted = Self.key(of: cell)
      if let other = first[adjusted] {
        repeats.add(label, like: other)
      } else {
        first[adjusted] = label
        distinct.append(cell)
      }
    }
    return (distinct, repeats.note(on: source))
  }

  /// What a cell tells its run, the same in whatever order the file names its axes.
  private static func key(of cell: SweepCell) -> [String] {
    let sorted = SweepCell(cell.coordinates.sorted { $0.axis < $1.axis })
    return [sorted.experiment] + sorted.arguments
  }

  /// Cells that are the same as another one: how many, and the first of them with that other one.
  private struct Repeats {
    private var count = 0
    private var first: (label: String, other: String)?

    mutating func add(_ label: String, like other: String) {
      count += 1
      if first == nil { first = (label, other) }
    }

    /// The sentence about them; nil where there are none.
    func note(on source: String) -> String? {
      guard let first else { return nil }
      let cells = count == 1 ? "1 cell that is" : "\(count) cells that are"
      let pair =
        first.label == first.other
        ? "the first is \(first.label), which it names twice"
        : "the first is \(first.label), which its key \"adjust\" makes equal to \(first.other)"
      return "The sweep \(source) has \(cells) the same as another one, and runs each once; "
        + "\(pair)."
    }
  }

  /// The axes of an include, and those of the grid that it does not name.
  private func completed(_ include: [Axis]) -> [Axis] {
    let named = Dictionary(include.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let known = Set(grid.map(\.name))
    return grid.map { named[$0.name] ?? $0 } + include.filter { !known.contains($0.name) }
  }

  private func combinations(_ axes: [Axis]) throws(SweepError) -> [SweepCell] {
    var count = 1
    for axis in axes {
      let (product, overflows) = count.multipliedReportingOverflow(by: axis.values.count)
      guard !overflows, product <= Self.limit else {
        throw SweepError(
          "The sweep \(source) has more than \(Self.limit) cells; divide it into several files.")
      }
      count = product
    }
    return axes.reduce([SweepCell([])]) { cells, axis in
      cells.flatMap { cell in
        axis.values.map { SweepCell(cell.coordinates + [.init(axis.name, $0)]) }
      }
    }
  }

  /// Whether a cell has one of the values on every axis of a pattern.
  private static func matches(_ cell: SweepCell, _ pattern: [Axis]) -> Bool {
    pattern.allSatisfy { axis in
      guard let value = cell[axis.name] else { return false }
      return axis.values.contains(value)
    }
  }

  private func matchesNothing(_ key: String, _ pattern: [Axis], line: Int?) -> SweepError {
    let place = line.map { ", line \($0)," } ?? ""
    let text = pattern.map { axis in
      let values = axis.values.map { $0.stringValue ?? $0.canonicalText }
      return axis.name + ": "
        + (values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")
    }
    let unknown = pattern.map(\.name).first { name in
      !(grid + includes.flatMap { $0 }).contains { $0.name == name }
    }
    let reason =
      unknown.map { "the key \"\($0)\" is no axis of the grid" } ?? "no cell has these values"
    return SweepError(
      "The sweep \(source)\(place) has an entry {\(text.joined(separator: ", "))} under the key "
        + "\"\(key)\" that matches no cell: \(reason); correct it or remove it.")
  }
}
