import Bilevel
import Datasets
import Experiments
import Foundation
import Networks
import TestSupport
import Testing

@Suite("hyper-cleaning hypergradient")
struct HypergradientCommandTests {
  private let folder: TemporaryFolder
  private let n = 20
  private let m = 15
  private let d = 6
  private let c = 3

  init() throws { folder = try TemporaryFolder() }

  /// The arrays of a valid input, by name.
  private func arrays() -> [String: Tensor<Double>] {
    var stream = RandomStream(seed: 12, purpose: "hypergradient command")
    func labels(_ count: Int) -> Tensor<Double> {
      Tensor((0..<count).map { _ in Double(stream.integer(below: c)) })
    }
    return [
      "train/features": stream.uniform([n, d], in: -1..<1),
      "train/labels": labels(n),
      "validation/features": stream.uniform([m, d], in: -1..<1),
      "validation/labels": labels(m),
      "x": stream.uniform([n], in: -1..<1),
      "y0/weights": stream.uniform([d, c], in: -1..<1),
      "y0/bias": stream.uniform([c], in: -1..<1),
    ]
  }

  private func write(_ arrays: [String: Tensor<Double>], to name: String) throws -> String {
    let writer = try HDF5Writer(path: folder.path(name))
    for (key, tensor) in arrays.sorted(by: { $0.key < $1.key }) {
      if key.hasSuffix("train/labels"), tensor.scalars.allSatisfy({ $0 == $0.rounded() }) {
        // Labels as narrow integers here, as floating point in the validation part.
        try writer.write(
          HDF5Array(shape: tensor.shape, values: tensor.scalars.map { Int8($0) }), to: key)
      } else {
        try writer.write(HDF5Array(shape: tensor.shape, values: tensor.scalars), to: key)
      }
    }
    try writer.finish()
    return folder.path(name)
  }

  private func evaluate(
    _ input: String, _ arguments: [String], output: String = "out.h5"
  ) throws -> CommandResult {
    try CommandRunner.run(
      "hyper-cleaning",
      ["hypergradient", "--inputs", input, "--output", folder.path(output)] + arguments)
  }

