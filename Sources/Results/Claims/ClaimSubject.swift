/// One method at one variant of a claim, with the runs there are of the claim's seeds.
struct ClaimSubject {
  /// The method and what is special about the variant.
  let name: String
  /// Completed or broken-down runs by seed.
  let runs: [Int: RunRecord]

  /// Why a claim cannot be judged.
  struct Unjudgeable: Error { let reason: String }

  /// The subjects of a claim, methods before variants; a seed that was not run, or not to its end,
  /// is absent from a subject's runs.
  ///
  /// - Parameter known: the runs that something is stored of: claims were made about these.
  /// - Throws: ``Unjudgeable`` where several runs of one seed match a subject.
  static func all(
    of claim: Claim, in records: [RunRecord], preferring known: Set<RunIdentity> = []
  ) throws(Unjudgeable) -> [ClaimSubject] {
    let candidates = records.filter {
      $0.experiment == claim.experiment && $0.protocolName == claim.protocolName
        && $0.budget == claim.budget
    }
    var subjects: [ClaimSubject] = []
    for method in claim.methods {
      for variant in claim.variants ?? [[:]] {
        let label = RunRecord.pathComponent(variant: variant)
        let name = label.isEmpty ? method : "\(method) \(label)"
        var runs: [Int: RunRecord] = [:]
        for seed in claim.seeds {
          let matches = candidates.filter { record in
            record.method.name == method && record.seed == seed
              && record.belongs(to: variant)
          }
          runs[seed] = try theOne(
            of: matches, variant: variant, "\(name) with seed \(seed)", preferring: known)
        }
        subjects.append(ClaimSubject(name: name, runs: runs))
      }
    }
    return subjects
  }

  /// The run that a claim means among those that have its settings: the one that departs from the
  /// protocol in nothing else where there is one, otherwise the only one with settings of a run that
  /// something is stored of; nil for none or one that did not end. A run with settings of somebody's own
  /// decides nothing. So a sweep over a further setting does not make its claims ambiguous, those on
  /// baselines without K included. Of runs that differ in scalar type or data alone it is the one that
  /// something is stored of.
  private static func theOne(
    of matches: [RunRecord], variant: [String: Value], _ name: String,
    preferring known: Set<RunIdentity>
  ) throws(Unjudgeable) -> RunRecord? {
    let exact = matches.filter { run in run.variant.keys.allSatisfy { variant[$0] != nil } }
    var meant = exact
    if exact.isEmpty {
      let variants = Set(known.map(\.variant))
      meant = known.isEmpty ? matches : matches.filter { variants.contains($0.identity.variant) }
    }
    if meant.count > 1, meant.allSatisfy({ $0.variant == meant[0].variant }) {
      let stored = meant.filter { known.contains($0.identity) }
      guard stored.count == 1 else {
        let runs = meant.map { "'\($0.identity)'" }.joined(separator: ", ")
        throw Unjudgeable(
          reason:
            "\(meant.count) records of \(name) differ in scalar type or data alone (\(runs)); keep "
            + "the one in this folder that the claim is to be judged by")
      }
      meant = stored
    }
    guard meant.count < 2 else {
      let variants = meant.map { "'\($0.identity.variant)'" }.joined(separator: ", ")
      throw Unjudgeable(
        reason: "\(meant.count) records of \(name) match (variants \(variants)); "
          + "the claim must name one")
    }
    guard let run = meant.first, run.status.kind == .completed || run.status.kind.isBreakdown
    else { return nil }
    return run
  }

  /// The final value of a metric with one seed.
  ///
  /// - Throws: ``Unjudgeable`` for a run that broke down: leaving its seed out would compare only
  ///   the seeds on which a method did well. Also where the metric was not recorded.
  func value(of metric: String, seed: Int) throws(Unjudgeable) -> Double? {
    guard let run = runs[seed] else { return nil }
    guard run.status.kind == .completed else {
      throw Unjudgeable(reason: "\(name) with seed \(seed) ended as \(run.status.kind.rawValue)")
    }
    guard let value = run.final[metric] else {
      throw Unjudgeable(reason: "\(name) with seed \(seed) has no final '\(metric)'")
    }
    return value
  }
}

extension RunRecord {
  /// Whether the run is of a claim's variant: it has all its settings. A baseline without K, such as
  /// training at a schedule that it chose itself, stands beside the methods of every K.
  func belongs(to settings: [String: Value]) -> Bool {
    settings.allSatisfy { name, value in
      variant[name] == value
        || (name == "innerSteps" && innerSteps == nil && method.hypergradient == .none)
    }
  }
}
