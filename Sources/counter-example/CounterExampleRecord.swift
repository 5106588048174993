import Bilevel
import Datasets
import Experiments
import Results

extension CounterExampleItem {
  /// The record of this item with the given content.
  func record(
    metrics: [RunRecord.Metric], final: [String: Double], status: RunRecord.Status,
    timing: RunRecord.Timing, diagnostics: [String: Value], seed: UInt64, scalar: String
  ) -> RunRecord {
    RunRecord(
      experiment: "counter-example", method: methodRecord, seed: seed,
      budget: budget.rawValue, protocolName: preset.rawValue, variant: variant,
      configuration: configuration.tree,
      datasets: [], environment: .current(scalar: scalar), status: status, metrics: metrics,
      final: final, timing: timing, diagnostics: diagnostics)
  }

  private var methodRecord: RunRecord.Method {
    let method = settings.methodSettings(method)
    let outer = settings.outerSettings(self.method)
    var parameters: [String: Value] = ["innerStepSize": .number(method.innerStepSize)]
    if sweep == nil { parameters["innerSteps"] = .integer(settings.inner.steps) }
    if method.dynamics.aggregates {
      parameters["upperStepSize"] = .number(method.upperStepSize)
      parameters["schedule"] = .string(method.schedule.rawValue)
      parameters["alpha"] = .number(method.alpha)
    }
    if method.dynamics == .heavyBall || method.dynamics == .heavyBallAggregation {
      parameters["momentum"] = .number(method.innerMomentum)
    }
    if method.dynamics == .proximalGradient {
      parameters["proximalPenalty"] = .string(settings.details.proximalPenalty.rawValue)
      parameters["proximalSize"] = .number(settings.details.proximalSize)
    }
    if method.lowerConstraint != nil {
      parameters["lowerSet"] = .string(settings.details.lowerSet.rawValue)
      parameters["lowerSetSize"] = .number(settings.details.lowerSetSize)
    }
    var estimator: [String: Value] = [:]
    switch method.hypergradient {
    case .truncatedReverse:
      estimator["history"] = method.history.map { .integer($0) } ?? .string("half of K")
    case .conjugateGradient, .neumann, .fixedPoint:
      estimator["solverSteps"] = .integer(method.solverSteps)
      estimator["damping"] = .number(method.damping)
      estimator["tolerance"] = .number(method.solverTolerance)
    case .oneStage: estimator["radius"] = .number(method.oneStageRadius)
    case .valueFunctionPenalty: estimator["penaltyWeight"] = .number(method.penaltyWeight)
    case .dynamicBarrier: estimator["barrierRatio"] = .number(method.barrierRatio)
    case .reverse, .forward, .pessimisticTruncation: break
    }
    return RunRecord.Method(
      name: self.method.name, displayName: self.method.displayName,
      dynamics: .init(
        name: method.dynamics.rawValue, parameters: parameters,
        provenance: method.dynamics.citation),
      hypergradient: .init(
        name: method.hypergradient.rawValue, parameters: estimator,
        provenance: method.hypergradient.citation),
      outerOptimizer: .init(
        name: outer.optimizer.rawValue,
        parameters: [
          "learningRate": .number(outer.rate), "iterations": .integer(settings.upper.iterations),
          "tolerance": .number(settings.upper.tolerance),
        ], provenance: "protocol \(preset.rawValue)"))
  }
}

extension CounterExampleLoop.Outcome {
  /// What the loop has to say beside its numbers.
  var notes: [String: Value] {
    var result: [String: Value] = [
      "outerIterations": .integer(iterations), "settled": .bool(hasSettled),
    ]
    if let diagnostics {
      result["trajectoryStorage"] = .string(diagnostics.storage)
      result["trajectoryBytes"] = .integer(diagnostics.storedBytes)
      if let step = diagnostics.selectedStep { result["selectedStep"] = .integer(step) }
      if let weight = diagnostics.penaltyMultiplier {
        result["penaltyMultiplier"] = .number(weight)
      }
    }
    for case .absent(let reason)? in [stationaryPoints.first] {
      result["stationaryPointAbsent"] = .string(reason)
    }
    if let report = solverReport {
      result["linearSolverOutcomes"] = .object(sorted: solverOutcomes.mapValues { .integer($0) })
      result["linearSolverLast"] = .string(report.outcome.name)
      result["linearSolverAdvice"] = .string(report.outcome.advice)
      result["linearSolverSteps"] = .integer(report.steps)
      result["linearSolverResidual"] = .number(report.residualNorm)
    }
    return result
  }

  /// The median of the seconds that an outer iteration took.
  var secondsPerIteration: Double? {
    let steps = zip(seconds, [0] + seconds).map { $0 - $1 }.sorted()
    return steps.isEmpty ? nil : steps[steps.count / 2]
  }
}
