import Results

/// The part of the page that is about one experiment.
struct StorySection {
  let story: ExperimentStory
  let evidence: Evidence

  private var records: [RunRecord] {
    evidence.records.filter { $0.experiment == story.experiment }
  }

  var blocks: [Page.Block] {
    let anchor = story.experiment
    var blocks: [Page.Block] = [
      .heading(story.title, level: 2, anchor: anchor), .paragraph(story.question),
    ]
    if records.isEmpty {
      blocks.append(
        .paragraph(
          "Not run: there is no record of it. `make reproduce` runs it on synthetic data in minutes."
        ))
    }
    blocks += published
    blocks += methods
    blocks += figures
    blocks +=
      ClaimSection(
        verdicts: evidence.verdicts(experiment: story.experiment), anchor: "\(anchor)-claims"
      ).blocks
    if !records.isEmpty {
      blocks.append(.details("Settings, and where they come from", settings))
      blocks.append(.details("The exact command of each row", commands))
    }
    return blocks
  }

  // MARK: - Tables

  private var published: [Page.Block] {
    let tables = PublishedGrid(evidence: evidence, experiment: story.experiment).tables
    guard let first = tables.first else { return [] }
    var blocks: [Page.Block] = [
      .heading("The article's table beside ours", level: 3, anchor: "\(story.experiment)-article"),
      .table(first),
    ]
    if tables.count > 1 {
      blocks.append(
        .details(
          "Tables of other articles and data sets (\(tables.count - 1))",
          tables.dropFirst().map { .table($0) }))
    }
    return blocks
  }

  private var settings: [Page.Block] {
    let groups = Dictionary(grouping: records) { record in
      "\(record.protocolName), budget \(record.budget)"
    }
    return groups.sorted { $0.key < $1.key }.flatMap { name, runs -> [Page.Block] in
      let table = SettingsTable(records: runs).table(titled: "Protocol \(name)")
      return table.rows.isEmpty ? [] : [.table(table)]
    } + [
      .paragraph(
        "Each record holds its whole configuration; `experiments/SETTINGS.md` says what each key "
          + "means, and `--dry-run` behind a command above prints it resolved.")
    ]
  }

  /// The main tables in full view, all others on demand.
  private var methods: [Page.Block] {
    let runs = records.filter { $0.sweep == nil }
    guard !runs.isEmpty else { return [] }
    let groups = Dictionary(grouping: runs, by: ResultsTable.Setting.init(of:)).sorted {
      left, right in
      let ranks = [left.key, right.key].map(rank)
      return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : left.key < right.key
    }
    var blocks: [Page.Block] = [
      .heading("Ours, method by method", level: 3, anchor: "\(story.experiment)-methods")
    ]
    var others: [Page.Block] = []
    // Of several data sets the main one need not be the first.
    var main: [RunRecord] = []
    if let first = groups.first?.key, story.protocols.contains(first.protocolName) {
      main = evidence.principal(
        experiment: story.experiment, protocolName: first.protocolName, budget: first.budget)
    }
    let principal = main.first.map(ResultsTable.Setting.init(of:))
    if let principal { blocks.append(table(of: main, in: principal, expected: story.expected)) }
    for (setting, runs) in groups where setting != principal || runs.count != main.count {
      others.append(table(of: runs, in: setting, expected: []))
    }
    if !others.isEmpty {
      blocks.append(
        .details("All settings, protocols, budgets and data sets (\(others.count))", others))
    }
    return blocks
  }

  private func table(
    of runs: [RunRecord], in setting: ResultsTable.Setting, expected: [String]
  ) -> Page.Block {
    let summary = MethodSummary(
      evidence: evidence, records: runs, metrics: story.metrics, standard: story.standard,
      expected: expected)
    let title = ([setting.title] + summary.sharedSettings).joined(separator: ", ")
    return .table(summary.table(titled: title))
  }

  /// Real data before synthetic, the main protocol before others, the larger budget first.
  private func rank(_ setting: ResultsTable.Setting) -> Int {
    let budget = Evidence.budgets.firstIndex(of: setting.budget) ?? Evidence.budgets.count
    let isMain = story.protocols.contains(setting.protocolName)
    return budget + (isMain ? 0 : 10) + (setting.isSynthetic ? 100 : 0)
  }

  // MARK: - Figures

  private var figures: [Page.Block] {
    let chosen = ChosenFigure.all(of: story.experiment)
    let drawn = chosen.compactMap { $0.figure(of: evidence) }
    var blocks: [Page.Block] = []
    if !drawn.isEmpty {
      blocks.append(.heading("Figures", level: 3, anchor: "\(story.experiment)-figures"))
    }
    blocks += drawn.map { figure in
      .figure(
        figure,
        caption: (["\(figure.headline)."] + figure.records
          + ["Drawn by `report figure --name \(figure.name)`."]).joined(separator: " "))
    }
    let names = Set(drawn.map(\.name))
    let absent = chosen.filter { !names.contains($0.name) }
    if !absent.isEmpty {
      blocks.append(
        .paragraph(
          "Not drawn, since the runs that they show were not made, or broke down, or only their final "
            + "numbers are stored: "
            + absent.map { "\($0.title) (`\($0.name)`)" }.joined(separator: "; ") + "."
        ))
    }
    return blocks
  }

  // MARK: - Commands

  private var commands: [Page.Block] {
    let groups = Dictionary(grouping: records) { record in
      [record.protocolName, record.budget, record.method.name, record.identity.variant]
        + record.datasetNames
    }
    let order = MethodOrder()
    let sorted = groups.sorted { left, right in
      let ranks = [left, right].map { group -> [String] in
        let budget = Evidence.budgets.firstIndex(of: group.key[1]) ?? 9
        let method = order.rank(of: group.key[2])
        return ["\(budget)", group.key[0], "\(method + 100)"] + group.key
      }
      return ranks[0].lexicographicallyPrecedes(ranks[1])
    }
    return [.code(sorted.map { RunCommandLine.text(for: $0.value) })]
  }
}
