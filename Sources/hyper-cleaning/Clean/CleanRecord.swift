import Commands
import Datasets
import Experiments
import Files
import LabelCleaning
import Results

/// The record of a cleaned data set, in the suite's form: protocol `own-data`, budget `own`.
struct CleanRecord {
  let input: CleanInput
  let result: CleanResult
  let options: CleanOptions
  /// The folds that the checked samples were divided into.
  let folds: Int
  let seconds: Double

  /// The record.
  var record: RunRecord {
    let chosen = result.chosen
    let choice = chosen?.choice
    var configuration: [Value.Member] = [
      .init(key: "train", value: .string(options.train)),
      .init(key: "checked", value: .string(options.checked)),
      .init(key: "test", value: options.test.map { .string($0) } ?? .null),
      .init(key: "method", value: .string(options.method.rawValue)),
      .init(key: "keep", value: options.keep.map { .number($0) } ?? .null),
      .init(key: "relabel", value: .bool(options.relabel)),
    ]
    configuration.append(.init(key: "folds", value: .integer(folds)))
    return RunRecord(
      experiment: "hyper-cleaning",
      method: .init(
        name: result.method.rawValue, displayName: result.method.rawValue,
        dynamics: .init(
          name: "accelerated-gradient-descent",
          parameters: [
            "innerStepSize": .number(choice?.stepSize ?? .nan),
            "innerSteps": .integer(choice?.steps ?? 0),
            "sharpness": .number(choice?.sharpness ?? .nan),
          ], provenance: "chosen on held-out checked samples"),
        hypergradient: result.method == .rhg
          ? .init(name: "reverse", provenance: result.method.citation) : .none,
        outerOptimizer: result.method == .rhg
          ? .init(name: "adam", provenance: "chosen by us") : .none),
      seed: options.seed, budget: "own", protocolName: "own-data", variant: variant,
      configuration: .object(configuration),
      datasets: uses, environment: .current(scalar: "float"), status: .init(.completed),
      metrics: metrics.map { .init(name: $0.0, unit: $0.1, betterWhen: $0.2) },
      final: Dictionary(metrics.map { ($0.0, $0.3) }, uniquingKeysWith: { first, _ in first }),
      timing: .init(totalSeconds: seconds, peakResidentBytes: PeakMemory.bytes),
      diagnostics: [
        "candidates": .array(candidates), "confusion": .string(result.confusion.rawValue),
      ])
  }

  /// What was asked for beside the usual: the method, where one was named, and what is kept.
  private var variant: [String: Value] {
    var variant: [String: Value] = [:]
    if options.method != .auto { variant["method"] = .string(options.method.rawValue) }
    if let keep = options.keep { variant["keep"] = .number(keep) }
    if options.relabel { variant["relabel"] = .bool(true) }
    return variant
  }

  private var uses: [RunRecord.DatasetUse] {
    func use(
      _ samples: LabelledSamples?, _ named: String?, _ purpose: String
    ) -> RunRecord.DatasetUse? {
      guard let samples, let named else { return nil }
      return .init(
        name: named, sha256: samples.digest, split: "\(purpose): \(samples.count) samples",
        synthetic: samples.isSynthetic)
    }
    return [
      use(input.train, options.train, "training"),
      use(input.checked, options.checked, "checked"),
      use(input.test, options.test, "test"),
    ].compactMap { $0 }
  }

  private var metrics: [(String, String, BetterWhen, Double)] {
    var list: [(String, String, BetterWhen, Double)] = [
      ("suspects", "1", .neither, Double(result.isSuspect.count { $0 })),
      ("expectedNoiseRate", "fraction", .neither, result.noiseRate),
      ("expectedPrecision", "fraction", .higher, result.precision.value),
      ("expectedRecall", "fraction", .higher, result.recall.value),
      ("expectedAUC", "fraction", .higher, result.chosen?.area.value ?? .nan),
      ("heldOutAccuracy", "fraction", .higher, result.chosen?.choice.accuracy ?? .nan),
      ("heldOutLoss", "nats", .lower, result.chosen?.choice.loss ?? .nan),
    ]
    if let test = result.test {
      list.append(("testAccuracyAsGiven", "fraction", .higher, test.asGiven))
      list.append(("testAccuracy", "fraction", .higher, test.cleaned))
    }
    return list
  }

  private var candidates: [Value] {
    result.candidates.map { candidate in
      [
        "method": .string(candidate.method.rawValue),
        "stepSize": .number(candidate.choice.stepSize), "steps": .integer(candidate.choice.steps),
        "sharpness": .number(candidate.choice.sharpness),
        "heldOutLoss": .number(candidate.choice.loss),
        "heldOutAccuracy": .number(candidate.choice.accuracy),
        "expectedAUC": .number(candidate.area.value),
        "expectedNoiseRate": .number(candidate.noiseRate), "seconds": .number(candidate.seconds),
      ]
    }
  }
}
