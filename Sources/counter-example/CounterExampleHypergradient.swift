import ArgumentParser
import Bilevel
import Datasets
import Experiments
import Results
import Tensors

/// The subcommand `hypergradient` of the counter-example.
struct CounterExampleHypergradient: HypergradientOptions {
  typealias E = CounterExample

  static let abstract = "Evaluate one hypergradient at the point that an HDF5 file gives."
  static let discussion = """
    F = 1/2 |x - y2|^2 + 1/2 |y1 - e|^2, f = 1/2 |y1|^2 - x' y1 + mu/2 |y2 - c|^2, mu and c with --set \
    problem.strongConvexity and problem.target; --set problem.quartic=true takes 1/4 sum (y1 - x)^4 in \
    place of the terms in y1.

    Input:  x [n], y0/y1 [n], y0/y2 [n]; any integer or floating type.
    Output: hypergradient [n], upperValue, lowerValue, y/y1 [n], y/y2 [n]
    """

  static let readKeys = ["problem.strongConvexity", "problem.target", "problem.quartic"]

  var defaults: RunSettings<CounterExampleSettings> { RunSettings(CounterExampleSettings()) }

  func request<Scalar: TensorScalar & HDF5Element>(
    inputs: String, method: Method, _ settings: RunSettings<CounterExampleSettings>,
    as type: Scalar.Type
  ) throws -> HypergradientRequest<Scalar> {
    let file = try ArrayFile(inputs)
    let x: Tensor<Scalar> = try file.tensor("x", ranks: [1])
    let start: [Tensor<Scalar>] = try ["y0/y1", "y0/y2"].map {
      try file.tensor($0, shape: x.shape, "one per coordinate of x")
    }
    var problem = settings.own.counterExample.bilevel(as: type)
    problem.initialLower = ConstantInitialLower(Parameters(start))
    return try HypergradientRequest(
      problem, at: Parameters(x), lowerNames: ["y1", "y2"], method: method, settings.method)
  }
}
