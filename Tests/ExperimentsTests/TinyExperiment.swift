import Bilevel
import Commands
import Datasets
import Foundation
import Results
import Synchronization
import Tensors

@testable import Experiments

/// The sections of the tiny experiment.
struct TinySettings: OwnSettings {
  struct Tiny: Codable, Sendable, Equatable {
    var dimension = 2
    var target = 0.5
    var stages = 1
    var closingSteps = 1
    /// The outer iteration whose F is NaN.
    var breaksAt: Int?
    /// Noise levels, a list.
    var levels = [1]
  }
  struct Evaluation: Codable, Sendable, Equatable {
    var interval = 1
  }
  var tiny = Tiny()
  var evaluation = Evaluation()

  static let keys: [SettingKey<TinySettings>] = [
    .whole("tiny.dimension", "the length of x and y", 1...100) { $0.tiny.dimension },
    .finite("tiny.target", "where F pulls y") { $0.tiny.target },
    .whole("tiny.stages", "stages of a run", 1...10) { $0.tiny.stages },
    .whole("tiny.closingSteps", "steps that close a stage", 0...10) { $0.tiny.closingSteps },
    .optionalWhole("tiny.breaksAt", "the iteration that is not finite", 0...1_000) {
      $0.tiny.breaksAt
    },
    SettingKey("tiny.levels", "levels", wanted: "a list that is not empty", { $0.tiny.levels }) {
      !$0.isEmpty
    },
    .whole("evaluation.interval", "outer iterations between measurements", 1...1_000) {
      $0.evaluation.interval
    },
  ]

  static func conflict(in settings: RunSettings<TinySettings>) -> String? {
    settings.tiny.stages > 1 && settings.tiny.closingSteps == 0
      ? "The setting tiny.closingSteps is 0 but must be at least 1 where tiny.stages is "
        + "\(settings.tiny.stages)" : nil
  }
}

enum TinyPreset: String, ExperimentPreset {
  case plain, wide

  var summary: String { "a quadratic problem" }
  var source: String { "the tests" }

  func settings(_ budget: Budget) -> RunSettings<TinySettings> {
    var settings = RunSettings(TinySettings())
    settings.tiny.dimension = self == .wide ? 3 : 2
    settings.inner.steps = 4
    settings.outer = OuterSettings(.adam, learningRate: 0.05, iterations: 5)
    return settings
  }
}

/// A quadratic problem that runs in milliseconds, with hooks where a run can be stopped.
///
/// f = 1/2 |y|^2 - y'x and F = 1/2 |y - t|^2, so that y(x) = x.
struct TinyExperiment: Experiment {
  typealias Own = TinySettings
  typealias Preset = TinyPreset

  /// A moment of a run, before or after which tests interfere.
  enum Moment: Hashable, Sendable {
    case observing(stage: Int, iteration: Int)
    case closing(stage: Int, step: Int)
  }

  static let name = "tiny"
  static var shortNames: [String: String] {
    ["inner.steps": "innerSteps", "tiny.levels": "levels"]
  }
  static var columns: [SummaryColumn] { [.final("value", 8, "value")] }
  static var measuringKeys: [String] { ["evaluation.interval"] }

  var context = ExperimentContext(folder: DataFolder(path: "nowhere"))
  /// Called at each moment, once the body has changed its state.
  var hook: @Sendable (Moment) throws -> Void = { _ in }

  init() {}
  init(context: ExperimentContext) { self.context = context }

  mutating func use(_ catalogue: MethodCatalogue) {
    context = ExperimentContext(folder: context.folder, catalogue: catalogue)
  }

  var baselines: [Baseline] { [Baseline("untrained", "Untrained", citation: "nobody")] }

  func usualArms(_ settings: RunSettings<TinySettings>, budget: Budget) -> [Arm] {
    catalogue.methods.filter { $0.name == "rhg" }.map { .method($0) }
  }

  func datasets(
    _ settings: RunSettings<TinySettings>, seed: UInt64
  ) throws -> [RunRecord.DatasetUse] { [] }

  func body<Scalar: TensorScalar & HDF5Element>(
    of run: Run<TinySettings>, as type: Scalar.Type
  ) throws -> any RunBody<Scalar> {
    try TinyBody<Scalar>(run, hook: hook)
  }
}

struct TinyBody<Scalar: TensorScalar>: RunBody {
  let settings: RunSettings<TinySettings>
  let hook: @Sendable (TinyExperiment.Moment) throws -> Void
  let start: @Sendable (Int) -> OuterLoop<Scalar>
  var loop: OuterLoop<Scalar>
  var state = BodyState<Scalar>()
  var stage = 0

  var stages: Int { settings.tiny.stages }
  var closingSteps: Int { settings.tiny.closingSteps }
  var metrics: [RunRecord.Metric] {
    [
      .init(name: "value", unit: "1", betterWhen: .lower),
      .init(name: "best", unit: "1", betterWhen: .lower),
      .init(name: "never", unit: "1", betterWhen: .lower),
    ]
  }

