import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// What the three `hypergradient` subcommands have in common beside numbers.
@Suite("hypergradient of all experiments")
struct HypergradientOutputTests {
  static let experiments = ["hyper-cleaning", "hyper-representation", "few-shot"]

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A small valid input of an experiment.
  private func writeInput(of name: String) throws -> String {
    let path = folder.path("in.h5")
    let writer = try HDF5Writer(path: path)
    var stream = RandomStream(seed: 8, purpose: "hypergradient inputs")
    func write(_ name: String, _ shape: [Int]) throws {
      let values: Tensor<Double> = stream.uniform(shape, in: -0.5..<0.5)
      try writer.write(values.scalars, shape: shape, to: name)
    }
    func write(_ name: String, labels: [Int64], _ shape: [Int]) throws {
      try writer.write(labels, shape: shape, to: name)
    }
    switch name {
    case "hyper-cleaning":
      for (group, count) in [("train", 8), ("validation", 6)] {
        try write("\(group)/features", [count, 4])
        try write("\(group)/labels", labels: (0..<count).map { Int64($0 % 3) }, [count])
      }
      try write("x", [8])
      try write("y0/weights", [4, 3])
      try write("y0/bias", [3])
    case "hyper-representation":
      for (group, count) in [("train", 9), ("validation", 7)] {
        try write("\(group)/inputs", [count, 3])
        try write("\(group)/targets", [count])
      }
      try write("H", [3, 5])
      try write("w0", [5])
    default:
      try write("x/conv0", [2, 1, 3, 3])
      try write("x/beta0", [2])
      try write("support/images", [1, 2, 4, 4])
      try write("query/images", [1, 2, 4, 4])
      for group in ["support", "query"] {
        try write("\(group)/labels", labels: [0, 1], [1, 2])
      }
    }
    try writer.finish()
    return path
  }

  private func evaluate(
    _ name: String, _ input: String, _ output: String, _ more: [String] = []
  ) throws -> CommandResult {
    try CommandRunner.run(
      name,
      [
        "hypergradient", "--inputs", input, "--output", output, "--inner-steps", "6",
        "--inner-step-size", "0.1", "--scalar", "double",
      ] + more, currentDirectory: folder.url)
  }

