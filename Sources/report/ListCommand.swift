import ArgumentParser
import Files
import Reporting
import Results

/// `report list`.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the stored runs with their status and final metrics' names.",
    discussion: Report.exitCodes)

  @OptionGroup var records: RecordOptions

  func run() throws {
    try Output.reporting {
      var text = ""
      for stored in try records.load() {
        let record = stored.record
        let synthetic = record.isSynthetic ? ", synthetic data" : ""
        text +=
          "\(PrintableText.line("\(record.identity)")): \(record.status.kind.rawValue)\(synthetic)\n"
        if let reason = record.status.reason { text += "  reason: \(PrintableText.line(reason))\n" }
        let metrics = record.final.keys.sorted().joined(separator: ", ")
        text += "  metrics: \(PrintableText.line(metrics))\n"
        text += "  file: \(PrintableText.line(stored.path))\n"
      }
      if text.isEmpty {
        throw ResultsError(
          .missing, "The folder '\(records.runs)' holds no records; run an experiment first.")
      }
      try Output.write(text, to: nil)
    }
  }
}
