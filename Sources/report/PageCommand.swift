import ArgumentParser
import Files
import Foundation
import Reporting
import Results

/// `report page`.
struct PageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page",
    abstract: "Writes the page to judge the reproduction by: REPORT.md and report.html.",
    discussion: """
      What holds and what does not in plain words, then for each experiment the article's table \
      beside ours, paired intervals over seeds, figures, every claim with its verdict, baselines, \
      settings, and the command of each row; cells without record say "not run". The HTML page needs \
      no network and no script. Reads run records, stored records and stored references, in this \
      order of precedence; the same files give the same page, to the byte. Figures are drawn where \
      gnuplot is installed. Prints the paths of what it wrote.

      \(Report.exitCodes)
      """)

  @OptionGroup var records: RecordOptions
  @OptionGroup var references: ReferenceOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The folder to write into; figures go to 'figures' in it.", valueName: "dir")
  )
  var output = "results"

  func run() throws {
    try Output.reporting {
      let evidence = try EvidenceOptions.evidence(records, references)
      guard !evidence.records.isEmpty || !evidence.claims.isEmpty else {
        throw ResultsError(
          .missing,
          "There are no records in '\(records.runs)' and no references in "
            + "'\(references.reference)'; run an experiment first.")
      }
      let page = ReportPage(of: evidence).page
      var pictures: [String: Page.Picture] = [:]
      var messages: [String] = []
      for figure in page.figures {
        let written = try FigureWriter().write(figure, into: "\(output)/figures")
        if let message = written.message {
          messages.append(message)
          pictures[figure.name] = .missing(message)
        } else if let path = written.picturePaths.first {
          do {
            pictures[figure.name] = .svg(try String(contentsOfFile: path, encoding: .utf8))
          } catch {
            throw ResultsError(
              .inputOutput,
              "The picture '\(path)' was drawn and cannot be read (\(SystemError.text(of: error))), and the page "
                + "is as it was; check the disk and run the command again.")
          }
        }
      }
      if let message = messages.first {
        let others = messages.count > 1 ? " (and \(messages.count - 1) more figures)" : ""
        Output.diagnose("Without figures: \(message)\(others)")
      }
      let (markdown, html) = ("\(output)/REPORT.md", "\(output)/report.html")
      let picture = { (figure: Figure) -> Page.Picture in
        pictures[figure.name] ?? .missing("it is not among the figures of the page.")
      }
      try Output.write(page.markdown(figuresIn: "figures", picture: picture), to: markdown)
      try Output.write(page.html(picture: picture), to: html)
      try Output.write("The page: \(html) (the same as text: \(markdown))\n", to: nil)
    }
  }
}
