import Commands
import Files
import Foundation
import Results
import Yams

/// Reads sweep files.
///
///     grid:
///       experiment: hyper-cleaning
///       budget: paper
///       method: [rhg, bda]
///       inner.steps: [50, 100]
///       seed: 0...2
///     include:
///       - {inner.steps: 100, seed: [3, 4]}
///     exclude:
///       - {method: rhg, inner.steps: 50}
///     adjust:
///       - {when: {method: bda}, set: {aggregation.alpha: 0.3}}
package enum SweepFile {
  static let keys = ["grid", "include", "exclude", "adjust"]

  /// The grid of a file.
  ///
  /// - Throws: ``SweepError`` naming file, line and key.
  package static func read(_ path: String) throws(SweepError) -> SweepGrid {
    try grid(of: text(at: path), source: path)
  }

  /// The text of a file, of a pipe or of whatever else can be read; a pipe gives it once.
  ///
  /// - Throws: ``SweepError`` naming the file.
  package static func text(at path: String) throws(SweepError) -> String {
    let state = PathState(path)
    if let refusal = state.refusal(of: path) { throw SweepError(refusal, .dataMissing) }
    guard state != .nothing else {
      throw SweepError(
        "The sweep \(path) does not exist; the sweeps of the suite lie in experiments/sweeps.",
        .dataMissing)
    }
    guard state != .folder else {
      throw SweepError(
        "The sweep \(path) is a folder; name one of the YAML files in it.", .dataMissing)
    }
    guard let bytes = ConfigurationLayer.bytes(of: path) else {
      throw SweepError("The sweep \(path) cannot be read; check its permissions.", .dataMissing)
    }
    guard bytes.count <= ConfigurationLayer.mostBytes else {
      throw SweepError(
        "The sweep \(path) has more than the \(ConfigurationLayer.mostBytes >> 20) MB that such a file can have; "
          + "check what it is.")
    }
    guard let text = String(bytes: bytes, encoding: .utf8) else {
      throw SweepError("The sweep \(path) is not UTF-8 text; save it as UTF-8 YAML.")
    }
    return text
  }

  /// The grid of a text, which sentences call by the name of its source.
  package static func grid(of text: String, source: String) throws(SweepError) -> SweepGrid {
    let reader = SweepReader(source: source)
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      throw SweepError(ConfigurationLayer.syntaxSentence("The sweep \(source)", error))
    }
    guard let node else {
      throw SweepError(
        "The sweep \(source) is empty; write its cells under the key \"grid\" into it.")
    }
    let top = try reader.mapping(node, "the file")
    for (key, value) in top where !keys.contains(key) {
      throw SweepError(
        "\(reader.subject(value)) has the unknown key \"\(key)\"; "
          + Spelling.advice(for: key, among: keys))
    }
    guard let gridNode = top.first(where: { $0.0 == "grid" })?.1 else {
      throw SweepError(
        "The sweep \(source) lacks the key \"grid\"; write its axes under it, such as "
          + "experiment: hyper-cleaning.")
    }
    let grid = try reader.axes(gridNode, "grid")
    guard grid.contains(where: { $0.name == "experiment" }) else {
      throw SweepError(
        "\(reader.subject(gridNode)) lacks the key \"experiment\" under \"grid\"; add the name of "
          + "an executable, such as experiment: hyper-cleaning.")
    }
    return SweepGrid(
      source: source, grid: grid,
      includes: try reader.entries(top, "include") { node throws(SweepError) in
        try reader.axes(node, "include")
      },
      excludes: try reader.entries(top, "exclude") { node throws(SweepError) in
        SweepGrid.Exclusion(
          axes: try reader.axes(node, "exclude"), line: node.mark?.line)
      },
      adjustments: try reader.entries(top, "adjust", reader.adjustment))
  }
}

/// The nodes of one sweep file as axes.
struct SweepReader {
  /// The file's name.
  let source: String

  /// The start of a sentence about a node: `The sweep a.yaml, line 3,`.
  func subject(_ node: Node) -> String {
    node.mark.map { "The sweep \(source), line \($0.line)," } ?? "The sweep \(source)"
  }

  /// The named values of a node, in order.
  func mapping(_ node: Node, _ place: String) throws(SweepError) -> [(String, Node)] {
    guard let mapping = node.mapping, !mapping.isEmpty else {
      throw SweepError(
        "\(subject(node)) has no named values in \(place); write lines of the form key: value.")
    }
    return mapping.map { ($0.key.string ?? "", $0.value) }
  }

  /// The entries of a list under a key; none where the key is absent.
  func entries<Entry>(
    _ top: [(String, Node)], _ key: String, _ read: (Node) throws(SweepError) -> Entry
  ) throws(SweepError) -> [Entry] {
    guard let node = top.first(where: { $0.0 == key })?.1 else { return [] }
    guard let items = node.sequence, !items.isEmpty else {
      throw SweepError(
        "\(subject(node)) wants a list under the key \"\(key)\"; begin each entry with \"- \", or "
          + "remove the key.")
    }
    var entries: [Entry] = []
    for item in items { entries.append(try read(item)) }
    return entries
  }

