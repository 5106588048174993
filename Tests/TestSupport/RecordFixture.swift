import Results

/// Records and claims for tests, as small as they can be while complete.
public enum RecordFixture {
  /// A completed hyper-cleaning record on synthetic data, with every part changeable.
  public static func record(
    method: String = "rhg", displayName: String? = nil, seed: UInt64 = 0, innerSteps: Int = 20,
    protocolName: String = "icml2020", budget: String = "smoke", accuracy: Double = 0.8,
    objective: Double = 0.5, status: RunRecord.Status = .init(.completed),
    dataset: String = "digits", synthetic: Bool = true, backend: String = "portable",
    stepSize: Double = 0.1
  ) -> RunRecord {
    RunRecord(
      experiment: "hyper-cleaning",
      method: .init(
        name: method, displayName: displayName ?? method.uppercased(),
        dynamics: .init(
          name: "gradient-descent", parameters: ["stepSize": .number(stepSize)],
          provenance: "ICML 2020"),
        hypergradient: .init(name: "reverse", provenance: "Franceschi 2017"),
        outerOptimizer: .init(
          name: "adam", parameters: ["learningRate": 0.001], provenance: "official code")),
      seed: seed, budget: budget, protocolName: protocolName,
      variant: ["innerSteps": .integer(innerSteps)],
      configuration: ["innerSteps": .integer(innerSteps), "stepSize": .number(stepSize)],
      datasets: [
        .init(name: dataset, sha256: "ab12", split: "10 / 10 / 20", synthetic: synthetic)
      ],
      environment: .init(
        commit: "abc", dirty: false, swift: "6.3", backend: backend, hdf5: "1.10.8", cpu: "test",
        threads: 2, os: "Linux", scalar: "float"),
      status: status,
      metrics: [
        .init(
          name: "testAccuracy", unit: "fraction", betterWhen: .higher, steps: [0, 1],
          values: [0.1, accuracy]),
        .init(
          name: "upperObjective", unit: "nats", betterWhen: .lower, steps: [0, 1],
          values: [2.3, objective]),
      ],
      final: ["testAccuracy": accuracy, "upperObjective": objective],
      timing: .init(
        totalSeconds: 1.5, secondsPerOuterStep: 0.5, peakResidentBytes: 1000, steps: [0, 1],
        seconds: [0, 0.5], parts: ["evaluation": 0.25]),
      diagnostics: ["nonFiniteValues": 0])
  }

  /// An ordering claim on accuracy: `methods` from better to worse.
  public static func ordering(
    _ methods: [String] = ["bda", "rhg"], margin: Double = 0.01, seeds: [Int] = [0],
    minimumSeeds: Int = 1, absolute: Double = 0, expectedVerdict: Claim.Outcome? = nil
  ) -> Claim {
    Claim(
      id: "order", source: "ICML 2020, Table 2", statement: "The first is better.",
      kind: .ordering, experiment: "hyper-cleaning", protocolName: "icml2020",
      metric: "testAccuracy", methods: methods, seeds: seeds, minimumSeeds: minimumSeeds,
      budget: "smoke", expected: .margin(margin),
      tolerance: Tolerance(absolute: absolute, reason: "none is needed"),
      expectedVerdict: expectedVerdict)
  }

  /// A claim of another kind on one method.
  public static func claim(
    _ kind: Claim.Kind, _ expected: Claim.Expectation, method: String = "rhg", seeds: [Int] = [0],
    minimumSeeds: Int = 1, absolute: Double = 0, metric: String = "testAccuracy"
  ) -> Claim {
    Claim(
      id: "\(kind.rawValue)-claim", source: "derived", statement: "It is so.", kind: kind,
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: metric, methods: [method],
      seeds: seeds, minimumSeeds: minimumSeeds, budget: "smoke", expected: expected,
      tolerance: Tolerance(absolute: absolute, reason: "rounding"))
  }

  /// Tolerances for the fixture's metrics.
  public static let tolerances = ToleranceFile(
    chosen: "by hand, for tests",
    tolerances: [
      .init(
        experiment: "hyper-cleaning", metric: "testAccuracy", absolute: 0.01, relative: 0,
        reason: "one example in a hundred"),
      .init(
        experiment: "hyper-cleaning", metric: "upperObjective", absolute: 0, relative: 0.1,
        reason: "sums are taken in another order"),
    ])
}
