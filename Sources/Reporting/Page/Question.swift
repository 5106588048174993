import Results

/// A statement of the article's, or one that a user would ask about, that two methods' runs answer.
struct Question {
  /// The statement: "BDA classifies better than RHG".
  let statement: String
  let experiment: String
  let protocolName: String
  /// A metric or a cost.
  let metric: String
  /// The method that is said to be better.
  let first: String
  /// What it is said to be better than; of several, the best that was run.
  let second: [String]
  /// What a number of the metric is called after its unit: "test accuracy".
  let words: String
  /// K, where it is not the one that most was run at.
  var innerSteps: Int?
  /// Settings of data that the runs must have, where it is not the problem that most were run on.
  var problem: [String: Value] = [:]
  /// Whether it only states a ratio and judges nothing.
  var isCost = false
  /// Whether what it is said to be better than may take the best of all settings that it was run in with
  /// as many seeds, and not only the protocol's.
  var rivalTakesBestSetting = false
  /// Whether runs do not depend on the seed, so that one decides.
  var isExact = false

  /// The answer from the runs of the most telling budget at which both were run.
  func answer(from evidence: Evidence) -> Answer {
    let methods = [first] + second
    for budget in Evidence.budgets {
      let runs = evidence.principal(
        experiment: experiment, protocolName: protocolName, methods: methods, budget: budget,
        innerSteps: innerSteps, problem: problem)
      let ours = runs.filter { $0.method.name == first }
      let rivals = second.flatMap { name in
        settings(of: runs.filter { $0.method.name == name }, in: evidence)
      }
      guard let one = ours.first, !rivals.isEmpty else { continue }
      if let strongest = StrongestRival(of: rivals, against: self, ours) {
        return answer(strongest, one, ours, known: Set(runs.map(\.method.name)))
      }
      let broken = ([ours] + rivals).filter { runs in
        !runs.contains { $0.status.kind == .completed }
      }
      if !broken.isEmpty {
        return Answer(
          verdict: .undecided, statement: statement + ".",
          evidence: (broken.compactMap { Self.breakdowns(of: $0) } + ["\(place(of: one))."])
            .joined(separator: "; "))
      }
    }
    let names = second.map { MethodStyle.displayName($0) }.joined(separator: " or ")
    return Answer(
      verdict: .notRun, statement: statement + ".",
      evidence: "There are no runs of \(MethodStyle.displayName(first)) and \(names) with the same "
        + "seed\(isCost ? " on one processor" : "") (\(experiment), protocol \(protocolName)).")
  }

  /// The settings that a rival may take, of which the given runs are the protocol's; none without runs.
  private func settings(of runs: [RunRecord], in evidence: Evidence) -> [[RunRecord]] {
    guard let one = runs.first else { return [] }
    guard rivalTakesBestSetting else { return [runs] }
    let seeds = Set(runs.map(\.seed))
    return evidence.settings(of: one.method.name, like: one)
      .filter { seeds.isSubset(of: $0.map(\.seed)) }
  }

  /// The name of a method, with those of its settings that another run does not name.
  private func name(of run: RunRecord?, beside other: RunRecord) -> String {
    guard let run else { return "" }
    let own = run.variant.filter { other.variant[$0.key] == nil }
      .map { "\($0.key) \($0.value.canonicalText)" }.sorted()
    guard rivalTakesBestSetting, !own.isEmpty else { return run.method.displayName }
    return "\(run.method.displayName) with \(own.joined(separator: " and "))"
  }

  /// "RHG broke down with the seeds 1, 2" of some runs of a method; nil where none did.
  private static func breakdowns(of runs: [RunRecord]) -> String? {
    runs.broken.first.map {
      "\($0.method.displayName) broke down with the \(runs.broken.seedWords)"
    }
  }

  /// 1 where more of the metric is better, -1 where less is.
  func orientation(_ runs: [RunRecord]) -> Double {
    let better =
      RunRecord.costs.first { $0.name == metric }?.betterWhen
      ?? runs.first?.metric(named: metric)?.betterWhen
    return better == .lower ? -1 : 1
  }

