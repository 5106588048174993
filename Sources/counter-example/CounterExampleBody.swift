import Bilevel
import Datasets
import Experiments
import Foundation
import Results
import Tensors

/// One run on the counter-example: one outer loop with its curves, or a sweep with one loop for each K
/// whose curves have K where others have outer iterations.
struct CounterExampleBody<Scalar: TensorScalar>: RunBody {
  private let method: Method
  private var settings: RunSettings<CounterExampleSettings>
  private var estimate: BilevelEstimate<Scalar>
  private let measure: CounterExampleMetrics
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()

  init(_ run: Run<CounterExampleSettings>) throws {
    guard let method = run.arm.method else {
      throw MethodError("The baseline \(run.arm.name) is none of counter-example's.")
    }
    self.method = method
    settings = run.settings
    measure = CounterExampleMetrics(problem: settings.own.counterExample)
    (estimate, loop) = try Self.start(method, settings)
  }

  private static func start(
    _ method: Method, _ settings: RunSettings<CounterExampleSettings>
  ) throws(MethodError) -> (BilevelEstimate<Scalar>, OuterLoop<Scalar>) {
    let problem = settings.own.counterExample
    return try settings.started(
      method, on: problem.bilevel(as: Scalar.self),
      from: Parameters(problem.spread(settings.start.upper)))
  }

  private var isSweep: Bool { !settings.sweep.innerSteps.isEmpty }

  var metrics: [RunRecord.Metric] {
    CounterExampleMetrics.perIteration.filter { !isSweep || $0.name != "outerStep" }
  }

  var componentNames: (upper: [String], lower: [String]) { (["x"], ["y1", "y2"]) }

  var stages: Int { max(1, settings.sweep.innerSteps.count) }

  mutating func begin(stage: Int) throws {
    guard isSweep else { return }
    settings.inner.steps = settings.sweep.innerSteps[stage]
    (estimate, loop) = try Self.start(method, settings)
    for name in ["settled", "solves", "converged"] { state.values[name] = nil }
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) -> Observation {
    for report in event.estimate.diagnostics.linearSolves {
      count("solves")
      if report.outcome == .converged { count("converged") }
    }
    let tolerance = settings.outer.tolerance
    let moved = event.next.adding(event.upper, scaledBy: -1)
    let step = Double(moved.norm) / Double(measure.problem.dimension).squareRoot()
    let hasSettled = step <= (tolerance > 0 ? tolerance : 1e-8)
    state.values["settled"] = .bool(hasSettled)
    var values: [String: Double] = [:]
    if !isSweep, event.iteration % settings.evaluation.every == 0 {
      values = measure.values(upper: event.upper, lower: event.estimate.lower)
      values["outerStep"] = step
    }
    return Observation(
      Measurement.all(values, at: event.iteration),
      detail: "|x - x*| \(shortened(measure.upperError(event.upper)))")
  }

  private mutating func count(_ name: String) {
    state.values[name] = .integer((state.values[name]?.integerValue ?? 0) + 1)
  }

  /// F per coordinate beyond which a run counts as diverged: X alone bounds F by about 10^4.
  private static var divergenceLimit: Double { 1e12 }

