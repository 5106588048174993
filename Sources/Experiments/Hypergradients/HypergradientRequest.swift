import ArgumentParser
import Bilevel
import Datasets
import Results
import Tensors

/// One hypergradient at a point that a file gives: how to evaluate it, and what to write of it.
package struct HypergradientRequest<Scalar: TensorScalar & HDF5Element> {
  /// The estimate; called once for each measured evaluation.
  package let evaluate: () -> HypergradientEstimate<Scalar>
  /// Writes the result's arrays; returns whether everything written is finite.
  package let write: (HypergradientEstimate<Scalar>, HDF5Writer) throws -> Bool

  /// A request of the given parts.
  package init(
    evaluate: @escaping () -> HypergradientEstimate<Scalar>,
    write: @escaping (HypergradientEstimate<Scalar>, HDF5Writer) throws -> Bool
  ) {
    self.evaluate = evaluate
    self.write = write
  }
}

extension HypergradientRequest {
  /// The hypergradient of a bi-level problem at x with respect to its one component, and what is
  /// written of it: `hypergradient`, `upperValue`, `lowerValue`, and y_K under `y/` by its names.
  package init(
    _ problem: BilevelProblem<Scalar>, at x: Parameters<Scalar>, lowerNames: [String],
    method: Method, _ settings: MethodSettings
  ) throws(MethodError) {
    try method.requireOwnUpper(settings)
    let dynamics = try method.innerDynamics(settings, as: Scalar.self)
    let estimator = try method.hypergradientEstimator(settings, as: Scalar.self)
    self.init(
      evaluate: {
        estimator.estimate(
          problem, dynamics: dynamics, upper: x, innerSteps: settings.inner.steps)
      },
      write: { estimate, writer in
        let lowerValue = problem.lower.value(upper: x, lower: estimate.lower)
        try writer.write(estimate.hypergradient.tensors[0], to: "hypergradient")
        for (name, tensor) in zip(lowerNames, estimate.lower.tensors) {
          try writer.write(tensor, to: "y/\(name)")
        }
        try writer.write(scalar: estimate.upperValue, to: "upperValue")
        try writer.write(scalar: lowerValue, to: "lowerValue")
        return lowerValue.isFinite
      })
  }
}

/// What an experiment contributes to the subcommand `hypergradient`: its options, and the problem that
/// an input file holds.
package protocol HypergradientOptions: ParsableArguments {
  /// The experiment.
  associatedtype E: Experiment

  /// One line about the subcommand.
  static var abstract: String { get }
  /// The objectives, and the arrays of input and output files.
  static var discussion: String { get }

  /// What the keys of the experiment's own begin with that an evaluation reads.
  static var readKeys: [String] { get }

  /// The settings that options override.
  var defaults: RunSettings<E.Own> { get }
  /// The keys that the experiment's own options set.
  var overrides: [SettingOverride] { get }
  /// The parameters to note as attributes, beside those of every experiment.
  func attributes(_ settings: RunSettings<E.Own>) -> [(String, HDF5Attribute)]

  /// The request of a file.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  func request<Scalar: TensorScalar & HDF5Element>(
    inputs: String, method: Method, _ settings: RunSettings<E.Own>, as type: Scalar.Type
  ) throws -> HypergradientRequest<Scalar>
}

extension HypergradientOptions {
  /// None.
  package static var readKeys: [String] { [] }
  /// None.
  package var overrides: [SettingOverride] { [] }
  /// None.
  package func attributes(_ settings: RunSettings<E.Own>) -> [(String, HDF5Attribute)] { [] }
}

extension Method {
  /// Throws where the upper variable that the method works on is more than x, so that there is no
  /// hypergradient with respect to x alone to compare.
  package func requireOwnUpper(_ settings: MethodSettings) throws(MethodError) {
    let settings = applied(to: settings)
    let point = Parameters<Double>(Tensor([0]))
    let probe = BilevelProblem<Double>(
      upper: ExpressionObjective { x, _ in x[0].sum() },
      lower: ExpressionObjective { x, _ in x[0].sum() },
      initialLower: ConstantInitialLower(point))
    guard try prepare(probe, from: point, settings).start.tensors.count == 1 else {
      throw MethodError(
        "The method \"\(name)\" has an upper variable of its own beside x, so it has no "
          + "hypergradient with respect to x alone to compare; choose another method.")
    }
  }
}
