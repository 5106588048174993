import Datasets
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import RepresentationLearning
@testable import hyper_representation

@Suite("Baselines of hyper-representation", .serialized)
struct RepresentationBaselineTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ kind: RepresentationBaseline, _ arguments: [String] = []
  ) throws -> RunRecord {
    let output = folder.path("runs-\(kind.rawValue)-\(arguments.count)")
    let result = try CommandRunner.run(
      "hyper-representation",
      [
        "run", "--data", folder.path("data"), "--output", output, "--progress", "none",
        "--method", kind.rawValue, "--save", folder.path("learned.h5"),
      ] + arguments)
    guard result.exitCode == 0 else { throw Unexpected(result.standardError) }
    let names = try FileManager.default.subpathsOfDirectory(atPath: output)
    let path = try #require(names.first { $0.hasSuffix(".json") })
    return try RunRecord(readingFrom: "\(output)/\(path)")
  }

  private static let few =
    ["--protocol", "few-labels"]
    + ["data.perClass=3", "data.validation=40", "data.test=0", "extractor.widths=[12, 16]"]
    .flatMap { ["--set", $0] }

  @Test(
    "Each runs on images with six trials, better than chance, and saves what it learned",
    arguments: RepresentationBaseline.allCases)
  func runs(_ kind: RepresentationBaseline) throws {
    try SmallExperiment.makeDigits(folder.path("data"))
    let record = try run(kind, Self.few)
    #expect(record.status.kind == .completed)
    let accuracy = try #require(record.final["testAccuracy"])
    #expect(accuracy > (kind == .randomFeatures ? 0.1 : 0.2), "\(accuracy)")
    let tuning = try #require(record.diagnostics["tuning"])
    #expect(tuning["trials"]?.integerValue == 6 && tuning["setting"]?.stringValue == kind.tuned)
    let losses = (tuning["losses"]?.arrayValue ?? []).compactMap(\.doubleValue)
    let chosen = try #require(tuning["chosen"]?.integerValue)
    #expect(losses.count == 6 && losses[chosen] == losses.min())
    let learned: LearnedRun<Float> = try LearnedFile(
      folder.path("learned.h5"), of: "hyper-representation"
    ).contents()
    #expect(learned.groups.map(\.name) == ["x", "y"])
    #expect(learned.point("y")?.shapes == [[16, 10]])
    let list = try CommandRunner.run("hyper-representation", ["list"])
    #expect(list.standardOutput.contains(kind.rawValue))
  }

  @Test("The ridge head solves the normal equations of training and validation samples together")
  func ridge() throws {
    let record = try run(.ridgeHead, ["--scalar", "double", "--set", "tuning.trials=1"])
    let coefficient = try #require(record.diagnostics["tuning"]?["value"]?.doubleValue)
    #expect(coefficient == 0.01)
    let settings = try record.configuration.decoded(
      as: RunSettings<RepresentationSettings>.self, source: "record")
    let data = try RepresentationData<Double>(
      settings.own, folder: DataFolder(path: folder.path("data")), seed: 0)
    let problem = RepresentationProblem(settings.own, data: data, seed: 0)
    let inputs = data.train.inputs.appendingRows(data.validation.inputs)
    let targets = data.train.targets.appendingRows(data.validation.targets)
    let learned: LearnedRun<Double> = try LearnedFile(
      folder.path("learned.h5"), of: "hyper-representation"
    ).contents()
    let x = try #require(learned.point("x"))
    #expect(x == problem.factored.start)
    let y = try #require(learned.point("y")?.tensors.first)
    let features = problem.features(of: inputs, upper: x)
    // The gradient of 1/2n |Phi W - T|^2 + c/2 |W|^2 vanishes.
    let residual = features.multiplied(by: y).adding(targets, scaledBy: -1)
    let slope = features.multiplied(by: residual, transposingSelf: true)
      .scaled(by: 1 / Double(inputs.shape[0])).adding(y, scaledBy: coefficient)
    #expect(slope.scalars.allSatisfy { abs($0) < 1e-10 })
    #expect(y.scalars.contains { abs($0) > 1e-3 })
  }

  @Test("Joint training lowers the loss of the samples that it learns from")
  func joint() throws {
    try SmallExperiment.makeDigits(folder.path("data"))
    let short = try run(.jointTraining, Self.few + ["--set", "baseline.iterations=1"])
    let long = try run(
      .jointTraining, Self.few + ["--set", "baseline.iterations=60", "--fresh"])
    let (before, after) = (short.final["upperObjective"], long.final["upperObjective"])
    #expect(try #require(after) < 0.7 * #require(before))
  }
}
