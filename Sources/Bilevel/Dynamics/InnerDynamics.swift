/// One way of moving the lower variable: y_k = T_k(x, y_{k-1}), k = 1 ... K, and its derivative.
///
/// What moves is a *state* that contains y; for most dynamics the state is y itself, for those with
/// memory (heavy ball) it holds more. An estimator that differentiates through the loop needs only
/// the members below, so it works with every dynamics. Source of the exchangeable iteration module
/// T_k: arXiv 2102.07976, section 3.
public protocol InnerDynamics<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// What a state holds.
  var layout: StateLayout { get }

  /// The state after a step from the given one.
  func step(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar>

  /// A step together with what makes products with its Jacobians cheap.
  func linearizeStep(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar>

  /// Replaces p by A_k' p and adds B_k' p to `upper`, keeping nothing; equal to
  /// `linearizeStep(...).sweepBack(...)`.
  func sweepBack(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: inout Parameters<Scalar>,
    addingTo upper: inout Parameters<Scalar>)

  /// Several steps as one, where each of them is affine in the state and acts on every coordinate by
  /// itself; nil otherwise. `state` and `x` give the shapes alone.
  func coordinatewiseSteps(
    _ steps: ClosedRange<Int>, outerIteration n: Int, from state: Parameters<Scalar>,
    upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>
  ) -> CoordinatewiseSteps<Scalar>?
}

/// The products of a cotangent p with a step's Jacobians A = dT/dstate and B = dT/dx.
public struct StepProducts<Scalar: TensorScalar>: Sendable {
  /// A' p, in the shapes of the state.
  public var state: Parameters<Scalar>
  /// B' p, in the shapes of x.
  public var upper: Parameters<Scalar>

  /// A pair of products.
  public init(state: Parameters<Scalar>, upper: Parameters<Scalar>) {
    self.state = state
    self.upper = upper
  }
}

/// A step T_k linearised at one state.
public protocol StepLinearization<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The state after the step.
  var next: Parameters<Scalar> { get }

  /// (A' p, B' p): the transpose of ``pushforward(state:upper:)``.
  func pullback(_ p: Parameters<Scalar>) -> StepProducts<Scalar>

  /// Replaces p by A' p and adds B' p to `upper`: one step of a sweep back.
  func sweepBack(_ p: inout Parameters<Scalar>, addingTo upper: inout Parameters<Scalar>)

  /// A dstate + B dx; an absent tangent counts as zero.
  func pushforward(
    state: Parameters<Scalar>?, upper: Parameters<Scalar>?
  ) -> Parameters<Scalar>

  /// Bytes that keeping this linearisation costs.
  var bytes: Int { get }
}

extension StepLinearization {
  /// The products of ``pullback(_:)``, taken and added.
  public func sweepBack(
    _ p: inout Parameters<Scalar>, addingTo upper: inout Parameters<Scalar>
  ) {
    let products = pullback(p)
    p = products.state
    upper.add(products.upper)
  }
}

extension InnerDynamics {
  /// y itself.
  public var layout: StateLayout { .current }

  /// nil: the steps are not known to be of that form.
  public func coordinatewiseSteps(
    _ steps: ClosedRange<Int>, outerIteration n: Int, from state: Parameters<Scalar>,
    upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>
  ) -> CoordinatewiseSteps<Scalar>? { nil }

  /// Replaces the state before the steps by the one after them; none for an empty range.
  func advance(
    _ state: inout Parameters<Scalar>, through steps: Range<Int>, outerIteration n: Int,
    upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>
  ) {
    guard !steps.isEmpty else { return }
    if let all = coordinatewiseSteps(
      steps.lowerBound...steps.upperBound - 1, outerIteration: n, from: state, upper: x,
      of: problem)
    {
      return all.run(&state, upper: x)
    }
    for k in steps {
      state = step(StepIndex(k, outerIteration: n), from: state, upper: x, of: problem)
    }
  }

  /// The sweep of a linearisation that is used once.
  public func sweepBack(
    _ index: StepIndex, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: inout Parameters<Scalar>,
    addingTo upper: inout Parameters<Scalar>
  ) {
    linearizeStep(index, from: state, upper: x, of: problem).sweepBack(&p, addingTo: &upper)
  }

  /// The state after K steps from y_0(x) in outer iteration n.
  public func run(
    steps: Int, upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>,
    outerIteration n: Int = 0
  ) -> Parameters<Scalar> {
    let problem = problem.fixed(at: x)
    var state = layout.initialState(from: problem.initialLower.value(upper: x))
    advance(
      &state, through: 1..<max(0, steps) + 1, outerIteration: n, upper: x, of: problem)
    return state
  }

  /// y_K: the lower variable after K steps from y_0(x) in outer iteration n.
  public func lowerVariable(
    after steps: Int, upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>,
    outerIteration n: Int = 0
  ) -> Parameters<Scalar> {
    layout.lowerVariable(of: run(steps: steps, upper: x, of: problem, outerIteration: n))
  }

  /// The same with a question before every few steps: nil as soon as `isWanted` answers no. The steps, and so
  /// the bits, are the same.
  public func lowerVariable(
    after steps: Int, upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>,
    while isWanted: () -> Bool
  ) -> Parameters<Scalar>? {
    let problem = problem.fixed(at: x)
    var state = layout.initialState(from: problem.initialLower.value(upper: x))
    let few = 16
    for start in stride(from: 0, to: steps, by: few) {
      guard isWanted() else { return nil }
      advance(
        &state, through: start + 1..<start + 1 + min(few, steps - start), outerIteration: 0,
        upper: x, of: problem)
    }
    return layout.lowerVariable(of: state)
  }
}
