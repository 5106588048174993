import Bilevel
import Results
import Tensors

/// What an experiment contributes to one run: the loop at its start, what to keep beside it, what to
/// measure, and how to finish. The engine does the rest.
///
/// A run has stages, one as a rule: each is an outer loop followed by closing steps (evaluations that
/// may take long). A body must be a function of what the engine knows: the stage, the loop, ``state``,
/// and the number of closing steps done; then a run that was stopped anywhere continues to the same
/// record, bit for bit.
package protocol RunBody<Scalar> {
  associatedtype Scalar: TensorScalar

  /// What is measured: names, units and directions.
  var metrics: [RunRecord.Metric] { get }
  /// The number of stages.
  var stages: Int { get }
  /// The outer loop of the current stage.
  var loop: OuterLoop<Scalar> { get set }
  /// What must survive a stop beside the loop: the best x so far, counts, partial results.
  var state: BodyState<Scalar> { get set }
  /// The steps that close a stage.
  var closingSteps: Int { get }

  /// The names of the components of x and of y, in order, for files of what was learned.
  var componentNames: (upper: [String], lower: [String]) { get }

  /// The height, width and channels of the inputs that are learned on, for files of what was learned; nil
  /// where files of what was learned need none.
  var inputShape: [Int]? { get }

  /// Sets ``loop`` to the start of a stage.
  mutating func begin(stage: Int) throws

  /// What one outer iteration shows. Called after the loop has moved to `event.next`.
  ///
  /// May throw `Interrupted` where measuring takes long; the engine then forgets the iteration, so
  /// that it is repeated when the run is continued.
  mutating func observe(_ event: OuterLoop<Scalar>.Event) throws -> Observation

  /// One closing step after the loop of a stage has ended.
  ///
  /// - Parameter ending: how the loop ended; nothing useful can be measured after `nonFinite`.
  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing
}

extension RunBody {
  /// One.
  package var stages: Int { 1 }
  /// One.
  package var closingSteps: Int { 1 }
  /// None: components are called by their number.
  package var componentNames: (upper: [String], lower: [String]) { ([], []) }
  /// None.
  package var inputShape: [Int]? { nil }
  /// The loop is there already.
  package mutating func begin(stage: Int) throws {}
}

/// What a body keeps beside its loop.
package struct BodyState<Scalar: TensorScalar>: Sendable, Equatable {
  /// Points by name.
  package var points: [String: Parameters<Scalar>] = [:]
  /// Numbers and texts by name.
  package var values: [String: Value] = [:]

  /// The name of the point that is y, for bodies that train one at the end.
  package static var lowerName: String { "y" }

  /// Nothing yet.
  package init() {}
}

/// One measured value of a curve.
package struct Measurement: Sendable {
  /// The metric.
  package let metric: String
  /// The outer step, or what else the curve is drawn against.
  package let step: Int
  /// The value.
  package let value: Double

  /// A measured value.
  package init(_ metric: String, at step: Int, _ value: Double) {
    self.metric = metric
    self.step = step
    self.value = value
  }

  /// Values by metric at one step, in the order of names.
  package static func all(_ values: [String: Double], at step: Int) -> [Measurement] {
    values.sorted { $0.key < $1.key }.map { Measurement($0.key, at: step, $0.value) }
  }
}

/// What one outer iteration shows.
package struct Observation: Sendable {
  /// What was measured, if anything.
  package var measurements: [Measurement] = []
  /// A few words about the state for the progress line.
  package var detail = ""
  /// Whether the loop has nothing left to do.
  package var stops = false

  /// An observation.
  package init(_ measurements: [Measurement] = [], detail: String = "", stops: Bool = false) {
    self.measurements = measurements
    self.detail = detail
    self.stops = stops
  }
}

/// What a closing step shows.
package struct Closing: Sendable {
  /// What was measured.
  package var measurements: [Measurement] = []
  /// Results that are not the last value of their metric's curve, by the metric's name.
  package var results: [String: Double] = [:]
  /// Metrics that the body did not know of before, such as one for each K of a sweep.
  package var newMetrics: [RunRecord.Metric] = []
  /// What to note in the record's diagnostics.
  package var notes: [String: Value] = [:]
  /// How the run ended, where that is not "completed".
  package var status: RunRecord.Status?

  /// A closing.
  package init(
    _ measurements: [Measurement] = [], results: [String: Double] = [:],
    newMetrics: [RunRecord.Metric] = [], notes: [String: Value] = [:],
    status: RunRecord.Status? = nil
  ) {
    self.measurements = measurements
    self.results = results
    self.newMetrics = newMetrics
    self.notes = notes
    self.status = status
  }
}

extension OuterLoop {
  /// A loop of no iterations, for what is run without one.
  package static func none(at point: Parameters<Scalar>) -> OuterLoop {
    OuterLoop(
      estimate: { x, _, _ in
        HypergradientEstimate(
          upperValue: 0, hypergradient: .zeros(like: x), lower: Parameters([]),
          diagnostics: .withoutInnerLoop)
      }, optimizer: GradientStep(learningRate: .constant(1)), from: point, iterations: 0)
  }
}

/// A number for progress lines: four decimals.
package func shortened(_ value: Double) -> String {
  value.isFinite ? "\((value * 1e4).rounded() / 1e4)" : "\(value)"
}
