import Results

extension Table {
  /// The table as a tree: `title`, `columns` (`name`, `unit`), `rows` (a list of cells each) and
  /// `notes`.
  ///
  /// A cell is a text; or an object with `value`; `mean`, `spread` or `lower` and `upper`, and `n`;
  /// `published` and `status`; or `missing` and why.
  package var json: Value {
    [
      "title": .string(title),
      "columns": .array(
        columns.map { column in
          var members: [String: Value] = ["name": .string(column.name)]
          if let unit = column.unit { members["unit"] = .string(unit) }
          if case .measured(let spread) = column.kind {
            members["spread"] = .string(spread.displayName)
          }
          return .object(sorted: members)
        }),
      "rows": .array(rows.map { .array($0.map(Self.json)) }),
      "notes": .array(notes.map { .string($0) }),
    ]
  }

  private static func json(of cell: Cell) -> Value {
    switch cell {
    case .text(let text): return .string(text)
    case .missing(let reason): return ["missing": .string(reason)]
    case .number(let value, _): return ["value": .number(value)]
    case .published(let value, let status, _):
      return ["published": .number(value), "status": .string(status.rawValue)]
    case .measured(let measured):
      var members: [String: Value] = [
        "mean": .number(measured.mean), "n": .integer(measured.count),
      ]
      switch measured.spread {
      case .plusMinus(let spread): members["spread"] = .number(spread)
      case .interval(let lower, let upper):
        members["lower"] = .number(lower)
        members["upper"] = .number(upper)
      case nil: break
      }
      return .object(sorted: members)
    }
  }
}
