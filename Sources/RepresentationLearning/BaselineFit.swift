import Bilevel
import Commands
import Experiments
import Tensors

/// A baseline's fits for values of the setting that it tunes.
///
/// Held out are the validation samples; for joint training, which learns from them, the last fifth of
/// them. The last fit of the baselines that learn from both sets is on all samples.
package struct BaselineFit<Scalar: TensorScalar>: Sendable {
  private let kind: RepresentationBaseline
  private let settings: RepresentationSettings
  /// K of the head on random features.
  private let innerSteps: Int
  private let data: RepresentationData<Scalar>
  private let problem: RepresentationProblem<Scalar>

  /// The fits of a baseline on the samples of a problem.
  package init(
    _ kind: RepresentationBaseline, _ settings: RepresentationSettings, innerSteps: Int,
    data: RepresentationData<Scalar>, problem: RepresentationProblem<Scalar>
  ) {
    self.kind = kind
    self.settings = settings
    self.innerSteps = innerSteps
    self.data = data
    self.problem = problem
  }

  /// What the held-out loss is, in words.
  package var heldOut: String {
    kind == .jointTraining
      ? "loss on a fifth of the validation samples, held out" : "loss on validation samples"
  }

  /// The loss on held-out samples of a fit with a value of the tuned setting; infinite where it broke
  /// down.
  ///
  /// - Throws: `Interrupted` between some steps of joint training.
  package func heldOutLoss(_ value: Double) throws -> Double {
    let (x, y): (Parameters<Scalar>, Parameters<Scalar>)
    var rows = 0..<data.validation.inputs.shape[0]
    switch kind {
    case .randomFeatures: (x, y) = (problem.factored.start, trainedHead(stepSize: value))
    case .ridgeHead: (x, y) = (problem.factored.start, ridgeHead(value, validationRows: 0))
    case .jointTraining:
      let kept = max(1, 4 * rows.count / 5)
      (x, y) = try trainedTogether(learningRate: value, validationRows: kept)
      // A single validation sample is trained on and judged by, for want of another.
      if kept < rows.count { rows = kept..<rows.count }
    }
    guard x.isFinite, y.isFinite else { return .infinity }
    let heldOut = validation(rows)
    let features = problem.features(of: heldOut.inputs, upper: x)
    let objective = LinearHeadObjective(
      component: 0, targets: heldOut.targets, loss: settings.head.loss,
      factor: Scalar(settings.head.upperFactor))
    let loss = Double(objective.value(upper: Parameters([features]), lower: y))
    return loss.isFinite ? loss : .infinity
  }

  /// Extractor and head of the last fit, on all samples that the baseline learns from.
  ///
  /// - Throws: `Interrupted` between some steps of joint training.
  package func fitted(_ value: Double) throws -> (Parameters<Scalar>, Parameters<Scalar>) {
    let rows = data.validation.inputs.shape[0]
    switch kind {
    case .randomFeatures: return (problem.factored.start, trainedHead(stepSize: value))
    case .ridgeHead: return (problem.factored.start, ridgeHead(value, validationRows: rows))
    case .jointTraining: return try trainedTogether(learningRate: value, validationRows: rows)
    }
  }

  // MARK: - The three ways

  /// K plain steps on the training samples.
  private func trainedHead(stepSize: Double) -> Parameters<Scalar> {
    var onFeatures = problem.factored.headProblem
    if let descended = problem.factored.descended { onFeatures.lower = descended }
    return GradientDescent<Scalar>(stepSize: Scalar(stepSize)).run(
      steps: innerSteps,
      upper: problem.factored.map.features(of: problem.factored.start), of: onFeatures)
  }

  /// (Phi'Phi / n + c I)^-1 Phi'T / n over the training samples and so many of the validation samples.
  private func ridgeHead(_ coefficient: Double, validationRows: Int) -> Parameters<Scalar> {
    let (inputs, targets) = together(validationRows)
    let features: Tensor<Double> = problem.features(of: inputs, upper: problem.factored.start)
      .converted()
    let scale = 1 / Double(features.shape[0])
    var matrix = features.multiplied(by: features, transposingSelf: true).scaled(by: scale)
    let width = features.shape[1]
    matrix.withUnsafeMutableScalars {
      for index in 0..<width { $0[index * width + index] += coefficient }
    }
    let right = features.multiplied(by: targets.converted(), transposingSelf: true)
      .scaled(by: scale)
    return Parameters(solvePositiveDefinite(matrix, right).converted())
  }

  /// Extractor and head after Adam's steps on the loss over both sets, from the methods' start.
  private func trainedTogether(
    learningRate: Double, validationRows: Int
  ) throws -> (Parameters<Scalar>, Parameters<Scalar>) {
    let (inputs, targets) = together(validationRows)
    let map = problem.map(of: inputs)
    let objective = LinearHeadObjective(
      component: 0, targets: targets, loss: settings.head.loss,
      ridge: Scalar(settings.head.ridge))
    var (x, y) = (problem.factored.start, problem.initialHead(settings.head.draw))
    let count = x.tensors.count
    var adam = Adam<Scalar>(learningRate: .constant(learningRate))
    for step in 0..<settings.baseline.iterations {
      if step % 20 == 0 { try Interruption.checkpoint() }
      let recorded = map.record(at: x)
      let slope = objective.gradients(upper: recorded.features, lower: y)
      let next = adam.step(
        from: Parameters(x.tensors + y.tensors),
        along: Parameters(recorded.pullback(slope.upper).tensors + slope.lower.tensors))
      guard next.isFinite else { return (next, next) }
      x = Parameters(Array(next.tensors.prefix(count)))
      y = Parameters(Array(next.tensors.dropFirst(count)))
    }
    return (x, y)
  }

  /// The training samples and so many of the validation samples.
  private func together(_ validationRows: Int) -> (inputs: Tensor<Scalar>, targets: Tensor<Scalar>)
  {
    guard validationRows > 0 else { return (data.train.inputs, data.train.targets) }
    let added = validation(0..<validationRows)
    return (
      data.train.inputs.appendingRows(added.inputs),
      data.train.targets.appendingRows(added.targets)
    )
  }

  /// Some of the validation samples; no copies where that is all of them.
  private func validation(
    _ rows: Range<Int>
  ) -> (inputs: Tensor<Scalar>, targets: Tensor<Scalar>) {
    let all = data.validation
    guard rows.count < all.inputs.shape[0] else { return (all.inputs, all.targets) }
    return (all.inputs.gatheringRows(Array(rows)), all.targets.gatheringRows(Array(rows)))
  }
}
