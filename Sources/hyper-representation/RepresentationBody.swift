import Bilevel
import Datasets
import Experiments
import RepresentationLearning
import Results
import Tensors

/// One run of hyper-representation: a method's outer loop over the extractor's parameters.
struct RepresentationBody<Scalar: TensorScalar>: RunBody {
  private let settings: RunSettings<RepresentationSettings>
  private let problem: RepresentationProblem<Scalar>
  private let evaluation: RepresentationEvaluation<Scalar>
  private let prepared: FactoredProblem<Scalar>.Prepared
  private let estimate: BilevelEstimate<Scalar>
  /// Whether outer steps move y together with x.
  private let movesLowerVariable: Bool
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  var metrics: [RunRecord.Metric] { RepresentationEvaluation<Scalar>.metrics }

  let inputShape: [Int]?

  var componentNames: (upper: [String], lower: [String]) {
    (settings.own.extractorNames, ["head"])
  }

  init(_ run: Run<RepresentationSettings>, folder: DataFolder) throws {
    settings = run.settings
    guard let method = run.arm.method else {
      throw MethodError("The baseline \(run.arm.name) is none of hyper-representation's.")
    }
    let data = try RepresentationData<Scalar>(settings.own, folder: folder, seed: run.seed)
    inputShape = data.inputShape
    problem = RepresentationProblem(settings.own, data: data, seed: run.seed)
    // Where hypergradients see the f that is descended alone, no other one is measured.
    evaluation = RepresentationEvaluation(
      settings.own, data: data, problem: problem,
      lower: method.estimator.differentiatesLowerObjective ? problem.lower : problem.descended,
      seed: run.seed)
    prepared = try problem.factored.prepare(method, settings.method)
    estimate = BilevelEstimate(
      problem: prepared.problem, dynamics: prepared.loopDynamics, estimator: prepared.estimator,
      innerSteps: settings.inner.steps, start: settings.inner.startsWarm ? .warm : .own)
    movesLowerVariable = method.estimator.movesLowerVariable
    loop = try settings.loop(of: estimate, method, from: prepared.start)
  }

  /// The extractor's part of an upper variable to which a method may have appended its own.
  private func leading(_ x: Parameters<Scalar>) -> Parameters<Scalar> {
    Parameters(Array(x.tensors.prefix(problem.factored.start.tensors.count)))
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) -> Observation {
    var values: [String: Double] = [:]
    if event.iteration % settings.evaluation.every == 0 {
      values = evaluation.values(
        upper: leading(event.upper), lower: event.estimate.lower,
        hypergradient: leading(event.estimate.hypergradient))
      if event.iteration == 0, let first = values["upperObjective"] {
        state.values["firstUpperObjective"] = .number(first)
      }
    }
    return Observation(
      Measurement.all(values, at: event.iteration),
      detail: "F \(shortened(Double(event.estimate.upperValue)))")
  }

  /// The metrics at the last x, with the method's own inner loop from its own start and from other
  /// initial heads.
  ///
  /// Throws `Interrupted` while S(x) is measured.
  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing {
    guard ending == .completed else { return Closing() }
    let finished = estimate.finished(after: loop.iteration, loop.memory)
    func head(from start: Parameters<Scalar>? = nil) -> Parameters<Scalar> {
      prepared.trainedHead(
        at: loop.upper, of: finished, outerIteration: loop.iteration,
        innerSteps: settings.inner.steps, from: start)
    }
    // Where y moves together with x, the y that the last outer step made.
    let (x, y) = (
      leading(loop.upper),
      movesLowerVariable ? prepared.problem.initialLower.value(upper: loop.upper) : head()
    )
    state.points[BodyState<Scalar>.lowerName] = y
    var values = evaluation.values(upper: x, lower: y)
    if settings.own.isSetValued {
      // Draws that training has not seen, from 1 on after its own.
      let draws = (0..<settings.evaluation.heads).map {
        head(from: problem.initialHead(settings.head.draw + 1 + $0))
      }
      values.merge(
        try evaluation.setValues(upper: x, lower: y, headsOfOtherDraws: draws)
      ) { $1 }
    }
    return Closing(
      Measurement.all(values, at: loop.iteration), status: divergence(values["upperObjective"]))
  }

  /// Diverged where the upper objective ended far above its start: finite numbers, but no solution.
  private func divergence(_ last: Double?) -> RunRecord.Status? {
    guard let last, let first = state.values["firstUpperObjective"]?.doubleValue,
      !(last <= 1_000 * first)
    else { return nil }
    return .init(
      .diverged,
      reason: "The upper objective ended at \(last), more than a thousand times its start "
        + "\(first): lower the step sizes.")
  }
}
