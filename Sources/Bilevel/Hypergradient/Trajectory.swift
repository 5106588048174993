/// The inner loop from `firstStep` to `lastStep`, kept in one of four forms, and the sweep back.
struct Trajectory<Scalar: TensorScalar> {
  let problem: BilevelProblem<Scalar>
  let dynamics: any InnerDynamics<Scalar>
  let upper: Parameters<Scalar>
  let outerIteration: Int
  let firstStep: Int
  let lastStep: Int
  /// The state after the last step that was run.
  private(set) var end: Parameters<Scalar>
  /// The largest number of bytes kept at one time.
  private(set) var storedBytes = 0
  private var kept: Kept

  private enum Kept {
    /// No state: no step's Jacobian depends on one.
    case nothing(CoordinatewiseSteps<Scalar>)
    case linearizations([any StepLinearization<Scalar>])
    /// The state before each step.
    case states([Parameters<Scalar>])
    /// The state before every `spacing`-th step, the first of a segment; of the last segment, with which
    /// the sweep back begins, the states before all steps.
    case checkpoints([Parameters<Scalar>], spacing: Int, tail: [Parameters<Scalar>])
  }

  init(
    problem: BilevelProblem<Scalar>, dynamics: any InnerDynamics<Scalar>,
    upper: Parameters<Scalar>, outerIteration: Int, start: Parameters<Scalar>, firstStep: Int,
    lastStep: Int, storage: ReverseHypergradient<Scalar>.Storage
  ) {
    self.problem = problem
    self.dynamics = dynamics
    self.upper = upper
    self.outerIteration = outerIteration
    self.firstStep = firstStep
    self.lastStep = lastStep
    end = start
    let steps = lastStep - firstStep + 1
    let spacing = max(1, Int(Double(max(0, steps)).squareRoot().rounded(.up)))
    switch storage {
    case .linearizations: kept = .linearizations([])
    case .states: kept = .states([])
    case .checkpoints: kept = .checkpoints([], spacing: spacing, tail: [])
    case .automatic(let budget):
      if steps > 0,
        let all = dynamics.coordinatewiseSteps(
          firstStep...lastStep, outerIteration: outerIteration, from: start, upper: upper,
          of: problem)
      {
        kept = .nothing(all)
        break
      }
      // One linearisation tells what all of them cost: steps of one loop have equal shapes. It is
      // the first of those that are kept, where they are.
      let first =
        steps > 0
        ? dynamics.linearizeStep(
          StepIndex(firstStep, outerIteration: outerIteration), from: start, upper: upper,
          of: problem) : nil
      if steps * (first?.bytes ?? 0) <= budget {
        kept = .linearizations(first.map { [$0] } ?? [])
      } else if steps * start.bytes <= budget {
        kept = .states([])
      } else {
        kept = .checkpoints([], spacing: spacing, tail: [])
      }
    }
  }

  private func index(_ k: Int) -> StepIndex { StepIndex(k, outerIteration: outerIteration) }

  /// The name of the form in use, for diagnostics.
  var storageName: String {
    if lastStep < firstStep { return "none" }
    switch kept {
    case .nothing: return "none"
    case .linearizations: return "linearizations"
    case .states: return "states"
    case .checkpoints: return "checkpoints"
    }
  }

  /// Runs the steps, keeping what the form asks for.
  mutating func runForward() {
    switch kept {
    case .nothing(let steps):
      steps.run(&end, upper: upper)
    case .linearizations(var linearizations):
      kept = .linearizations([])
      for k in stride(from: firstStep, through: lastStep, by: 1) {
        if linearizations.count <= k - firstStep {
          linearizations.append(
            dynamics.linearizeStep(index(k), from: end, upper: upper, of: problem))
        }
        let step = linearizations[k - firstStep]
        end = step.next
        storedBytes += step.bytes
      }
      kept = .linearizations(linearizations)
    case .states:
      var states: [Parameters<Scalar>] = []
      for k in stride(from: firstStep, through: lastStep, by: 1) {
        states.append(end)
        storedBytes += end.bytes
        end = dynamics.step(index(k), from: end, upper: upper, of: problem)
      }
      kept = .states(states)
    case .checkpoints(_, let spacing, _):
      var checkpoints: [Parameters<Scalar>] = []
      var tail: [Parameters<Scalar>] = []
      let last = firstStep + (lastStep - firstStep) / spacing * spacing
      for k in stride(from: firstStep, through: lastStep, by: 1) {
        if (k - firstStep) % spacing == 0 { checkpoints.append(end) }
        if k >= last { tail.append(end) }
        end = dynamics.step(index(k), from: end, upper: upper, of: problem)
      }
      // The most is kept while another segment is swept, which may be longer than the last.
      storedBytes = (checkpoints.count + min(spacing, max(0, lastStep - firstStep + 1))) * end.bytes
      kept = .checkpoints(checkpoints, spacing: spacing, tail: tail)
    }
  }

  /// Replaces p_last by p_{first - 1} and adds every B_k' p_k to the hypergradient.
  mutating func sweepBack(
    _ cotangent: inout Parameters<Scalar>,
    accumulatingInto hypergradient: inout Parameters<Scalar>
  ) {
    switch kept {
    case .nothing(let steps):
      steps.sweepBack(&cotangent, addingTo: &hypergradient)
    case .linearizations(let linearizations):
      for step in linearizations.reversed() {
        step.sweepBack(&cotangent, addingTo: &hypergradient)
      }
    case .states(let states):
      sweep(states, from: firstStep, &cotangent, &hypergradient)
    case .checkpoints(let checkpoints, let spacing, var segment):
      kept = .checkpoints(checkpoints, spacing: spacing, tail: [])
      for (index, checkpoint) in checkpoints.enumerated().reversed() {
        let first = firstStep + index * spacing
        if segment.isEmpty { segment = states(from: first, count: spacing, startingAt: checkpoint) }
        sweep(segment, from: first, &cotangent, &hypergradient)
        segment = []
      }
    }
  }

  /// The states before each of some steps, of which the first is given.
  private func states(
    from first: Int, count: Int, startingAt state: Parameters<Scalar>
  ) -> [Parameters<Scalar>] {
    var states = [state]
    while states.count < count, let state = states.last {
      states.append(
        dynamics.step(
          index(first + states.count - 1), from: state, upper: upper, of: problem))
    }
    return states
  }

  private func sweep(
    _ states: [Parameters<Scalar>], from first: Int, _ cotangent: inout Parameters<Scalar>,
    _ hypergradient: inout Parameters<Scalar>
  ) {
    for (offset, state) in states.enumerated().reversed() {
      dynamics.sweepBack(
        index(first + offset), from: state, upper: upper, of: problem, &cotangent,
        addingTo: &hypergradient)
    }
  }
}