  /// The same hypergradient from the expression path, which shares no kernel with the command.
  private func reference(
    _ arrays: [String: Tensor<Double>], _ dynamics: any InnerDynamics<Double>, steps: Int
  ) throws -> HypergradientEstimate<Double> {
    func tensor(_ name: String) throws -> Tensor<Double> { try #require(arrays[name]) }
    let network = FullyConnectedNetwork(widths: [d, c], activation: .identity)
    let problem = BilevelProblem<Double>(
      upper: networkClassificationObjective(
        network: network, features: try tensor("validation/features"),
        labels: try tensor("validation/labels").scalars.map { Int($0) }, weighting: .uniform),
      lower: networkClassificationObjective(
        network: network, features: try tensor("train/features"),
        labels: try tensor("train/labels").scalars.map { Int($0) }, weighting: .sigmoid),
      initialLower: ConstantInitialLower(
        Parameters([try tensor("y0/weights"), try tensor("y0/bias")])))
    return ForwardHypergradient<Double>().estimate(
      problem, dynamics: dynamics, upper: Parameters(try tensor("x")), innerSteps: steps)
  }

  @Test(arguments: ["rhg", "fhg", "bda"])
  func outputIsTheHypergradient(method: String) throws {
    let arrays = arrays()
    let input = try write(arrays, to: "in.h5")
    let result = try evaluate(
      input,
      [
        "--method", method, "--inner-steps", "9", "--inner-step-size", "0.7", "--schedule",
        "geometric", "--alpha", "0.4", "--upper-step-size", "0.3", "--scalar", "double",
        "--repeats", "3",
      ])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let dynamics: any InnerDynamics<Double> =
      method == "bda"
      ? DescentAggregation<Double>(
        schedule: AggregationSchedule(.geometric, alpha: 0.4), upperStepSize: 0.3,
        lowerStepSize: 0.7) : GradientDescent<Double>(stepSize: 0.7)
    let expected = try reference(arrays, dynamics, steps: 9)
    let file = try HDF5File.open(folder.path("out.h5"))
    let found = try file.read("hypergradient", as: Double.self)
    #expect(found.shape == [n])
    #expect(
      largestDeviation([Tensor(found.values)], expected.hypergradient.tensors) < 1e-14)
    #expect(
      abs(try file.read("upperValue", as: Double.self).values[0] - expected.upperValue) < 1e-14)
    #expect(try file.read("y/weights", as: Double.self).shape == [d, c])
    #expect(try file.read("y/bias", as: Double.self).shape == [c])
    #expect(try file.string("method") == method)
    #expect(try file.attributeNames().contains("secondsMedian"))
    #expect(try file.attributeNames().contains("peakResidentBytes"))
  }

  private static let valid = ["--inner-steps", "3", "--inner-step-size", "0.1"]

  @Test(
    arguments: [
      (["--method", "rhg", "--inner-steps", "0", "--inner-step-size", "0.1"], "from 1 to", 64),
      (["--method", "rhg", "--inner-steps", "3", "--inner-step-size", "nan"], "positive", 64),
      (["--method", "rhg", "--inner-steps", "3", "--inner-step-size", "inf"], "positive", 64),
      (["--method", "nothing"] + valid, "There is no method", 64),
      (
        ["--method", "bda", "--schedule", "x"] + valid,
        "\"x\" for the key \"aggregation.schedule\", which does not exist", 64
      ),
      (["--method", "bda", "--alpha", "2"] + valid, "between 0 and 1", 64),
      (["--method", "t-rhg", "--history", "0"] + valid, "truncation.history is 0", 64),
      (["--method", "bome"] + valid, "upper variable of its own", 64),
      (["--method", "rhg", "--repeats", "0"] + valid, "from 1 to 1000000", 64),
    ] as [([String], String, Int32)])
  func wrongOptions(arguments: [String], sentence: String, code: Int32) throws {
    let result = try evaluate(try write(arrays(), to: "in.h5"), arguments)
    #expect(result.exitCode == code, "\(result.standardError)")
    #expect(result.standardError.contains(sentence), "\(result.standardError)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("out.h5")))
  }

  @Test func aResultThatIsNotFiniteIsWrittenAndSaid() throws {
    // Logits beyond the range of a float: their softmax is not a number.
    var large = arrays()
    large["train/features"] = large["train/features"]?.scaled(by: 1e6)
    let result = try evaluate(
      try write(large, to: "in.h5"),
      ["--method", "rhg", "--inner-steps", "9", "--inner-step-size", "1e36"])
    #expect(result.exitCode == 3, "\(result.standardError)")
    #expect(try HDF5File.open(folder.path("out.h5")).string("status") == "non-finite")
  }

  @Test func brokenInputsAreNamed() throws {
    var broken: [(String, [String: Tensor<Double>], String)] = []
    func change(
      _ what: String, _ sentence: String, _ edit: (inout [String: Tensor<Double>]) -> Void
    ) {
      var copy = arrays()
      edit(&copy)
      broken.append((what, copy, sentence))
    }
    change("absent", "train/features") { $0["train/features"] = nil }
    change("label too large", "validation/labels") {
      $0["validation/labels"] = Tensor([Double](repeating: 3, count: 15))
    }
    change("label with a fraction", "validation/labels") {
      $0["validation/labels"] = Tensor([Double](repeating: 0.5, count: 15))
    }
    change("too few labels", "validation/labels") { $0["validation/labels"] = Tensor([0, 1, 2]) }
    change("x of another length", "The array x") { $0["x"] = Tensor([0, 1, 2]) }
    change("bias of another length", "y0/bias") { $0["y0/bias"] = Tensor([0, 1]) }
    change("features of another width", "validation/features") {
      $0["validation/features"] = Tensor.ones([15, 5])
    }
    change("rank 1 features", "train/features") { $0["train/features"] = Tensor.ones([20]) }
    change("not a number", "holds nan at position 7") {
      var x = [Double](repeating: 0, count: 20)
      x[7] = .nan
      $0["x"] = Tensor(x)
    }
    for (index, (what, arrays, sentence)) in broken.enumerated() {
      let input = try write(arrays, to: "broken\(index).h5")
      let result = try evaluate(input, Self.valid)
      #expect(result.exitCode == 65, "\(what): \(result.standardError)")
      #expect(result.standardError.contains(sentence), "\(what): \(result.standardError)")
      #expect(result.standardError.contains("broken\(index).h5"), "\(what)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("out.h5")))
  }

  @Test func damagedFilesAreNamed() throws {
    let input = try write(arrays(), to: "in.h5")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: input))
    for (name, content) in [
      ("truncated", bytes.prefix(bytes.count / 2)), ("empty", Data()), ("text", Data("hello".utf8)),
    ] {
      let path = folder.path("\(name).h5")
      try content.write(to: URL(fileURLWithPath: path))
      let result = try evaluate(path, Self.valid)
      #expect(result.exitCode == 65, "\(name): \(result.standardError)")
      #expect(result.standardError.contains("\(name).h5"), "\(name)")
    }
    let absent = try evaluate(folder.path("absent.h5"), Self.valid)
    #expect(absent.exitCode == 66)
    let unwritable = try evaluate(input, Self.valid, output: "in.h5/out.h5")
    #expect(unwritable.exitCode == 1, "\(unwritable.standardError)")
  }
}
