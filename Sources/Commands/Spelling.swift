/// Suggestions for mistyped names.
package enum Spelling {
  /// The advice at the end of a sentence about an unknown name: `did you mean "steps"?`, or the list
  /// of valid names where none is near: `valid keys are a, b and c.`
  package static func advice(
    for name: String, among names: [String], plural: String = "valid keys are"
  ) -> String {
    if let near = nearest(to: name, among: names) { return "did you mean \"\(near)\"?" }
    return names.isEmpty ? "nothing is valid there." : "\(plural) \(list(names))."
  }

  /// The name nearest to a mistyped one, if it is near enough to be what was meant.
  ///
  /// Case, hyphens and underscores are ignored, so that `inner-steps` finds `innerSteps`; otherwise
  /// a third of the letters may be wrong (edit distance).
  package static func nearest(to name: String, among names: [String]) -> String? {
    let wanted = folded(name)
    guard !wanted.isEmpty else { return nil }
    let ranked = names.map { (name: $0, distance: distance(wanted, folded($0))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, wanted.count / 3) ? best.name : nil
  }

  /// Names as an English list: `a, b and c`.
  package static func list(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }

  private static func folded(_ name: String) -> [Character] {
    Array(name.lowercased().filter { $0 != "-" && $0 != "_" })
  }

  /// The number of insertions, deletions and replacements that turn one text into the other
  /// (Levenshtein); time is the product of the lengths.
  private static func distance(_ first: [Character], _ second: [Character]) -> Int {
    var row = Array(0...second.count)
    for (i, letter) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in second.enumerated() {
        let replaced = diagonal + (letter == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
      }
    }
    return row[second.count]
  }
}
