import Bilevel
import Foundation
import Results
import Tensors

extension Checkpoint {
  /// The version of the format; another one is refused.
  static var formatVersion: Int { 1 }

  /// Everything but the scalars of points, as a tree.
  func tree(of points: [(name: String, point: Parameters<Scalar>)]) throws -> Value {
    var endingValue: Value = .null
    if let ending { endingValue = .string(ending == .completed ? "completed" : "non-finite") }
    if case .nonFinite(let iteration, let what)? = ending {
      endingValue = ["iteration": .integer(iteration), "what": .string(what)]
    }
    return [
      "stage": .integer(stage), "closingSteps": .integer(closingSteps), "ending": endingValue,
      "iteration": .integer(loop.iteration),
      "optimizerIteration": .integer(loop.optimizer.iteration),
      "hasMemory": .bool(loop.memory != nil), "body": .object(sorted: body.values),
      "progress": try progress.tree(),
      "points": .array(
        points.map { name, point in
          [
            "name": .string(name),
            "shapes": .array(point.shapes.map { .array($0.map { .integer($0) }) }),
          ]
        }),
    ]
  }

  /// All points by names that say where they belong.
  var points: [(name: String, point: Parameters<Scalar>)] {
    [("upper", loop.upper)]
      + loop.optimizer.moments.enumerated().map { ("moment/\($0)", $1) }
      + (loop.memory ?? [:]).sorted { $0.key < $1.key }.map { ("memory/" + $0.key, $0.value) }
      + body.points.sorted { $0.key < $1.key }.map { ("body/" + $0.key, $0.value) }
  }

  /// The checkpoint of a tree and the points in its order; nil for anything else.
  init?(_ tree: Value, points: [(name: String, point: Parameters<Scalar>)]) {
    guard let stage = tree["stage"]?.integerValue, stage >= 0,
      let closing = tree["closingSteps"]?.integerValue, closing >= 0,
      let iteration = tree["iteration"]?.integerValue, iteration >= 0,
      let optimizerIteration = tree["optimizerIteration"]?.integerValue, optimizerIteration >= 0,
      let hasMemory = tree["hasMemory"]?.boolValue, let values = tree["body"]?.objectValue,
      let progress = RunProgress(tree["progress"]),
      let upper = points.first(where: { $0.name == "upper" })?.point,
      points.allSatisfy({ name, _ in
        name == "upper" || ["moment/", "memory/", "body/"].contains { name.hasPrefix($0) }
      })
    else { return nil }
    func group(_ prefix: String) -> [(String, Parameters<Scalar>)] {
      points.filter { $0.name.hasPrefix(prefix) }
        .map { (String($0.name.dropFirst(prefix.count)), $0.point) }
    }
    self.stage = stage
    closingSteps = closing
    self.progress = progress
    switch tree["ending"] {
    case .string("completed")?: ending = .completed
    case .object?:
      guard let at = tree["ending"]?["iteration"]?.integerValue,
        let what = tree["ending"]?["what"]?.stringValue
      else { return nil }
      ending = .nonFinite(iteration: at, what: what)
    default: ending = nil
    }
    var body = BodyState<Scalar>()
    body.values = values
    body.points = Dictionary(group("body/"), uniquingKeysWith: { first, _ in first })
    self.body = body
    loop = OuterLoop.Checkpoint(
      iteration: iteration, upper: upper,
      optimizer: OuterOptimizerMemory(
        iteration: optimizerIteration, moments: group("moment/").map(\.1)),
      memory: hasMemory
        ? Dictionary(group("memory/"), uniquingKeysWith: { first, _ in first }) : nil)
  }
}

extension RunProgress {
  fileprivate func tree() throws -> Value {
    [
      "metrics": try Value(encoding: recorder.metrics),
      "latest": .object(sorted: recorder.latest.mapValues { .number($0) }),
      "steps": .array(steps.map { .integer($0) }),
      "seconds": .array(seconds.map { .number($0) }),
      "earlierSeconds": .number(earlierSeconds),
      "solves": solves.checkpoint, "notes": .object(sorted: notes),
      "status": status.map {
        ["kind": .string($0.kind.rawValue), "reason": .string($0.reason ?? "")]
      } ?? .null,
    ]
  }

  fileprivate init?(_ tree: Value?) {
    guard let tree,
      let metrics = try? tree["metrics"]?.decoded(
        as: [RunRecord.Metric].self, source: "checkpoint"),
      let latest = tree["latest"]?.objectValue, let steps = tree["steps"]?.arrayValue,
      let seconds = tree["seconds"]?.arrayValue,
      let earlier = tree["earlierSeconds"]?.doubleValue,
      let solves = SolverTally(tree["solves"]), let notes = tree["notes"]?.objectValue,
      metrics.allSatisfy({ $0.steps.count == $0.values.count }),
      Set(metrics.map(\.name)).count == metrics.count,
      latest.keys.allSatisfy({ name in metrics.contains { $0.name == name } }),
      steps.count == seconds.count, steps.allSatisfy({ $0.integerValue != nil }),
      seconds.allSatisfy({ $0.doubleValue != nil })
    else { return nil }
    recorder = MetricRecorder(metrics, latest: latest.compactMapValues(\.doubleValue))
    self.steps = steps.compactMap(\.integerValue)
    self.seconds = seconds.compactMap(\.doubleValue)
    earlierSeconds = earlier
    self.solves = solves
    self.notes = notes
    if let kind = tree["status"]?["kind"]?.stringValue.flatMap(RunRecord.Status.Kind.init) {
      let reason = tree["status"]?["reason"]?.stringValue ?? ""
      status = .init(kind, reason: reason.isEmpty ? nil : reason)
    }
  }
}