  private func answer(
    _ strongest: StrongestRival, _ run: RunRecord, _ ours: [RunRecord], known: Set<String>
  ) -> Answer {
    let (difference, theirs) = (strongest.difference, strongest.runs)
    let brokeDown = !ours.broken.isEmpty
    let names = [run.method.displayName, name(of: theirs.first, beside: run)]
    let place = self.place(of: run)
    let absent = second.filter { name in
      second.count > 1 && name != theirs.first?.method.name && !known.contains(name)
    }
    var gaps =
      absent.isEmpty
      ? "" : " Not run: \(absent.map { MethodStyle.displayName($0) }.joined(separator: ", "))."
    if !strongest.fewerSeeds.isEmpty {
      let fewer = strongest.fewerSeeds.map { MethodStyle.displayName($0) }
      gaps += " Not compared, with fewer seeds in common: \(fewer.joined(separator: ", "))."
    }
    for runs in [ours, theirs] + strongest.broken {
      if let words = Self.breakdowns(of: runs) { gaps += " \(words), which no number here counts." }
    }
    if isCost {
      let ratio = difference.first / difference.second
      return Answer(
        verdict: .measured, statement: statement + ".",
        evidence: "\(names[0]) takes \(Table.fixed(ratio, 1)) times as long as \(names[1]): "
          + "\(Table.fixed(difference.first, 3)) against \(Table.fixed(difference.second, 3)) \(words), "
          + "\(place).\(gaps)")
    }
    let isFraction = run.unit(ofMeasure: metric) == "fraction"
    let (scale, decimals) = isFraction ? (100.0, 2) : (1.0, 4)
    let sign = orientation([run]) > 0 ? 1 : -1
    let mean = difference.statistics.mean
    let found = isExact ? (mean > 0 ? 1 : mean < 0 ? -1 : 0) : difference.sign
    let verdict: Answer.Verdict =
      switch found {
      case _ where run.isSynthetic: .syntheticOnly
      case nil, 0?: .undecided
      // Better where it does not break down is not better.
      case let value? where value == sign: brokeDown ? .undecided : .holds
      case .some: .doesNotHold
      }
    let change =
      isExact
      ? ""
      : "\(names[0]) less \(names[1]): "
        + difference.words(unit: isFraction ? "points" : "", scale: scale, decimals: decimals)
        + "; "
    let values = [difference.first, difference.second].map {
      Table.fixed($0 * scale, decimals) + (isFraction ? " %" : "")
    }
    return Answer(
      verdict: verdict, statement: statement + ".",
      evidence: (change.isEmpty ? words.prefix(1).uppercased() + words.dropFirst() : change + words)
        + " \(values[0]) (\(names[0])) against \(values[1]) (\(names[1])), \(place).\(gaps)")
  }

  /// Data and budget, with what synthetic data is good for.
  private func place(of run: RunRecord) -> String {
    let data = run.datasetNames.joined(separator: " + ")
    let steps = run.innerSteps.map { ", K = \($0)" } ?? ""
    if run.isSynthetic {
      return "on synthetic stand-in data, budget \(run.budget)\(steps)"
    }
    let settings = problem.sorted { $0.key < $1.key }
      .map { ", \($0.key) \($0.value.canonicalText)" }.joined()
    return "\(data.isEmpty ? "" : "on \(data), ")budget \(run.budget)\(steps)\(settings)"
  }
}

extension Question {
  /// What a user would take instead of bi-level cleaning, without the true labels.
  static let cleaningBaselines = [
    "validation-only", "filtered", "loss-ranking", "self-filtered",
    "self-confidence",
  ]

  /// What a user would take instead of bi-level few-shot learning: features from classifying, and heads
  /// that are computed and not descended to.
  static let fewShotBaselines = ["prototypes", "ridge-head", "supervised"]

