import Bilevel
import Commands
import Datasets
import Results
import Tensors

/// One run on its way: the body, what it has recorded, and where it stands.
struct RunDrive<Scalar: TensorScalar & HDF5Element> {
  private var body: any RunBody<Scalar>
  let file: CheckpointFile
  /// What the checkpoint must agree with.
  private let identity: Value
  private let engine: RunEngine
  private var progress: RunProgress
  private var stage = 0
  private var closingSteps = 0
  private var ending: OuterLoop<Scalar>.Outcome?
  /// What is restored once the stage has begun.
  private var restored: Checkpoint<Scalar>?
  private let watch = Stopwatch()
  private var sinceCheckpoint = Stopwatch()

  init(
    body: any RunBody<Scalar>, file: CheckpointFile, identity: Value, engine: RunEngine
  ) {
    self.body = body
    self.file = file
    self.identity = identity
    self.engine = engine
    progress = RunProgress(recorder: MetricRecorder(body.metrics))
  }

  /// Takes up an earlier process's work where there is a checkpoint of it.
  mutating func prepare() throws {
    guard try file.exists() else { return }
    guard !engine.startsFresh else {
      engine.console.show(note: "Fresh: the checkpoint \(file.path) is passed over.")
      return
    }
    let checkpoint = try file.read(of: identity, as: Scalar.self)
    guard checkpoint.stage < max(1, body.stages) else {
      throw ConfigurationError(
        .invalidFile,
        "The checkpoint \(file.path) stands at stage \(checkpoint.stage) of \(body.stages), which "
          + "does not exist; add --fresh to start from the beginning.")
    }
    stage = checkpoint.stage
    closingSteps = checkpoint.closingSteps
    ending = checkpoint.ending
    progress = checkpoint.progress
    restored = checkpoint
    engine.console.show(
      note: "Continuing after \(checkpoint.loop.iteration) outer iterations from \(file.path).")
  }

  /// Writes where the run stands.
  mutating func save() throws {
    var progress = progress
    progress.earlierSeconds += watch.seconds
    try file.write(
      Checkpoint(
        stage: stage, closingSteps: closingSteps, ending: ending, loop: body.loop.checkpoint,
        body: body.state, progress: progress), of: identity)
    sinceCheckpoint = Stopwatch()
  }

  // MARK: - Running

  /// Runs to the end; who interrupted it, if somebody did: the checkpoint is then written.
  mutating func run(titled title: String) throws -> Interrupted? {
    try body.begin(stage: stage)
    if let restored {
      guard restored.loop.upper.shapes == body.loop.upper.shapes else { throw file.damaged() }
      body.loop.resume(from: restored.loop)
      body.state = restored.body
      self.restored = nil
    }
    let isSingle = body.stages == 1
    let bar = Progress(
      title, total: isSingle ? body.loop.iterations : body.stages,
      alreadyDone: isSingle ? min(body.loop.iteration, body.loop.iterations) : stage,
      mode: engine.progress, console: engine.console)
    defer { bar.finish(detail: "") }
    while true {
      if ending == nil, let interruption = try iterate(isSingle ? bar : nil) {
        return interruption
      }
      if let interruption = try close(bar) { return interruption }
      if !isSingle { bar.advance(to: stage + 1) }
      guard stage + 1 < body.stages else { return nil }
      stage += 1
      closingSteps = 0
      ending = nil
      try body.begin(stage: stage)
    }
  }

  /// The outer loop of a stage.
  private mutating func iterate(_ bar: Progress?) throws -> Interrupted? {
    var seconds = progress.seconds.last ?? 0
    while true {
      let before = (loop: body.loop.checkpoint, state: body.state)
      var lap = Stopwatch()
      guard let event = body.loop.next() else { break }
      seconds += lap.lap()
      let observation: Observation
      do {
        observation = try body.observe(event)
      } catch let interruption as Interrupted {
        // The iteration is forgotten, here too: whatever is saved or said later is without it.
        body.loop.resume(from: before.loop)
        body.state = before.state
        try save()
        return interruption
      }
      note(event.estimate.diagnostics)
      if body.stages == 1 {
        progress.steps.append(event.iteration)
        progress.seconds.append(seconds)
      }
      for measurement in observation.measurements { progress.recorder.record(measurement) }
      bar?.advance(to: event.iteration + 1, detail: observation.detail)
      // A loop that has ended must not be saved as one that goes on: a checkpoint knows no outcome.
      if observation.stops || body.loop.outcome != nil { break }
      if let interruption = Interruption.requested {
        try save()
        return interruption
      }
      if sinceCheckpoint.seconds >= engine.checkpointSeconds { try save() }
    }
    ending = body.loop.outcome ?? .completed
    if case .nonFinite(let iteration, let what)? = ending {
      progress.status = .init(
        .nonFinite,
        reason: "In outer iteration \(iteration) \(what) was not finite: "
          + (iteration == 0
            // Nothing has moved yet but the lower variable.
            ? "lower the inner step size; where that does not help, another setting is too large or too "
              + "small to be computed with."
            : "lower the step sizes."))
      // A step along what a solver has let grow says less than the solver does.
      if what == OuterLoop<Scalar>.Outcome.step, let failure = progress.solves.failure {
        progress.status = .init(.diverged, reason: failure)
      }
    }
    return nil
  }

