/// Forward-mode hypergradients (FHG): the tangents Z_k = dy_k/dx are carried along with the state.
///
///     Z_0 = dy_0/dx,   Z_k = A_k Z_{k-1} + B_k,   g = F_x + Z_K' F_y.
///
/// Exact, and equal to the full reverse sweep up to rounding (Franceschi et al. 2017, algorithm 2).
/// One tangent per scalar of x: they are carried in blocks, so that memory is bounded by
/// `tangentsPerBlock` times the state and x together; each block repeats the inner loop.
/// Cost: about (2 + count of x) times the inner loop, plus one loop per block.
public struct ForwardHypergradient<Scalar: TensorScalar>: HypergradientEstimator {
  /// Tangents carried at one time.
  public let tangentsPerBlock: Int

  /// A forward sweep with blocks of the given size.
  public init(tangentsPerBlock: Int = 64) {
    precondition(tangentsPerBlock > 0, "A block of \(tangentsPerBlock) tangents is empty.")
    self.tangentsPerBlock = tangentsPerBlock
  }

  /// F(x, y_K), the exact hypergradient, and y_K.
  public func estimate(
    _ problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper x: Parameters<Scalar>, innerSteps: Int, outerIteration n: Int,
    memory: EstimatorMemory<Scalar>?
  ) -> HypergradientEstimate<Scalar> {
    let problem = problem.fixed(at: x)
    let start = dynamics.layout.initialState(from: problem.initialLower.value(upper: x))
    let end = dynamics.run(steps: innerSteps, upper: x, of: problem, outerIteration: n)
    let lower = dynamics.layout.lowerVariable(of: end)
    let top = problem.upper.gradients(upper: x, lower: lower)
    let cotangent = dynamics.layout.lowerVariablePullback(top.lower)
    var direct = top.upper.flattened()
    for first in stride(from: 0, to: x.count, by: tangentsPerBlock) {
      let block = first..<min(first + tangentsPerBlock, x.count)
      let directions = block.map { x.unitVector($0) }
      var tangents: [Parameters<Scalar>?] = directions.map { direction in
        problem.initialLower.pushforward(upper: x, direction).map {
          dynamics.layout.initialState(from: $0)
        }
      }
      var state = start
      for k in stride(from: 1, through: innerSteps, by: 1) {
        let step = dynamics.linearizeStep(
          StepIndex(k, outerIteration: n), from: state, upper: x, of: problem)
        for index in tangents.indices {
          tangents[index] = step.pushforward(state: tangents[index], upper: directions[index])
        }
        state = step.next
      }
      for (index, tangent) in zip(block, tangents) {
        if let tangent { direct[index] += tangent.dot(cotangent) }
      }
    }
    return HypergradientEstimate(
      upperValue: top.value, hypergradient: x.unflattening(direct), lower: lower,
      diagnostics: EstimatorDiagnostics(
        innerSteps: innerSteps, differentiatedSteps: innerSteps, storage: "tangents",
        storedBytes: min(tangentsPerBlock, x.count) * end.bytes))
  }
}

/// Forward mode in the catalogue.
public struct NamedForward: NamedEstimator {
  /// The entry.
  public init() {}
  /// False.
  public var differentiatesLowerObjective: Bool { false }
  /// `forward`.
  public var name: String { "forward" }
  /// Exact.
  public var exactness: String { "exact gradient of F(x, y_K(x))" }
  /// Franceschi et al. 2017.
  public var citation: String {
    "Franceschi, Donini, Frasconi and Pontil, ICML 2017, algorithm 2 (forward-HG)"
  }
  /// False: one tangent per scalar, and features are more than parameters.
  public var factors: Bool { false }

  /// ``ForwardHypergradient``.
  public func estimator<Scalar: TensorScalar>(
    _ settings: MethodSettings, for dynamics: any NamedDynamics, as type: Scalar.Type
  ) throws(MethodError) -> any HypergradientEstimator<Scalar> {
    guard settings.trajectory.tangentsPerBlock >= 1 else {
      throw MethodError(
        "Forward mode needs at least one tangent per block, but it was given "
          + "\(settings.trajectory.tangentsPerBlock).")
    }
    return ForwardHypergradient<Scalar>(tangentsPerBlock: settings.trajectory.tangentsPerBlock)
  }
}
