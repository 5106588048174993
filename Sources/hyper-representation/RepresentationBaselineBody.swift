import Bilevel
import Commands
import Datasets
import Experiments
import Results
import Tensors

/// One run of a baseline of hyper-representation: trials, each judged on held-out samples, then the
/// last fit with the best of them.
///
/// Held out are the validation samples; for joint training, which learns from them, the last fifth of
/// them. The last fit of the baselines that learn from both sets is on all samples.
struct RepresentationBaselineBody<Scalar: TensorScalar>: RunBody {
  private let settings: RunSettings<RepresentationSettings>
  private let kind: RepresentationBaseline
  private let data: RepresentationData<Scalar>
  private let problem: RepresentationProblem<Scalar>
  private let evaluation: RepresentationEvaluation<Scalar>
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  var metrics: [RunRecord.Metric] { RepresentationEvaluation<Scalar>.metrics }

  var componentNames: (upper: [String], lower: [String]) {
    (settings.own.extractorNames, ["head"])
  }

  init(
    _ kind: RepresentationBaseline, _ run: Run<RepresentationSettings>, folder: DataFolder
  ) throws {
    settings = run.settings
    self.kind = kind
    data = try RepresentationData<Scalar>(settings.own, folder: folder, seed: run.seed)
    problem = RepresentationProblem(settings.own, data: data, seed: run.seed)
    evaluation = RepresentationEvaluation(
      settings.own, data: data, problem: problem, seed: run.seed)
    loop = .none(at: problem.factored.start)
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) -> Observation { Observation() }

  // MARK: - Trials

  /// Each trial, then the last fit.
  var closingSteps: Int { settings.tuning.trials + 1 }

  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing {
    let losses = (state.values["losses"]?.arrayValue ?? []).compactMap(\.doubleValue)
    if step < settings.tuning.trials {
      let loss = try heldOutLoss(kind.start(settings) * kind.factor(of: step))
      state.values["losses"] = .array((losses + [loss]).map { .number($0) })
      return Closing()
    }
    // Infinite where a trial broke down, so that it is never the best.
    guard let best = losses.indices.min(by: { losses[$0] < losses[$1] }), losses[best].isFinite
    else {
      return Closing(
        status: .init(
          .nonFinite, reason: "No trial of \(kind.tuned) gave finite numbers: lower its start."))
    }
    let value = kind.start(settings) * kind.factor(of: best)
    let (x, y) = try fitted(value)
    loop = .none(at: x)
    state.points[BodyState<Scalar>.lowerName] = y
    let tried = losses.indices.map { kind.factor(of: $0) }
    return Closing(
      Measurement.all(evaluation.values(upper: x, lower: y), at: 0),
      notes: [
        "tuning": [
          "trials": .integer(losses.count), "chosen": .integer(best),
          "setting": .string(kind.tuned), "value": .number(value), "on": .string(heldOut),
          "losses": .array(losses.map { .number($0) }),
          "isAtEdge": .bool(
            losses.count > 1 && [tried.min(), tried.max()].contains(kind.factor(of: best))),
        ]
      ],
      status: x.isFinite && y.isFinite
        ? nil : .init(.nonFinite, reason: "The last fit is not finite: lower \(kind.tuned)."))
  }

  private var heldOut: String {
    kind == .jointTraining
      ? "loss on a fifth of the validation samples, held out" : "loss on validation samples"
  }

  private func heldOutLoss(_ value: Double) throws -> Double {
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
    let chosen = Array(rows)
    let features = problem.features(of: data.validation.inputs.gatheringRows(chosen), upper: x)
    let objective = LinearHeadObjective(
      component: 0, targets: data.validation.targets.gatheringRows(chosen),
      loss: settings.head.loss, factor: Scalar(settings.head.upperFactor))
    let loss = Double(objective.value(upper: Parameters([features]), lower: y))
    return loss.isFinite ? loss : .infinity
  }

  private func fitted(_ value: Double) throws -> (Parameters<Scalar>, Parameters<Scalar>) {
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
      steps: settings.inner.steps,
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
    let rows = Array(0..<validationRows)
    return (
      data.train.inputs.appendingRows(data.validation.inputs.gatheringRows(rows)),
      data.train.targets.appendingRows(data.validation.targets.gatheringRows(rows))
    )
  }
}
