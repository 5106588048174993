import Results

/// The cells of a sweep with records of their own.
///
/// Two cells may be one run: an axis that an arm does not read, such as the outer iterations of a baseline
/// without an outer loop, is no part of its identity. Their one record would be "missing" to the one cell as soon
/// as the other has written it, and both would be run for ever.
package struct DistinctCells {
  /// The cells, of those that are one run the first.
  package let cells: [PlannedCell]
  /// A sentence about the others; nil where there are none.
  package let note: String?

  /// Divides cells.
  ///
  /// - Parameter source: the sweep's file, for sentences.
  /// - Throws: ``SweepError`` where two cells write one record with settings that both of them read and that
  ///   yet tell no runs apart: how often is measured, or how much memory is used.
  package init(_ cells: [PlannedCell], of source: String) throws(SweepError) {
    var owners: [String: (cell: PlannedCell, digest: String)] = [:]
    var distinct: [PlannedCell] = []
    var repeats: (count: Int, first: (cell: PlannedCell, other: PlannedCell))?
    for cell in cells {
      var other: PlannedCell?
      var shared = 0
      for place in cell.places {
        guard let owner = owners[place.record], owner.cell.number != cell.number else {
          owners[place.record] = (cell, place.configurationDigest)
          continue
        }
        guard owner.digest == place.configurationDigest else {
          throw Self.sharing(place.record, owner.cell, cell, source)
        }
        other = owner.cell
        shared += 1
      }
      if let other, shared == cell.places.count {
        repeats = ((repeats?.count ?? 0) + 1, repeats?.first ?? (cell, other))
      } else {
        distinct.append(cell)
      }
    }
    self.cells = distinct
    note = repeats.map { count, first in
      let cells =
        count == 1 ? "1 cell that is the same run" : "\(count) cells that are the same runs"
      return
        "The sweep \(source) has \(cells) as another one, since they differ in what is not read "
        + "(\(Self.differences(first.cell, first.other))), and makes each run once; the first is "
        + "\(first.cell.cell.label)."
    }
  }

  private static func sharing(
    _ record: String, _ first: PlannedCell, _ second: PlannedCell, _ source: String
  ) -> SweepError {
    SweepError(
      "The cells \(first.number) and \(second.number) of the sweep \(source) would write one record, "
        + "\(record): they differ in \(differences(second, first)) alone, which tells no runs apart; keep one "
        + "value of it, or give each a sweep and an --output of its own.", .usage)
  }

  /// The axes on which two cells lie apart, in words.
  private static func differences(_ first: PlannedCell, _ second: PlannedCell) -> String {
    var names: [String] = []
    for axis in (first.cell.coordinates + second.cell.coordinates).map(\.axis)
    where first.cell[axis] != second.cell[axis] && !names.contains(axis) { names.append(axis) }
    return names.isEmpty ? "nothing" : names.joined(separator: " and ")
  }
}
