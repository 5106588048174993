import ArgumentParser
import Bilevel
import Datasets
import Experiments
import Foundation
import Networks

/// Evaluates one hypergradient of a row that no experiment's `hypergradient` command covers, at the
/// point an HDF5 file gives, for comparison with JAX and PyTorch.
@main
struct PerformanceRow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "performance-row",
    abstract: "Evaluate and time one hypergradient at the point that an HDF5 file gives.",
    discussion: """
      network: mean over i of sigmoid(x_i) CE_i(y) below, mean validation cross-entropy above, of a \
      fully connected network; train/features [n, d], train/labels [n], validation/features [m, d], \
      validation/labels [m], x [n], y0/weights1 [d, h], y0/bias1 [h], y0/weights2 ...

      counter-example: F = 1/2 |x - y2|^2 + 1/2 |y1 - 1|^2, f = 1/2 |y1|^2 - x'y1; x [n], y0/y1 [n], \
      y0/y2 [n].

      Output: hypergradient, upperValue; attributes secondsMedian, secondsMinimum, \
      peakResidentBytes, storage.
      """)

  enum Row: String, ExpressibleByArgument, CaseIterable {
    case network
    case counterExample = "counter-example"
  }

  enum Method: String, ExpressibleByArgument, CaseIterable {
    case rhg
    case bda
  }

  @Argument(help: "network or counter-example.")
  var row: Row

  @Option(help: "Input file (HDF5).")
  var inputs: String

  @Option(help: "Output file (HDF5).")
  var output: String

  @Option(help: "rhg or bda (harmonic weights).")
  var method = Method.rhg

  @Option(name: .customLong("inner-steps"), help: "K, inner steps.")
  var innerSteps = 20

  @Option(name: .customLong("inner-step-size"), help: "s_l, step size of the lower direction.")
  var innerStepSize = 0.1

  @Option(name: .customLong("upper-step-size"), help: "s_u. (default: s_l)")
  var upperStepSize: Double?

  @Option(help: "alpha of the harmonic schedule.")
  var alpha = 0.5

  @Option(help: "relu, tanh or sigmoid, between the network's layers.")
  var activation = "tanh"

  @Option(name: .customLong("trajectory-megabytes"), help: "Memory for the trajectory.")
  var trajectoryMegabytes = 1024

  @Flag(help: "Compute in double precision.")
  var double = false

  @Option(help: "Number of threads. (default: $BDA_THREADS, else all processors)")
  var threads: Int?

  @Option(help: "Evaluations that are timed, after one that is not.")
  var repeats = 3

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("The option --threads wants 1 to 1024 but was given \(threads).")
    }
    guard repeats >= 1, innerSteps >= 1, (0...1_000_000).contains(trajectoryMegabytes) else {
      throw ValidationError(
        "The options --repeats and --inner-steps want at least 1 (given \(repeats), \(innerSteps)),"
          + " --trajectory-megabytes 0 to 1000000 (given \(trajectoryMegabytes)).")
    }
    guard activations[activation] != nil else {
      throw ValidationError(
        "The option --activation wants relu, tanh or sigmoid but was given \"\(activation)\".")
    }
  }

  private var activations: [String: Activation] {
    ["relu": .rectifier, "tanh": .hyperbolicTangent, "sigmoid": .sigmoid]
  }

  func run() throws {
    if let threads { Parallel.use(threads: threads) }
    do {
      if double {
        try evaluate(as: Double.self)
      } else {
        try evaluate(as: Float.self)
      }
    } catch let error as DatasetError {
      throw ValidationError("\(error)")
    }
  }

  private func evaluate<Scalar: TensorScalar & HDF5Element>(as type: Scalar.Type) throws {
    let input = try RowInput<Scalar>(
      row, readingFrom: inputs, activation: activations[activation] ?? .identity)
    let dynamics: any InnerDynamics<Scalar> =
      switch method {
      case .rhg: GradientDescent(stepSize: Scalar(innerStepSize))
      case .bda:
        DescentAggregation(
          schedule: AggregationSchedule(.harmonic, alpha: alpha),
          upperStepSize: Scalar(upperStepSize ?? innerStepSize),
          lowerStepSize: Scalar(innerStepSize))
      }
    let estimator = ReverseHypergradient<Scalar>(
      storage: .automatic(byteBudget: trajectoryMegabytes << 20))
    func estimate() -> HypergradientEstimate<Scalar> {
      estimator.estimate(
        input.problem, dynamics: dynamics, upper: input.x, innerSteps: innerSteps)
    }
    var estimated = estimate()
    PeakMemory.reset()
    var seconds: [Double] = []
    for _ in 0..<repeats {
      let watch = Stopwatch()
      estimated = estimate()
      seconds.append(watch.seconds)
    }
    seconds.sort()
    let writer = try HDF5Writer(path: output)
    let hypergradient = estimated.hypergradient.tensors[0]
    try writer.write(
      HDF5Array(shape: hypergradient.shape, values: hypergradient.scalars), to: "hypergradient")
    try writer.write(scalar: estimated.upperValue, to: "upperValue")
    try writer.setAttribute("secondsMedian", .real(seconds[seconds.count / 2]))
    try writer.setAttribute("secondsMinimum", .real(seconds[0]))
    try writer.setAttribute("peakResidentBytes", .integer(PeakMemory.bytes ?? 0))
    try writer.setAttribute("storage", .string(estimated.diagnostics.storage))
    try writer.finish()
    print("\(seconds[seconds.count / 2]) s, \(estimated.diagnostics.storage)")
  }
}