  @Test("An output that is the input is refused, by whatever name", arguments: experiments)
  func same(_ name: String) throws {
    let input = try writeInput(of: name)
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: folder.path("soft.h5"), withDestinationPath: input)
    try files.linkItem(atPath: input, toPath: folder.path("hard.h5"))
    try files.createSymbolicLink(atPath: folder.path("here"), withDestinationPath: folder.path)
    let before = try Data(contentsOf: URL(fileURLWithPath: input))
    let archive = try CommandRunner.run(
      name,
      ["hypergradient", "--inputs", input, "--method", "rhg", "--inner-steps", "1"]
        + ["--output", folder.path("out.npz")])
    #expect(archive.exitCode == 64 && archive.standardError.contains("HDF5 is what is written"))
    for output in [
      input, "in.h5", folder.path("./in.h5"), folder.path("soft.h5"), folder.path("hard.h5"),
      folder.path("here/in.h5"),
    ] {
      for (from, to) in [(input, output), (output, input)] {
        let result = try evaluate(name, from, to)
        #expect(result.exitCode == 64, "\(from) to \(to): \(result.standardError)")
        #expect(result.standardError.contains("would take the place of the input"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: input)) == before, "\(from) to \(to)")
      }
    }
    let other = try evaluate(name, folder.path("soft.h5"), folder.path("out.h5"))
    #expect(other.exitCode == 0, "\(other.standardError)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: input)) == before)
    #expect(try folder.names() == ["hard.h5", "here", "in.h5", "out.h5", "soft.h5"])
  }

  @Test("Images too small for the blocks end with a sentence")
  func noPixelLeft() throws {
    let path = folder.path("small.h5")
    let writer = try HDF5Writer(path: path)
    for block in 0..<3 {
      let channels = block == 0 ? 1 : 2
      try writer.write(
        [Double](repeating: 0.1, count: 18 * channels), shape: [2, channels, 3, 3],
        to: "x/conv\(block)")
      try writer.write([0.0, 0], shape: [2], to: "x/beta\(block)")
    }
    for group in ["support", "query"] {
      try writer.write(
        (0..<32).map { Double($0) / 32 }, shape: [1, 2, 4, 4], to: "\(group)/images")
      try writer.write([Int64(0), 1], shape: [1, 2], to: "\(group)/labels")
    }
    try writer.finish()
    let refused = try evaluate(
      "few-shot", path, folder.path("out.h5"), ["--method", "rhg", "--halving", "max-pool"])
    #expect(refused.exitCode == 65, "\(refused.standardError)")
    #expect(refused.standardError.contains("leave no pixel"), "\(refused.standardError)")
    let strided = try evaluate("few-shot", path, folder.path("out.h5"), ["--method", "rhg"])
    #expect(strided.exitCode == 0, "\(strided.standardError)")
  }

  @Test("An option that the method does not read is named")
  func unreadOption() throws {
    let input = try writeInput(of: "few-shot")
    let result = try evaluate(
      "few-shot", input, folder.path("out.h5"), ["--method", "rhg", "--proximity", "5"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardError.contains("Ignored: implicit.proximity"), "\(result.standardError)")
    let counter = folder.path("counter.h5")
    let writer = try HDF5Writer(path: counter)
    for name in ["x", "y0/y1", "y0/y2"] { try writer.write([0.1, 0.2, 0.3], shape: [3], to: name) }
    try writer.finish()
    let dimension = try evaluate(
      "counter-example", counter, folder.path("out.h5"),
      ["--method", "rhg", "--set", "problem.dimension=7", "--set", "problem.target=2"]
        + ["--set", "problem.strongConvexity=1"])
    #expect(dimension.standardError.contains("Ignored: problem.dimension, which"))
    let read = try evaluate(
      "few-shot", input, folder.path("out.h5"), ["--method", "rhg", "--halving", "max-pool"])
    #expect(!read.standardError.contains("Ignored"), "\(read.standardError)")
  }

  @Test("How the linear solver ended is in the file, and on the terminal", arguments: experiments)
  func solver(_ name: String) throws {
    let input = try writeInput(of: name)
    func outcome(
      _ more: [String]
    ) throws -> (word: String, residual: Double, text: String) {
      let output = folder.path("out.h5")
      let result = try evaluate(
        name, input, output, ["--method", "cg", "--damping", "0.1"] + more)
      #expect(result.exitCode == 0, "\(result.standardError)")
      let file = try HDF5File.open(output)
      #expect(try file.string("status") == "finite")
      var residual = Double.nan
      if case .real(let value)? = try file.attribute("linearSolverRelativeResidual") {
        residual = value
      }
      return (
        try file.string("linearSolverOutcome") ?? "none", residual, result.standardError
      )
    }
    let few = try outcome(["--solver-steps", "1", "--solver-tolerance", "0"])
    #expect(few.word == "maximum-steps")
    #expect(few.residual > 1e-6)
    #expect(few.text.contains("1 of 1 linear solves"), "\(few.text)")
    #expect(few.text.contains("did not converge"))
    let many = try outcome(["--solver-steps", "500", "--solver-tolerance", "1e-10"])
    #expect(many.word == "converged")
    #expect(many.residual <= 1e-10)
    #expect(!many.text.contains("did not converge"))
    // Where nothing is solved, nothing is said of it.
    let output = folder.path("rhg.h5")
    #expect(try evaluate(name, input, output, ["--method", "rhg"]).exitCode == 0)
    #expect(try !HDF5File.open(output).attributeNames().contains("linearSolverOutcome"))
  }
}