  init(
    _ run: Run<TinySettings>, hook: @escaping @Sendable (TinyExperiment.Moment) throws -> Void
  ) throws {
    let settings = run.settings
    self.settings = settings
    self.hook = hook
    let count = settings.tiny.dimension
    let target = Tensor<Scalar>(
      shape: [count], scalars: Array(repeating: Scalar(settings.tiny.target), count: count))
    var stream = RandomStream(seed: run.seed, purpose: "tiny")
    let first: Tensor<Scalar> = stream.normal([count])
    let problem = BilevelProblem<Scalar>(
      upper: ExpressionObjective { _, y in
        let gap = y[0] - .constant(target)
        return 0.5 * (gap * gap).sum()
      },
      lower: ExpressionObjective { x, y in (0.5 * (y[0] * y[0]) - y[0] * x[0]).sum() },
      initialLower: ConstantInitialLower(Parameters(Tensor<Scalar>.zeros([count]))))
    guard let method = run.arm.method else {
      start = { _ in .none(at: Parameters(first)) }
      loop = .none(at: Parameters(first))
      return
    }
    let (prepared, point) = try method.prepare(problem, from: Parameters(first), settings.method)
    let estimate = BilevelEstimate(
      problem: prepared, dynamics: try method.innerDynamics(settings.method, as: Scalar.self),
      estimator: try method.hypergradientEstimator(settings.method, as: Scalar.self),
      innerSteps: settings.inner.steps, start: settings.inner.startsWarm ? .warm : .own)
    let optimizer = try settings.outerOptimizer(of: method, as: Scalar.self)
    let made: @Sendable (Int) -> OuterLoop<Scalar> = { stage in
      OuterLoop(
        estimate: { x, n, memory in
          var result = estimate(x, n, memory)
          if n == settings.tiny.breaksAt { result.upperValue = .nan }
          return result
        }, optimizer: optimizer, from: point.scaled(by: Scalar(1 + stage)),
        iterations: settings.outer.iterations)
    }
    start = made
    loop = made(0)
  }

  mutating func begin(stage: Int) throws {
    self.stage = stage
    loop = start(stage)
  }

  mutating func observe(_ event: OuterLoop<Scalar>.Event) throws -> Observation {
    let seen = (state.values["seen"]?.integerValue ?? 0) + 1
    state.values["seen"] = .integer(seen)
    let value = Double(event.estimate.upperValue)
    let best = state.values["best"]?.doubleValue ?? .infinity
    if value < best {
      state.values["best"] = .number(value)
      state.points["best"] = event.upper
    }
    try hook(.observing(stage: stage, iteration: event.iteration))
    guard event.iteration % settings.evaluation.interval == 0 else { return Observation() }
    return Observation([
      Measurement("value", at: seen, value), Measurement("best", at: seen, min(best, value)),
    ])
  }

  mutating func close(
    step: Int, stage: Int, after ending: OuterLoop<Scalar>.Outcome
  ) throws -> Closing {
    let closed = (state.values["closed"]?.integerValue ?? 0) + 1
    state.values["closed"] = .integer(closed)
    try hook(.closing(stage: stage, step: step))
    let name = "closing \(stage)"
    return Closing(
      [
        Measurement(name, at: step, Double(state.points["best"]?.norm ?? loop.upper.norm)),
        Measurement("best", at: 1_000 + closed, Double(loop.upper.norm)),
      ],
      newMetrics: [.init(name: name, unit: "1", betterWhen: .neither)],
      notes: ["ending \(stage)": .string("\(ending)"), "closed": .integer(closed)])
  }
}

/// A moment's effects, each once: what is done in a run that is repeated until it is complete.
final class Once: Sendable {
  private let seen = Mutex<Set<TinyExperiment.Moment>>([])
  /// Whether the moment has not been asked for before.
  func first(_ moment: TinyExperiment.Moment) -> Bool {
    seen.withLock { $0.insert(moment).inserted }
  }
}

/// Moments in order.
final class MomentList: Sendable {
  private let list = Mutex<[TinyExperiment.Moment]>([])
  func append(_ moment: TinyExperiment.Moment) { list.withLock { $0.append(moment) } }
  var all: [TinyExperiment.Moment] { list.withLock { $0 } }
}

/// What a console was told.
final class Notes: Sendable {
  private let texts = Mutex("")
  var text: String { texts.withLock { $0 } }
  var console: Console {
    Console(
      terminal: Terminal(descriptor: -1, color: .never), results: { _ in true },
      diagnostics: { [self] text in
        texts.withLock { $0 += text }
        return true
      })
  }
}

extension Run where Own == TinySettings {
  /// A run of the tiny experiment.
  static func tiny(
    _ method: String = "rhg", seed: UInt64 = 3, scalar: ScalarChoice = .float,
    datasets: [RunRecord.DatasetUse] = [], catalogue: MethodCatalogue = .standard,
    _ change: (inout RunSettings<TinySettings>) -> Void = { _ in }
  ) throws -> Run {
    var experiment = TinyExperiment()
    experiment.use(catalogue)
    let preset = TinyPreset.plain.settings(.smoke)
    var settings = preset
    change(&settings)
    let planned = PlannedRun(
      try experiment.arm(named: method), settings, preset: preset, protocolName: "plain")
    return Run(
      experiment: TinyExperiment.name, arm: planned.arm, protocolName: "plain", budget: .smoke,
      seed: seed, scalar: scalar, configuration: planned.configuration,
      variant: planned.variant(in: experiment), datasets: datasets)
  }
}

extension RunRecord {
  /// The record without what may differ between a continued and an unbroken run.
  var withoutTiming: RunRecord {
    var result = self
    result.timing = Timing(
      totalSeconds: 0, secondsPerOuterStep: nil, peakResidentBytes: nil, steps: timing.steps,
      seconds: timing.steps.map { _ in 0 })
    result.environment = Environment(
      commit: "", dirty: false, swift: "", backend: "", hdf5: "", libpng: "", cpu: "", threads: 1,
      os: "", scalar: environment.scalar)
    result.diagnostics["peakResidentBytesIncludeEarlierRuns"] = nil
    return result
  }
}
