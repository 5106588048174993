import Results

/// The one page to judge the reproduction by, made from evidence alone.
package struct ReportPage: Sendable {
  private let evidence: Evidence

  /// The page of all that is known.
  package init(of evidence: Evidence) { self.evidence = evidence }

  /// The page as a value.
  package var page: Page {
    var blocks = answer
    for story in ExperimentStory.all {
      blocks += StorySection(story: story, evidence: evidence).blocks
    }
    return Page(
      title: "Bi-level descent aggregation, reproduced: what holds", blocks: blocks + environment)
  }

  // MARK: - The first screen

  private var answer: [Page.Block] {
    let verdicts = evidence.verdicts()
    let counts = Self.counts(verdicts)
    let answers = Question.all.map { $0.answer(from: evidence) }
    return [
      .heading("The answer", level: 2, anchor: "answer"),
      .paragraph(
        "BDA, bi-level descent aggregation (Liu, Mu, Yuan, Zeng and Zhang, ICML 2020 and TPAMI 2022), "
          + "drops the assumption that the lower level has one solution. " + Self.summary(answers)),
      .answers(answers),
      .paragraph(
        "Of \(verdicts.count) claims, \(counts). An interval that crosses what a claim allows is "
          + "undecided, and never counted as reproduced. A number marked [memory] is one of the "
          + "article's as recalled, still to be checked against the PDF. Cells that say \"not run\" "
          + "have no record."),
    ]
  }

  /// How many of the questions came out how, in one sentence.
  private static func summary(_ answers: [Answer]) -> String {
    let order: [Answer.Verdict] = [.holds, .doesNotHold, .undecided, .syntheticOnly, .notRun]
    let parts = order.compactMap { verdict -> String? in
      let count = answers.filter { $0.verdict == verdict }.count
      guard count > 0 else { return nil }
      switch verdict {
      case .holds: return "\(count) \(count == 1 ? "holds" : "hold")"
      case .doesNotHold: return "\(count) \(count == 1 ? "does" : "do") not"
      case .undecided: return "the runs leave \(count) undecided"
      case .syntheticOnly:
        return "\(count) \(count == 1 ? "was" : "were") run on synthetic stand-in data alone"
      default: return "\(count) \(count == 1 ? "was" : "were") not run"
      }
    }
    let judged = answers.filter { $0.verdict != .measured }.count
    return "Of \(judged) statements that a reader would want to know about, "
      + parts.joined(separator: ", ") + "."
  }

  static func counts(_ verdicts: [ClaimVerdict]) -> String {
    let order: [Claim.Outcome] = [
      .reproduced, .notReproduced, .undecided, .tooFewSeeds, .notRun,
    ]
    let parts = order.compactMap { outcome -> String? in
      let count = verdicts.filter { $0.outcome == outcome }.count
      return count == 0 ? nil : "\(count) \(count == 1 ? "is" : "are") \(words(outcome))"
    }
    return parts.isEmpty ? "none is judged" : parts.joined(separator: ", ")
  }

  static func words(_ outcome: Claim.Outcome) -> String {
    switch outcome {
    case .tooFewSeeds: "run with too few seeds"
    default: outcome.rawValue
    }
  }

  // MARK: - Where it ran

  private var environment: [Page.Block] {
    let groups = Dictionary(grouping: evidence.records) { record -> [String] in
      let environment = record.environment
      return [
        environment.cpu, "\(environment.threads)", environment.os, environment.swift,
        environment.backend, environment.hdf5 ?? "",
        (environment.commit.map { String($0.prefix(12)) } ?? "unknown")
          + (environment.dirty == true ? ", with changes" : ""),
      ]
    }
    let names = [
      "processor", "threads", "system", "Swift", "kernels", "HDF5", "commit",
    ]
    let rows = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, records in
      key.map { Table.Cell.text($0.isEmpty ? "none" : $0) } + [.text("\(records.count)")]
    }
    let table = Table(
      title: "Where the records were made",
      columns: (names + ["records"]).map { Table.Column($0) }, rows: rows)
    let claims = evidence.published.count
    return [
      .heading("Environment", level: 2, anchor: "environment"), .table(table),
      .paragraph(
        "Made from \(evidence.records.count) records, \(evidence.claims.count) claims and \(claims) "
          + "published numbers by `report page`; nothing was computed for it. `report check` holds "
          + "the same records against stored references."),
    ]
  }
}
