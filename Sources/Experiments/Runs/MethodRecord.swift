import Bilevel
import Results

extension Run {
  /// The method as records describe it: its parts, each with the settings that it reads.
  var methodRecord: RunRecord.Method {
    func parameters(_ keys: [String]) -> [String: Value] {
      var result: [String: Value] = [:]
      for key in keys {
        guard let value = configuration.tree.value(at: key), value != .null else { continue }
        // Within one part the section's name adds nothing.
        result[String(key.split(separator: ".").last ?? "")] = value
      }
      return result
    }
    var inner: [String: Value] = [:]
    if arm.reads("inner.stepSize") { inner["innerStepSize"] = .number(settings.inner.stepSize) }
    // In a sweep K is what curves are drawn against.
    if variant["sweep"] == nil, arm.reads("inner.steps") {
      inner["innerSteps"] = .integer(settings.inner.steps)
    }
    func addAggregation(_ keys: [String]) {
      inner["innerStepSize"] = .number(settings.method.lowerStepSize(aggregating: true))
      inner["upperStepSize"] = .number(settings.method.upperStepSize)
      inner.merge(parameters(keys)) { first, _ in first }
    }
    var outer: [String: Value] = ["iterations": .integer(settings.outer.iterations)]
    if settings.outer.decay != .none { outer["decay"] = .string(settings.outer.decay.rawValue) }
    if settings.outer.tolerance > 0 { outer["tolerance"] = .number(settings.outer.tolerance) }
    func optimizer(learningRate: Double) -> RunRecord.Component {
      outer["learningRate"] = .number(learningRate)
      return .init(
        name: settings.outer.optimizer.rawValue, parameters: outer,
        provenance: "protocol \(protocolName)")
    }
    let method: Method
    switch arm {
    case .method(let named): method = named
    case .baseline(let baseline):
      if arm.reads("aggregation.schedule") {
        addAggregation(baseline.settings.filter { $0.hasPrefix("aggregation.") })
      }
      return RunRecord.Method(
        name: arm.name, displayName: arm.displayName,
        dynamics: .init(
          name: baseline.dynamics, parameters: inner, provenance: arm.citation),
        hypergradient: .none,
        outerOptimizer: arm.trainsInOuterLoop
          ? optimizer(learningRate: settings.outer.learningRate) : .none)
    }
    if method.dynamics.aggregates {
      addAggregation(method.dynamics.settings)
    } else {
      inner.merge(parameters(method.dynamics.settings)) { first, _ in first }
    }
    if settings.lowerSet.kind != .none {
      inner["lowerSet"] = .string(settings.lowerSet.kind.rawValue)
      inner["lowerSetSize"] = .number(settings.lowerSet.size)
    }
    var estimator = parameters(method.estimator.settings)
    if method.estimator.settings.contains("truncation.history") {
      estimator["history"] = .integer(
        settings.method.truncationHistory(innerSteps: settings.inner.steps))
    }
    return RunRecord.Method(
      name: arm.name, displayName: arm.displayName,
      dynamics: .init(
        name: method.dynamics.name, parameters: inner, provenance: "protocol \(protocolName)"),
      hypergradient: .init(
        name: method.estimator.name, parameters: estimator, provenance: arm.citation),
      outerOptimizer: optimizer(learningRate: settings.outerLearningRate(of: method)))
  }
}

extension RunSettings {
  /// The outer optimiser of a method under these settings.
  package func outerOptimizer<Scalar: TensorScalar>(
    of method: Method, as type: Scalar.Type
  ) throws(MethodError) -> any OuterOptimizer<Scalar> {
    var settings = outer
    settings.learningRate = outerLearningRate(of: method)
    return try settings.outerOptimizer(as: type)
  }

  /// Whether a key has an effect on an arm, given the values of the others.
  package func hasEffect(_ key: String, on arm: Arm) -> Bool {
    guard hasEffect(key) else { return false }
    guard key == "outer.learningRate", let method = arm.method else { return true }
    return !hasOwnLearningRate(method)
  }

  private func hasOwnLearningRate(_ method: Method) -> Bool {
    method.estimator.movesLowerVariable && self.method.penalty.learningRate != nil
  }

  /// The outer learning rate of a method: that of methods that move x and y together may be one of their
  /// own.
  func outerLearningRate(of method: Method) -> Double {
    guard method.estimator.movesLowerVariable else { return outer.learningRate }
    return self.method.penalty.learningRate ?? outer.learningRate
  }
}