  /// An entry of `adjust`.
  func adjustment(_ node: Node) throws(SweepError) -> SweepGrid.Adjustment {
    let parts = try mapping(node, "an entry of \"adjust\"")
    if let (key, value) = parts.first(where: { $0.0 != "when" && $0.0 != "set" }) {
      throw SweepError(
        "\(subject(value)) has the unknown key \"\(key)\" under \"adjust\"; valid keys are when "
          + "and set.")
    }
    guard let when = parts.first(where: { $0.0 == "when" })?.1,
      let set = parts.first(where: { $0.0 == "set" })?.1
    else {
      throw SweepError(
        "\(subject(node)) wants the keys \"when\" and \"set\" in every entry of \"adjust\"; add "
          + "the missing one.")
    }
    let setting = try axes(set, "set")
    if let axis = setting.first(where: { $0.values.count > 1 }) {
      throw SweepError(
        "\(subject(set)) gives several values for the key \"\(axis.name)\" under \"set\"; give "
          + "one, or make it an axis of the grid. (A list that is one value is written [[1, 2]].)")
    }
    return SweepGrid.Adjustment(
      matching: try axes(when, "when"), setting: setting, line: node.mark?.line)
  }

  /// The axes below a node, in order.
  func axes(_ node: Node, _ place: String) throws(SweepError) -> [SweepGrid.Axis] {
    var axes: [SweepGrid.Axis] = []
    for (name, value) in try mapping(node, "\"\(place)\"") {
      guard SweepCell.words.contains(name) || isSetting(name) else {
        throw SweepError(
          "\(subject(value)) has the unknown key \"\(name)\" under \"\(place)\"; "
            + advice(for: name))
      }
      let values = try self.values(value, of: name)
      guard !values.isEmpty else {
        throw SweepError(
          "\(subject(value)) gives no value for the key \"\(name)\"; give one or several.")
      }
      for (index, repeated) in values.enumerated()
      where values[..<index].contains(where: { $0.value == repeated.value }) {
        throw SweepError(
          "\(subject(repeated.node)) gives the value \(repeated.value.canonicalText) for the key "
            + "\"\(name)\" twice; give it once.")
      }
      axes.append(.init(name, values.map { $0.value }))
    }
    return axes
  }

  private func isSetting(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 1 && parts.allSatisfy { !$0.isEmpty }
  }

  private func advice(for name: String) -> String {
    switch name {
    case "K", "innerSteps": "K is the key inner.steps."
    case "dataset", "data": "the data set is the key data.name."
    default:
      Spelling.nearest(to: name, among: SweepCell.words).map { "did you mean \"\($0)\"?" }
        ?? "it is none of \(Spelling.list(SweepCell.words)), nor a setting such as inner.steps."
    }
  }

  /// The values of a node, each with the node that it stands in.
  private func values(
    _ node: Node, of name: String
  ) throws(SweepError) -> [(value: Value, node: Node)] {
    var values: [(value: Value, node: Node)] = []
    for item in node.sequence.map(Array.init) ?? [node] {
      let value = try self.value(item, of: name)
      guard name == "seed" else {
        if SweepCell.words.contains(name), value.stringValue?.isEmpty != false {
          throw SweepError(
            "\(subject(item)) gives \(value.canonicalText) for the key \"\(name)\", which wants a "
              + "name.")
        }
        values.append((value: value, node: item))
        continue
      }
      if let seed = value.unsignedValue {
        values.append((value: Value(seed), node: item))
      } else if let seeds = value.stringValue.flatMap(SeedList.init(argument:))?.seeds {
        values += seeds.map { (value: Value($0), node: item) }
      } else {
        throw SweepError(
          "\(subject(item)) gives \(value.canonicalText) for the key \"seed\", which wants seeds "
            + "such as 7, [0, 1, 2] or 0...4, at most 10,000 in one range.")
      }
    }
    return values
  }

  /// The value of a node; a name is the text that was written, whatever YAML would make of it.
  private func value(_ node: Node, of name: String) throws(SweepError) -> Value {
    if let items = node.sequence {
      var values: [Value] = []
      for item in items { values.append(try value(item, of: name)) }
      return .array(values)
    }
    if let mapping = node.mapping {
      throw SweepError(
        "\(subject(node)) gives named values for the key \"\(name)\"; write settings as dotted "
          + "keys, such as \(name).\(mapping.first?.key.string ?? "key").")
    }
    guard let scalar = node.scalar else {
      throw SweepError(
        "\(subject(node)) gives an alias for the key \"\(name)\"; write the value out.")
    }
    let text = scalar.string
    if name != "seed", SweepCell.words.contains(name) { return .string(text) }
    switch Resolver.default.resolveTag(of: node) {
    case .null: return .null
    case .bool: return .bool(Bool.construct(from: scalar) ?? false)
    case .int:
      let digits = text.drop { "+-".contains($0) }
      guard digits.count == 1 || !digits.hasPrefix("0") || !digits.allSatisfy(\.isNumber) else {
        throw SweepError(
          "\(subject(node)) gives \(text) for the key \"\(name)\", whose zero in front makes it an "
            + "octal number in YAML; write it without.")
      }
      if let value = Int(text) { return .integer(value) }
      if let value = UInt64(text) { return Value(value) }
    case .float:
      if let value = Double.construct(from: scalar) { return .number(value) }
    default: return .string(text)
    }
    let isDecimal = text.drop { "+-".contains($0) }.allSatisfy { $0.isASCII && $0.isNumber }
    let remedy =
      isDecimal
      ? "no number there is so large, so write a smaller one" : "write the number in decimal digits"
    throw SweepError("\(subject(node)) gives \(text) for the key \"\(name)\"; \(remedy).")
  }
}
