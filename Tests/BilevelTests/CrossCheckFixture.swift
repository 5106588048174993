import Bilevel
import Datasets
import Foundation

/// The problems and values of `experiments/cross-check`, computed by another program with JAX.
struct CrossCheckFixture: Sendable {
  let inputs: HDF5File
  let expected: HDF5File

  init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "experiments/cross-check/fixtures")
    inputs = try HDF5File.open(folder.appending(path: "inputs.h5").path)
    expected = try HDF5File.open(folder.appending(path: "expected.h5").path)
  }

  static let problems = ["softmax", "network", "counter-example"]

  /// One method on one problem: the settings it was computed with, and the row of hypergradient, F
  /// and y.
  struct Case: Sendable {
    let name: String
    let method: Method
    let settings: MethodSettings
    let row: [Double]
  }

  func cases(of problem: String) throws -> [Case] {
    try expected.members(of: problem).sorted().map { name in
      let path = "\(problem)/\(name)"
      func text(_ key: String) throws -> String {
        try expected.string(key, of: path) ?? expected.string(key) ?? ""
      }
      func number(_ key: String) throws -> Double {
        for object in [path, "/"] {
          switch try expected.attribute(key, of: object) {
          case .real(let value)?: return value
          case .integer(let value)?: return Double(value)
          default: continue
          }
        }
        return .nan
      }
      let named = try text("schedule")
      guard let schedule = AggregationSchedule.Rule(rawValue: named) else {
        throw UnknownName(
          named, "schedule", among: AggregationSchedule.Rule.allCases.map(\.rawValue))
      }
      var settings = MethodSettings(
        steps: Int(try number("innerSteps")), stepSize: try number("innerStepSize"))
      settings.aggregation = .init(
        schedule: schedule, alpha: try number("alpha"),
        upperStepSize: try number("upperStepSize"))
      settings.truncation.history = Int(try number("history"))
      settings.inner.momentum = try number("innerMomentum")
      settings.solver.steps = Int(try number("solverSteps"))
      settings.solver.tolerance = 1e-14
      settings.solver.damping = try number("damping")
      settings.oneStage.radius = try number("oneStageRadius")
      settings.penalty.weight = try number("penaltyWeight")
      settings.penalty.barrierRatio = try number("barrierRatio")
      return Case(
        name: path, method: try MethodCatalogue.standard.method(named: try text("preset")),
        settings: settings, row: try expected.read(path, as: Double.self).values)
    }
  }

  /// A stored array, rounded to the scalar.
  func tensor<Scalar: TensorScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    let array = try inputs.read(name, as: Double.self)
    return Tensor(shape: array.shape, scalars: array.values.map { Scalar($0) })
  }

  /// The problem of the given name and its x, written here in `Autodiff` expressions.
  func problem<Scalar: TensorScalar>(
    _ name: String, as type: Scalar.Type
  ) throws -> (BilevelProblem<Scalar>, Parameters<Scalar>) {
    switch name {
    case "softmax": try softmax()
    case "network": try network()
    default: try counterExample()
    }
  }

  private func counterExample<Scalar: TensorScalar>()
    throws -> (BilevelProblem<Scalar>, Parameters<Scalar>)
  {
    let start = Parameters<Scalar>([
      try tensor("counter-example/y0/y1"), try tensor("counter-example/y0/y2"),
    ])
    var problem = BilevelTests.counterExample(start: (Scalar(0), Scalar(0)), dimension: 4)
    problem.initialLower = ConstantInitialLower(start)
    return (problem, Parameters(try tensor("counter-example/x")))
  }

  /// Rows of features with the indicator of each row's class.
  private struct Split<Scalar: TensorScalar>: Sendable {
    let features: Tensor<Scalar>
    let indicators: Tensor<Scalar>

    /// Cross-entropy of each row, shape `[rows]`.
    func crossEntropies(_ scores: Variable<Scalar>) -> Variable<Scalar> {
      let largest = scores.value.maximumAlongLastAxis()
      let shift = Variable<Scalar>.constant(largest)
        .repeated(scores.shape[1], alongNewAxis: 1)
      let logSum =
        (scores - shift).exponential().sum(alongAxis: 1).logarithm()
        + .constant(largest)
      return logSum - (scores * .constant(indicators)).sum(alongAxis: 1)
    }

    func affine(_ weights: Variable<Scalar>, _ bias: Variable<Scalar>) -> Variable<Scalar> {
      Variable<Scalar>.constant(features).affine(weights, bias)
    }
  }

  private func split<Scalar: TensorScalar>(_ name: String) throws -> Split<Scalar> {
    let labels = try inputs.readIntegers("\(name)/labels", in: 0...2).values
    var indicators = Tensor<Scalar>.zeros([labels.count, 3])
    for (row, label) in labels.enumerated() { indicators[row, Int(label)] = 1 }
    return Split(features: try tensor("\(name)/features"), indicators: indicators)
  }

  private func softmax<Scalar: TensorScalar>()
    throws -> (BilevelProblem<Scalar>, Parameters<Scalar>)
  {
    let train: Split<Scalar> = try split("softmax/train")
    let validation: Split<Scalar> = try split("softmax/validation")
    let problem = BilevelProblem<Scalar>(
      upper: ExpressionObjective { _, y in
        validation.crossEntropies(validation.affine(y[0], y[1])).mean()
      },
      lower: ExpressionObjective { x, y in
        (x[0].sigmoid() * train.crossEntropies(train.affine(y[0], y[1]))).mean()
      },
      initialLower: ConstantInitialLower(
        Parameters([try tensor("softmax/y0/weights"), try tensor("softmax/y0/bias")])))
    return (problem, Parameters(try tensor("softmax/x")))
  }

  private func network<Scalar: TensorScalar>()
    throws -> (BilevelProblem<Scalar>, Parameters<Scalar>)
  {
    let train: Split<Scalar> = try split("network/train")
    let validation: Split<Scalar> = try split("network/validation")
    @Sendable func scores(_ split: Split<Scalar>, _ y: [Variable<Scalar>]) -> Variable<Scalar> {
      split.affine(y[0], y[1]).hyperbolicTangent().affine(y[2], y[3])
    }
    let problem = BilevelProblem<Scalar>(
      upper: ExpressionObjective { x, y in
        validation.crossEntropies(scores(validation, y)).mean() + 0.01 * (x[0] * x[0]).sum()
      },
      lower: ExpressionObjective { x, y in
        let loss = (x[0].sigmoid() * train.crossEntropies(scores(train, y))).mean()
        let squares = (y[0] * y[0]).sum() + (y[2] * y[2]).sum()
        return loss + 0.5 * (x[1].exponential() * squares)
      },
      initialLower: ConstantInitialLower(
        Parameters(
          try ["weights1", "bias1", "weights2", "bias2"].map { try tensor("network/y0/\($0)") })))
    return (
      problem, Parameters([try tensor("network/x/weights"), try tensor("network/x/penalty")])
    )
  }
}

extension Variable {
  /// self weights + bias, the bias added to every row.
  fileprivate func affine(_ weights: Variable, _ bias: Variable) -> Variable {
    multiplied(by: weights) + bias.repeated(shape[0], alongNewAxis: 0)
  }
}