  /// The questions of the first screen, in the order of the article.
  static let all = [
    Question(
      statement: "Methods that assume one lower solution go to the wrong point, and BDA nearer to "
        + "the right one", experiment: "counter-example", protocolName: "icml2020",
      metric: "upperError", first: "bda", second: ["rhg"], words: "distance to the solution",
      isExact: true),
    Question(
      statement: "Cleaning with BDA classifies better than with RHG", experiment: "hyper-cleaning",
      protocolName: "icml2020", metric: "testAccuracy", first: "bda", second: ["rhg"],
      words: "test accuracy"),
    Question(
      statement: "So it does with four times as many inner steps, which bring methods that assume "
        + "one solution nearer to it", experiment: "hyper-cleaning", protocolName: "icml2020",
      metric: "testAccuracy", first: "bda", second: ["rhg"], words: "test accuracy",
      innerSteps: 400),
    Question(
      statement: "It classifies better than training on all labels as they are",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "testAccuracy", first: "bda",
      second: ["no-cleaning"], words: "test accuracy"),
    Question(
      statement: "It classifies better than what a user would do instead: train on the clean "
        + "images alone, or filter with them", experiment: "hyper-cleaning",
      protocolName: "icml2020",
      metric: "testAccuracy", first: "bda", second: cleaningBaselines, words: "test accuracy"),
    Question(
      statement:
        "With two hundred clean images in place of five thousand it still classifies better "
        + "than training on all labels as they are", experiment: "hyper-cleaning",
      protocolName: "icml2020", metric: "testAccuracy", first: "bda", second: ["no-cleaning"],
      words: "test accuracy", problem: ["data.validation": 200, "corruption.fraction": 0.4]),
    Question(
      statement: "BDA's gain is one of better weights: it stays when a plain model is trained with "
        + "them", experiment: "hyper-cleaning", protocolName: "icml2020",
      metric: "plainTestAccuracy", first: "bda", second: ["rhg"], words: "plain test accuracy"),
    Question(
      statement: "BDA's weights tell wrong labels from right ones better than RHG's",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "detectionAUC",
      first: "bda", second: ["rhg"], words: "AUC"),
    Question(
      statement: "Where the lower level has many solutions, BDA reaches a lower upper objective",
      experiment: "hyper-representation", protocolName: "set-valued-least-squares",
      metric: "upperObjective", first: "bda", second: ["rhg"], words: "F"),
    Question(
      statement: "Its test accuracy is better there, too", experiment: "hyper-representation",
      protocolName: "set-valued-least-squares", metric: "testAccuracy", first: "bda",
      second: ["rhg"], words: "test accuracy"),
    Question(
      statement: "Few-shot classification is better with BDA than with RHG", experiment: "few-shot",
      protocolName: "icml2020", metric: "testAccuracy", first: "bda", second: ["rhg"],
      words: "test accuracy"),
    Question(
      statement: "Few-shot classification is better with BDA than with MAML at the best of the "
        + "step sizes and learning rates that it was run with",
      experiment: "few-shot", protocolName: "icml2020",
      metric: "testAccuracy", first: "bda", second: ["maml"], words: "test accuracy",
      rivalTakesBestSetting: true),
    Question(
      statement: "Few-shot classification is better with BDA than with what a user would do "
        + "instead: class means or ridge regression as the head, or features learned by classifying, "
        + "each at the best of the learning rates that it was run with",
      experiment: "few-shot", protocolName: "icml2020", metric: "testAccuracy", first: "bda",
      second: fewShotBaselines, words: "test accuracy", rivalTakesBestSetting: true),
    Question(
      statement: "What BDA costs", experiment: "hyper-cleaning", protocolName: "icml2020",
      metric: "secondsPerOuterStep", first: "bda", second: ["rhg"],
      words: "seconds per outer step", isCost: true),
    Question(
      statement: "One difference in place of the sweep back keeps BDA's lead: one-stage BDA "
        + "classifies better than RHG", experiment: "hyper-cleaning", protocolName: "icml2020",
      metric: "testAccuracy", first: "one-stage-bda", second: ["rhg"], words: "test accuracy"),
    Question(
      statement: "What one-stage BDA costs", experiment: "hyper-cleaning",
      protocolName: "icml2020", metric: "secondsPerOuterStep", first: "one-stage-bda",
      second: ["rhg"], words: "seconds per outer step", isCost: true),
    Question(
      statement: "What one-stage RHG costs", experiment: "hyper-cleaning",
      protocolName: "icml2020", metric: "secondsPerOuterStep", first: "one-stage",
      second: ["rhg"], words: "seconds per outer step", isCost: true),
  ]
}
