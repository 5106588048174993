import Results

extension RunRecord {
  /// The record of a stored reference, which keeps no parts of its method, with those that another record
  /// of the method names and its own K.
  ///
  /// Without them a reference has no K where the experiment does not state it among the settings, and
  /// stands apart from a new run of another seed.
  func completed(from method: Method?) -> RunRecord {
    guard let method, !hasKnownParts else { return self }
    var parameters: [String: Value] = [:]
    if method.dynamics.parameters["innerSteps"] != nil {
      parameters["innerSteps"] = configuration.value(at: "inner.steps")
    }
    var result = self
    result.method.dynamics = Component(
      name: method.dynamics.name, parameters: parameters, provenance: method.dynamics.provenance)
    result.method.hypergradient = method.hypergradient
    result.method.outerOptimizer = method.outerOptimizer
    return result
  }

  /// Whether the run is one of a method without a hypergradient, and known to be: a reference whose method
  /// no other record describes may be of any.
  var isKnownBaseline: Bool { hasKnownParts && method.hypergradient == .none }

  /// Every method that is run has dynamics.
  private var hasKnownParts: Bool { method.dynamics != .none }
}