  /// The closing steps of a stage.
  private mutating func close(_ bar: Progress) throws -> Interrupted? {
    while closingSteps < body.closingSteps {
      let state = body.state
      let closing: Closing
      do {
        closing = try body.close(
          step: closingSteps, stage: stage, after: ending ?? .completed)
      } catch let interruption as Interrupted {
        body.state = state
        try save()
        return interruption
      }
      for metric in closing.newMetrics { progress.recorder.declare(metric) }
      for measurement in closing.measurements { progress.recorder.record(measurement) }
      for (name, value) in closing.results { progress.recorder.settle(name, value) }
      progress.notes.merge(closing.notes) { $1 }
      if let status = closing.status { progress.status = status }
      closingSteps += 1
      if closingSteps < body.closingSteps || stage + 1 < body.stages,
        let interruption = Interruption.requested
      {
        try save()
        return interruption
      }
      if sinceCheckpoint.seconds >= engine.checkpointSeconds { try save() }
    }
    return nil
  }

  private mutating func note(_ diagnostics: EstimatorDiagnostics) {
    progress.solves.add(diagnostics)
    progress.notes["trajectoryStorage"] = .string(diagnostics.storage)
    progress.notes["trajectoryBytes"] = .integer(diagnostics.storedBytes)
    if let step = diagnostics.selectedStep { progress.notes["selectedStep"] = .integer(step) }
    if let weight = diagnostics.penaltyMultiplier {
      progress.notes["penaltyMultiplier"] = .number(weight)
    }
  }

  // MARK: - The record

  /// What the run leaves behind, as it stands.
  func record<Own>(
    of run: Run<Own>, peakIsOwn: Bool, interruption: Interrupted?
  ) -> RunRecord {
    var status = progress.status ?? RunRecord.Status(.completed)
    if interruption != nil {
      status = .init(
        .interrupted,
        reason: "Interrupted after \(body.loop.iteration) of \(body.loop.iterations) outer "
          + "iterations; the same command continues from \(file.path).")
      // Unless the body says how it ended: of several trials the last may break down.
    } else if progress.status == nil, let failure = progress.solves.failure {
      status = .init(.diverged, reason: failure)
    } else if progress.status == nil, let name = progress.recorder.latestNonFinite {
      status = .init(
        .nonFinite, reason: "At the end \(name) was not finite: lower the step sizes.")
    }
    var diagnostics = progress.notes
    diagnostics["peakResidentBytesIncludeEarlierRuns"] = .bool(!peakIsOwn)
    if let solves = progress.solves.value { diagnostics["linearSolver"] = solves }
    if run.arm.trainsInOuterLoop { diagnostics["outerIterations"] = .integer(body.loop.iteration) }
    return run.record(
      metrics: progress.recorder.recorded, final: progress.recorder.latest, status: status,
      timing: .init(
        totalSeconds: progress.earlierSeconds + watch.seconds,
        secondsPerOuterStep: Self.medianStep(endingAt: progress.seconds),
        peakResidentBytes: PeakMemory.bytes, steps: progress.steps, seconds: progress.seconds),
      diagnostics: diagnostics)
  }

  /// The median time of steps that end at the given times, counted from 0; nil without steps.
  static func medianStep(endingAt seconds: [Double]) -> Double? {
    let steps = zip(seconds, [0] + seconds).map { $0 - $1 }
    return steps.isEmpty ? nil : Statistics(steps).median
  }

  /// What the run has learned, as it stands.
  func learned<Own>(by run: Run<Own>, _ record: RunRecord) -> LearnedRun<Scalar> {
    let (upper, lower) = body.componentNames
    let loop = body.loop.checkpoint
    var points = body.state.points
    var groups = [LearnedRun<Scalar>.Group("x", upper, loop.upper)]
    if let best = points.removeValue(forKey: "best") { groups.append(.init("best", upper, best)) }
    if let y = points.removeValue(forKey: BodyState<Scalar>.lowerName) {
      groups.append(.init("y", lower, y))
    }
    for (index, moment) in loop.optimizer.moments.enumerated() {
      groups.append(.init("optimizer/moment\(index)", upper, moment))
    }
    for (prefix, all) in [("memory", loop.memory ?? [:]), ("state", points)] {
      for (name, point) in all.sorted(by: { $0.key < $1.key }) {
        groups.append(
          .init("\(prefix)/" + name.map { $0 == "/" ? "-" : $0 }, [], point))
      }
    }
    return LearnedRun(
      description: LearnedDescription(
        experiment: run.experiment, method: run.arm.name, protocolName: run.protocolName,
        budget: run.budget.rawValue, seed: run.seed, status: record.status.kind.rawValue,
        outerIterations: loop.iteration, optimizerIteration: loop.optimizer.iteration,
        configuration: run.configuration.tree,
        datasets: run.datasets.map { "\($0.name) \($0.sha256)" }, inputShape: body.inputShape),
      groups: groups)
  }

  /// What the linear solves have to say to the person who waits; nil where all converged.
  var solverSentence: String? { progress.solves.sentence }
}
