import Results

/// The claims of one experiment: those that a reader must see in full, all of them on demand.
struct ClaimSection {
  let verdicts: [ClaimVerdict]
  let anchor: String

  /// The most claims that are listed unfolded.
  private static let mostUnfolded = 20

  var blocks: [Page.Block] {
    guard !verdicts.isEmpty else { return [] }
    let notable = verdicts.filter { $0.outcome != .reproduced }
    let isShort = verdicts.count <= Self.mostUnfolded
    var blocks: [Page.Block] = [
      .heading("Claims", level: 3, anchor: anchor),
      .paragraph(
        "Of \(verdicts.count), \(ReportPage.counts(verdicts))."
          + (isShort || notable.isEmpty ? "" : " Those that are not reproduced:")),
    ]
    if isShort {
      blocks.append(.table(table(verdicts, titled: "All claims")))
    } else {
      if !notable.isEmpty {
        blocks.append(.table(table(notable, titled: "Claims that are not reproduced")))
      }
      blocks.append(
        .details("All \(verdicts.count) claims", [.table(table(verdicts, titled: "All claims"))]))
    }
    return blocks
  }

  private func table(_ verdicts: [ClaimVerdict], titled title: String) -> Table {
    let rows = verdicts.map { verdict -> [Table.Cell] in
      let claim = verdict.claim
      let known =
        verdict.isAsExpected ? "" : " (known as \(verdict.expectedOutcome.rawValue))"
      let evidence =
        (verdict.found + verdict.notes + [verdict.reason].compactMap { $0 })
        .joined(separator: "; ")
      return [
        .text(verdict.outcome.rawValue + known), .text(claim.statement), .text(verdict.expected),
        .text(evidence.isEmpty ? "nothing" : evidence),
        .text("\(claim.protocolName), \(claim.budget)"), .text(claim.source),
      ]
    }
    return Table(
      title: title,
      columns: ["verdict", "claim", "expected", "found", "protocol, budget", "source"].map {
        Table.Column($0)
      }, rows: rows)
  }
}
