import Datasets
import Experiments
import Files
import Foundation

/// The page of suspects: one self-contained file, without scripts, for eyes and for printing.
package struct SuspectsPage {
  let input: CleanInput
  let result: CleanResult
  /// The command that made it.
  let command: String
  /// How many of the most suspicious samples are shown.
  let shown: Int
  /// What else the run says: scaling, step size, files.
  let remarks: [String]

  /// What its title begins with.
  static let title = "Suspect labels"

  /// The page of a result.
  package init(
    input: CleanInput, result: CleanResult, command: String, shown: Int, remarks: [String]
  ) {
    self.input = input
    self.result = result
    self.command = command
    self.shown = shown
    self.remarks = remarks
  }

  /// The text of the file.
  package func html() throws(DatasetError) -> String {
    let sections = [
      summary, limits, checkingTable, try gallery(), weightHistogram, confusion, candidateTable,
      provenance,
    ]
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(Self.title): \(HTML.escaped(input.train.place))</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <main>
      \(sections.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  // MARK: - Sections

  private var suspectCount: Int { result.isSuspect.count { $0 } }

  private var summary: String {
    let count = input.trainLabels.count
    let noise = result.noiseRate * Double(count)
    let expected =
      noise.isFinite
      ? "About \(Self.whole(Int(noise.rounded()))) labels (\(Self.percent(result.noiseRate))) are "
        + "expected to be wrong."
      : "How many labels are wrong is not known."
    let worth =
      suspectCount == 0
      ? noise.isFinite ? "No label is less probably right than wrong." : "None is called wrong."
      : "Of the suspects, \(Self.percent(result.precision)) are expected to be wrong indeed; they are "
        + "expected to hold \(Self.percent(result.recall)) of all wrong labels."
    return """
      <h1>\(Self.whole(suspectCount)) of \(Self.whole(count)) labels are suspect</h1>
      <p class="lead">The labels are those of \(HTML.escaped(input.train.place)). \(expected) \(worth)</p>
      <p>A label is suspect where its score, the probability that it is right, is below one half.\
      \(suspectCount == 0 ? "" : intervals)</p>
      """
  }

  /// The sentence on where the intervals come from, which only stand where there are suspects.
  private var intervals: String {
    " Intervals (95 %) hold what other checked samples than these \(Self.whole(input.checkedLabels.count)) "
      + "might have told, how frequent wrong labels and how sure of itself the model may be as far as the "
      + "labels tell, and chance. How many labels are wrong in all is estimated apart from what the suspects "
      + "hold, so that the numbers need not multiply."
  }

  private var limits: String {
    let items = CleanLimits(input: input, result: result).sentences
      .map { "<li>\(HTML.escaped($0))</li>" }
    return "<section><h2>How far to believe this</h2>\n<ul>\(items.joined())</ul></section>"
  }

  private var checkingTable: String {
    guard !result.toCheck.isEmpty else { return "" }
    let count = Double(input.trainLabels.count)
    let rows = result.toCheck.map { entry in
      """
      <tr><td>\(Self.percent(entry.recall))</td><td>\(Self.whole(Int(entry.samples.value)))</td>\
      <td>\(Self.whole(Int(entry.samples.low))) to \(Self.whole(Int(entry.samples.high)))</td>\
      <td>\(Self.percent(entry.samples.value / count))</td></tr>
      """
    }
    return """
      <section><h2>How many to check by hand</h2>
      <p>Looking at samples in the order of their rank, the most suspicious first, to find a share of \
      all wrong labels; estimated from the checked samples. Where labels are mixed up by class, or classes are \
      of uneven size, the estimate is cautious: mostly fewer are enough.</p>
      <div class="scroll"><table><thead><tr><th>of the wrong labels</th><th>look at</th>\
      <th>95 % interval</th><th>of all samples</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table></div></section>
      """
  }

  private var candidateTable: String {
    let rows = result.candidates.map { candidate in
      """
      <tr\(candidate.method == result.method ? " class=\"chosen\"" : "")>\
      <td>\(candidate.method.rawValue)\(candidate.method == result.method ? " (chosen)" : "")</td>\
      <td>\(Self.percent(candidate.choice.accuracy))</td>\
      <td>\(Self.decimal(candidate.choice.loss))</td>\
      <td>\(Self.decimal(candidate.area.value)) (\(Self.decimal(candidate.area.low)) to \
      \(Self.decimal(candidate.area.high)))</td>\
      <td>\(Self.percent(candidate.noiseRate))</td></tr>
      """
    }
    return """
      <section><h2>What was tried</h2>
      <p>On checked samples that each model had not seen: how many it classifies right, its \
      cross-entropy, and the expected probability that a wrong label ranks before a right one. The \
      method with the smallest cross-entropy is chosen unless one is asked for.</p>
      <div class="scroll"><table><thead><tr><th>method</th><th>right</th><th>nats</th>\
      <th>expected AUC (95 %)</th><th>wrong labels</th></tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table></div></section>
      """
  }

  private var provenance: String {
    let items = (remarks + input.notes).map { "<li>\(HTML.escaped($0))</li>" }
    return """
      <section><h2>How it was made</h2>
      <ul>\(items.joined())</ul>
      <pre>\(HTML.escaped(command))</pre></section>
      """
  }

  // MARK: - Texts

  /// A share from 0 to 1 as percent.
  package static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "unknown" }
    let value = 100 * share
    return value >= 99.95 || value < 0.05 || value >= 10 && value == value.rounded()
      ? "\(Int(value.rounded())) %" : "\((value * 10).rounded() / 10) %"
  }

  /// A share with its interval.
  package static func percent(_ interval: DetectionForecast.Interval) -> String {
    guard interval.value.isFinite else { return "an unknown share" }
    return "\(percent(interval.value)) (\(percent(interval.low)) to \(percent(interval.high)))"
  }

  /// A number with three decimals.
  package static func decimal(_ value: Double) -> String {
    value.isFinite ? String(format: "%.3f", value) : "unknown"
  }

  /// A whole number with commas between thousands.
  static func whole(_ value: Int) -> String {
    let digits = String(abs(value))
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { result += "," }
      result.append(digit)
    }
    return (value < 0 ? "-" : "") + result
  }

  private static let style = """

    :root { --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --line: #d0d7de; --tint: #f3f5f7;
      --mark: #b42318; --bar: #1f6feb; --good: #116329; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #12161b; --soft: #a9b2bd;
      --line: #3a424c; --tint: #1c2229; --mark: #ff9a8d; --bar: #6cb0ff; --good: #7ee2a0; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
    main { max-width: 75rem; margin: 0 auto; padding: 1.25rem; }
    h1 { font-size: 1.75rem; line-height: 1.2; margin: 0.5rem 0; }
    h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
    p, ul { max-width: 46rem; } .lead { font-size: 1.1rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { text-align: right; padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line);
      white-space: nowrap; }
    th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
    @media (max-width: 36rem) { main { padding: 1rem; } th, td { padding: 0.3rem 0.35rem; font-size: 0.85rem; }
      th { white-space: normal; vertical-align: bottom; } }
    tr.chosen td { font-weight: 600; }
    .gallery { display: grid; gap: 0.75rem; padding: 0; margin: 0; list-style: none; max-width: none;
      grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
    .gallery li { border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem;
      background: var(--tint); overflow-wrap: anywhere; font-size: 0.85rem; line-height: 1.35; }
    .gallery img { display: block; width: 100%; height: auto; image-rendering: pixelated;
      border-radius: 3px; margin-bottom: 0.4rem; background: #000; }
    .given { color: var(--mark); font-weight: 600; } .predicted { color: var(--good); font-weight: 600; }
    .soft { color: var(--soft); }
    svg { max-width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 12px; }
    svg .bar { fill: var(--bar); } svg .axis { stroke: var(--line); }
    td.hit { background: var(--tint); }
    td.hot { color: var(--mark); font-weight: 600; }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--tint); padding: 0.75rem;
      border-radius: 6px; font-size: 0.85rem; }

    """
}
