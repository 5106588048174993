import Files
import Results

/// The command that repeats runs, from their identity alone.
package enum RunCommandLine {
  /// The command for runs that differ in their seed only; it is the one line that a reader pastes.
  package static func text(for runs: [RunRecord]) -> String {
    guard let first = runs.first else { return "" }
    let seeds = Set(runs.map(\.seed)).sorted()
    var words = [".build/release/\(first.experiment)", verb(of: first)]
    words += ["--budget", first.budget, "--protocol", first.protocolName]
    words += ["--method", first.method.name]
    if seeds != [0] { words += ["--seed", list(seeds)] }
    if first.scalar != "float" { words += ["--scalar", first.scalar] }
    return ShellWords.text(words + settings(of: first))
  }

  private static func verb(of record: RunRecord) -> String {
    switch record.sweep {
    case nil: "run"
    case "dimension": "scaling"
    default: "sweep"
    }
  }

  /// The variant as options: those of every experiment by name, the rest with `--set`.
  private static func settings(of record: RunRecord) -> [String] {
    var words: [String] = []
    let variant = record.variant
    if let first = variant["y1"]?.doubleValue, let second = variant["y2"]?.doubleValue {
      words.append("--start=\(plain(first)),\(plain(second))")
    }
    for (name, value) in variant.sorted(by: { $0.key < $1.key }) {
      switch name {
      case "y1", "y2", "sweep", "data", "scalar": continue
      case "innerSteps": words += ["--inner-steps", value.canonicalText]
      case "sweep.innerSteps":
        for steps in value.arrayValue ?? [] { words += ["--inner-steps", steps.canonicalText] }
      case "problem" where value.stringValue == "reduced": words.append("--reduced")
      case "ways", "shots", "dimension": words += ["--\(name)", value.canonicalText]
      default: words += ["--set", "\(name)=\(value.stringValue ?? value.canonicalText)"]
      }
    }
    return words
  }

  private static func plain(_ number: Double) -> String { Value.number(number).canonicalText }

  /// "0,1,2" or, from four in a row on, "0...4".
  private static func list(_ seeds: [UInt64]) -> String {
    guard let first = seeds.first, let last = seeds.last else { return "" }
    let isRow = seeds.count > 3 && last - first == UInt64(seeds.count - 1)
    return isRow ? "\(first)...\(last)" : seeds.map(String.init).joined(separator: ",")
  }
}
