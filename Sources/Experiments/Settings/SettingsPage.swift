import Bilevel
import Foundation
import Results

/// Every key of an experiment's configuration, with its default, unit, range and who reads it.
///
/// What `list --settings` prints, and what the page of the documentation is generated from, so that
/// neither can go stale.
package enum SettingsPage {
  /// The keys of an experiment as a Markdown table.
  package static func markdown<E: Experiment>(of experiment: E) -> String {
    // A bar inside a cell, as in |x_i|, would end the cell.
    let rows = rows(of: experiment).map { row in
      let cells = [
        "`\(row.key)`", row.defaultValue, row.unit, row.wanted, row.users, row.meaning,
      ].map { $0.replacingOccurrences(of: "|", with: "\\|") }
      return "| " + cells.joined(separator: " | ") + " |"
    }
    return
      (["| key | default | unit | must be | read by | meaning |", "|---|---|---|---|---|---|"]
      + rows).joined(separator: "\n")
  }

  /// The keys of an experiment as text, two lines each.
  package static func text<E: Experiment>(of experiment: E) -> String {
    rows(of: experiment).map { row in
      "\(row.key) = \(row.defaultValue)\n    \(row.meaning); \(row.wanted)"
        + (row.unit == "-" ? "" : " (\(row.unit))") + "; read by \(row.users)"
    }.joined(separator: "\n")
  }

  private struct Row {
    let key: String
    let defaultValue: String
    let unit: String
    let wanted: String
    let users: String
    let meaning: String
  }

  private static func rows<E: Experiment>(of experiment: E) -> [Row] {
    // The defaults are those of the first protocol: what a run uses when nothing is said.
    let tree =
      E.Preset.allCases.first.map { Configuration($0.settings(.paper)).tree } ?? .null
    return RunSettings<E.Own>.keys.map { key in
      Row(
        key: key.name, defaultValue: tree.value(at: key.name)?.canonicalText ?? "null",
        unit: key.unit, wanted: key.wanted, users: users(of: key.name, experiment),
        meaning: key.meaning)
    }
  }

  private static func users<E: Experiment>(of key: String, _ experiment: E) -> String {
    if E.Own.keys.contains(where: { $0.name == key }) { return E.name }
    if key.hasPrefix("outer.") { return "every method" }
    if MethodSettings.costKeys.contains(key) { return "every method, for time and memory alone" }
    let catalogue = experiment.catalogue
    let readers =
      catalogue.dynamics.filter { $0.settings.contains(key) }.map(\.name)
      + catalogue.estimators.filter { $0.settings.contains(key) }.map(\.name)
    return readers.isEmpty ? "every method" : readers.joined(separator: ", ")
  }
}
