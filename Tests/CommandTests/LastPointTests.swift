import Foundation
import Results
import TestSupport
import Testing

/// Which point final numbers are of, for methods whose outer steps move x and y together.
@Suite("The last point")
struct LastPointTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.writeDigits()
  }

  private static let own: [String: [String]] = [
    "counter-example": [],
    "hyper-cleaning": [
      "--dataset", "synthetic-digits", "--set", "data.train=60", "--set", "data.validation=40",
      "--set", "data.test=0",
    ],
    "hyper-representation": [
      "--protocol", "few-labels", "--set", "data.perClass=3", "--set", "data.validation=40",
      "--set", "data.test=0", "--set", "extractor.widths=[12, 16]",
    ],
  ]

  private func record(
    _ experiment: String, _ method: String, outerIterations: Int
  ) throws -> RunRecord {
    let output = folder.path("runs-\(experiment)-\(method)-\(outerIterations)")
    let result = try CommandRunner.run(
      experiment,
      [
        "run", "--method", method, "--seed", "0", "--scalar", "double", "--data", folder.path,
        "--output", output, "--outer-iterations", "\(outerIterations)", "--inner-steps", "4",
        "--set", "evaluation.every=1",
      ] + (Self.own[experiment] ?? []))
    #expect(result.exitCode == 0, "\(result.standardError)")
    return try #require(try RecordStore.load(output).first?.record)
  }

  /// What a longer run observes after so many outer steps is what a run that ends there reports: x_N
  /// with y_N, and not with the y before the last step or after steps that no outer step has made.
  @Test(
    "A value-function method ends at the y that its last outer step made",
    arguments: ["counter-example", "hyper-cleaning", "hyper-representation"],
    ["v-pbgd", "bome"])
  func valueFunction(experiment: String, method: String) throws {
    let short = try record(experiment, method, outerIterations: 3)
    let long = try record(experiment, method, outerIterations: 4)
    let metric = try #require(long.metric(named: "upperObjective"))
    let observed = try #require(metric.steps.firstIndex(of: 3).map { metric.values[$0] })
    let reported = try #require(short.final["upperObjective"])
    #expect(abs(reported - observed) <= 1e-12 * abs(observed))
    // The next step does change it, so that another point would be told apart.
    let next = try #require(long.final["upperObjective"])
    #expect(abs(next - observed) > 1e-9 * abs(observed))
  }
}
