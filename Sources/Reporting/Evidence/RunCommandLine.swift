import Files
import Results

/// The command that repeats runs, from what their records say of them.
package enum RunCommandLine {
  /// The command for runs that differ in their seed only; it is the one line that a reader pastes. Where
  /// no single command makes them, a comment of the shell that says so and names the first.
  package static func text(for runs: [RunRecord]) -> String {
    guard let first = runs.first else { return "" }
    guard let words = words(for: runs, like: first) else {
      return "# No single command makes \(first.identity)."
    }
    return ShellWords.text([".build/release/\(first.experiment)"] + words)
  }

  /// The words behind the name of the program; nil where there is no such command.
  private static func words(for runs: [RunRecord], like first: RunRecord) -> [String]? {
    guard Evidence.budgets.contains(first.budget) else { return cleaning(runs, like: first) }
    let seeds = Set(runs.map(\.seed)).sorted()
    let verb: Verb
    switch first.sweep {
    case nil: verb = .run
    case "innerSteps": verb = .sweep
    case "dimension": verb = .scaling
    default: return nil
    }
    guard let settings = settings(of: first, verb) else { return nil }
    var words = [verb.rawValue, "--budget", first.budget]
    if verb != .scaling { words += ["--protocol", first.protocolName] }
    words += method(first.method.name)
    // What is not drawn has no seed. Everything else has several where none is named.
    if verb != .scaling { words += ["--seed", list(seeds)] }
    if first.scalar != "float" { words += ["--scalar", first.scalar] }
    return words + settings
  }

  /// The subcommands that make records of a budget.
  private enum Verb: String {
    case run, sweep, scaling
  }

  /// The method by its name, or by the names of its parts where it has none of its own.
  private static func method(_ name: String) -> [String] {
    let parts = name.split(separator: "+", maxSplits: 1).map(String.init)
    return parts.count == 2
      ? ["--dynamics", parts[0], "--hypergradient", parts[1]] : ["--method", name]
  }

  // MARK: - Settings

  /// The variant as options: those of every experiment by name, the rest with `--set`. Nil where it says
  /// something that is no option of the subcommand.
  private static func settings(of record: RunRecord, _ verb: Verb) -> [String]? {
    var words = start(of: record, verb)
    for (name, value) in record.variant.sorted(by: { $0.key < $1.key }) {
      switch (name, verb) {
      case ("y1", _), ("y2", _), ("sweep", _), ("data", _), ("scalar", _): continue
      case ("innerSteps", _): words += ["--inner-steps", value.canonicalText]
      case ("sweep.innerSteps", .sweep):
        for steps in value.arrayValue ?? [value] {
          words += ["--inner-steps", steps.canonicalText]
        }
      case ("dimensions", .scaling):
        for dimension in (value.stringValue ?? "").split(separator: " ") {
          words += ["--dimension", String(dimension)]
        }
      case ("repeats", .scaling): words += ["--repeats", value.canonicalText]
      case ("forwardLimit", .scaling): words += ["--forward-limit", value.canonicalText]
      case ("problem", .run) where value == "reduced": words.append("--reduced")
      case ("validation", .run) where value == "own-file":
        let file = record.configuration.value(at: "data.validationFile")?.stringValue
        words += ["--validation-file", file ?? "FILE"]
      case ("ways", .run), ("shots", .run): words += ["--\(name)", value.canonicalText]
      // A mark that is no setting, such as those of records that other programs wrote.
      case _ where !name.contains("."): return nil
      // Reptile's rate, which is in `outer` by the time that it runs.
      case ("outer.learningRate", .run) where record.method.name == "reptile":
        words += setting("reptile.learningRate", value)
      default: words += setting(name, whole(value, at: name, of: record))
      }
    }
    return words
  }

  /// The start of y, which variants state under names of their own.
  private static func start(of record: RunRecord, _ verb: Verb) -> [String] {
    let parts = [("y1", "start.first"), ("y2", "start.second")].compactMap { name, key in
      record.variant[name].map { (key: key, value: $0) }
    }
    let numbers = parts.compactMap { $0.value.doubleValue == nil ? nil : $0.value.canonicalText }
    if numbers.count == 2, verb != .scaling { return ["--start=\(numbers.joined(separator: ","))"] }
    return parts.flatMap { key, value in
      setting(key, value.arrayValue == nil ? .array([value]) : value)
    }
  }

  /// A setting as it is in the configuration: a variant shows a list of one as its element.
  private static func whole(_ value: Value, at key: String, of record: RunRecord) -> Value {
    guard let items = record.configuration.value(at: key)?.arrayValue, items == [value] else {
      return value
    }
    return .array(items)
  }

  private static func setting(_ key: String, _ value: Value) -> [String] {
    // JSON is YAML, and quotes a text that YAML would read as something else.
    let isName =
      value.stringValue?.utf8.allSatisfy {
        isLetterOrDigit($0) || "-_./".utf8.contains($0)
      } == true && value.stringValue?.utf8.first.map(isLetterOrDigit) == true
    let text = isName && value != "null" ? value.plainText : value.canonicalText
    return ["--set", "\(key)=\(text)"]
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  // MARK: - Data of one's own

  /// `hyper-cleaning clean`, whose records are of no budget and have all their settings in the
  /// configuration, whatever the variant says of them; nil for records of something else, and for several
  /// seeds, of which it takes one.
  private static func cleaning(_ runs: [RunRecord], like first: RunRecord) -> [String]? {
    let settings = first.configuration
    guard first.protocolName == "own-data", runs.count == 1,
      first.variant.keys.allSatisfy({
        ["method", "keep", "relabel", "data", "scalar"].contains($0)
      }),
      let train = settings["train"]?.stringValue, let checked = settings["checked"]?.stringValue,
      let method = settings["method"]?.stringValue
    else { return nil }
    var words = ["clean", "--train", train, "--checked", checked]
    if let test = settings["test"]?.stringValue { words += ["--test", test] }
    words += ["--method", method]
    if let keep = settings["keep"], keep != .null { words += ["--keep", keep.canonicalText] }
    if settings["relabel"] == true { words.append("--relabel") }
    return words + ["--seed", "\(first.seed)", "--output", "cleaned"]
  }

  /// "0,1,2" or, from four in a row on, "0...4".
  private static func list(_ seeds: [UInt64]) -> String {
    guard let first = seeds.first, let last = seeds.last else { return "" }
    let isRow = seeds.count > 3 && last - first == UInt64(seeds.count - 1)
    return isRow ? "\(first)...\(last)" : seeds.map(String.init).joined(separator: ",")
  }
}