  /// The metrics at the last x, and the derived point beside it.
  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) -> Closing {
    guard ending == .completed else { return Closing() }
    let lower =
      method.estimator.movesLowerVariable
      ? estimate.problem.initialLower.value(upper: loop.upper)
      : estimate.lowerVariable(at: loop, after: settings.inner.steps)
    state.points[BodyState<Scalar>.lowerName] = lower
    var values = measure.values(upper: loop.upper, lower: lower)
    var notes: [String: Value] = ["settled": state.values["settled"] ?? .bool(false)]
    var status: RunRecord.Status?
    if let value = values["upperObjective"], !(value <= Self.divergenceLimit) {
      status = .init(
        .diverged,
        reason: "F grew to \(value) per coordinate, beyond the limit of \(Self.divergenceLimit): "
          + "lower the step sizes.")
    }
    if let solves = state.values["solves"]?.doubleValue {
      values["solverConvergedFraction"] = (state.values["converged"]?.doubleValue ?? 0) / solves
    }
    let points = stationaryPoints(solverConverged: values["solverConvergedFraction"])
    let derived = points.compactMap(\.value)
    if derived.count == measure.problem.dimension {
      let x = loop.upper.tensors[0].scalars.map { Double($0) }
      values["stationaryPoint"] = derived.reduce(0, +) / Double(derived.count)
      values["stationaryError"] = CounterExampleMetrics.rootMeanSquare(
        zip(x, derived).map { $0 - $1 })
    } else if case .absent(let reason)? = points.first {
      notes["stationaryPointAbsent"] = .string(reason)
    }
    guard isSweep else {
      return Closing(
        Measurement.all(values, at: loop.iteration), notes: notes, status: status)
    }
    notes["outerIterations"] = .integer(loop.iteration)
    return sweepClosing(values, notes, status, stage: stage)
  }

  /// - Parameter fraction: the share of linear solves that converged; nil where there were none.
  private func stationaryPoints(solverConverged fraction: Double?) -> [StationaryPoint] {
    let problem = measure.problem
    guard !settings.inner.startsWarm else {
      return [.absent("Warm starts move y_0 while phi_K is minimised.")]
    }
    // Coordinates with equal starts have equal points.
    let period = min(
      problem.dimension, problem.firstStart.count * problem.secondStart.count)
    let points = (0..<period).map { index in
      StationaryPoint(
        method, settings.method, on: problem,
        start: (
          problem.firstStart[index % problem.firstStart.count],
          problem.secondStart[index % problem.secondStart.count]
        ), outerIteration: max(0, loop.iteration - 1))
    }
    // A series is derived as it was cut off; of conjugate gradients only the solution is known.
    if let fraction, fraction < 1, method.estimator.name == NamedConjugateGradient().name,
      points.contains(where: { $0.value != nil })
    {
      return [.absent("Of the linear solves only a share of \(fraction) converged.")]
    }
    return (0..<problem.dimension).map { points[$0 % period] }
  }

  // MARK: - Sweeps

  /// What one K of a sweep shows; with the last of them, what the sweep says as a whole.
  private mutating func sweepClosing(
    _ values: [String: Double], _ notes: [String: Value], _ status: RunRecord.Status?, stage: Int
  ) -> Closing {
    let steps = settings.inner.steps
    var closing = Closing(
      Measurement.all(values, at: steps), notes: ["K\(steps)": .object(sorted: notes)],
      status: status)
    let x = CounterExampleMetrics.perIteration[0]
    closing.newMetrics.append(
      .init(name: "xAtK\(steps)", unit: x.unit, betterWhen: x.betterWhen, headline: true))
    if let value = values["x"] {
      closing.measurements.append(Measurement("xAtK\(steps)", at: steps, value))
    }
    for name in ["stationaryError", "upperError"] {
      if let value = values[name] {
        let earlier = state.values[name]?.arrayValue ?? []
        state.values[name] = .array(earlier + [.number(value)])
      }
    }
    guard stage + 1 == stages else { return closing }
    func curve(_ name: String) -> [Double] {
      (state.values[name]?.arrayValue ?? []).compactMap(\.doubleValue)
    }
    let distances = curve("stationaryError")
    if distances.count == stages, let largest = distances.max() {
      closing.newMetrics.append(
        .init(name: "largestStationaryError", unit: "1", betterWhen: .lower))
      closing.measurements.append(Measurement("largestStationaryError", at: steps, largest))
    }
    let errors = curve("upperError")
    // Below rounding there is no rate to speak of.
    if errors.count == stages, stages > 1, errors.allSatisfy({ $0 > 1e-6 }) {
      let (last, swept) = (stages - 1, settings.sweep.innerSteps)
      // The exponent p of error ~ K^p between the last two values of K.
      let exponent =
        log(errors[last] / errors[last - 1]) / log(Double(swept[last]) / Double(swept[last - 1]))
      closing.newMetrics.append(
        .init(name: "errorExponent", unit: "1", betterWhen: .lower, headline: true))
      closing.measurements.append(Measurement("errorExponent", at: steps, exponent))
    }
    return closing
  }
}
