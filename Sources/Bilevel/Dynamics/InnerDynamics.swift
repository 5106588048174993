/// One way of moving the lower variable: y_k = T_k(x, y_{k-1}), k = 1 ... K, and its derivative.
///
/// What moves is a *state* that contains y; for most dynamics the state is y itself, for those with
/// memory (heavy ball) it holds more. An estimator that differentiates through the loop needs only
/// the members below, so it works with every dynamics. Source of the exchangeable iteration module
/// T_k: arXiv 2102.07976, section 3.
public protocol InnerDynamics<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar

  /// The state before step k; after it, `step`'s result. Steps are counted from 1.
  func step(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar>

  /// Step k together with what makes products with its Jacobians cheap.
  func linearizeStep(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>
  ) -> any StepLinearization<Scalar>

  /// (A_k' p, B_k' p) at one state, keeping nothing; equal to `linearizeStep(...).pullback(p)`.
  func stepPullback(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: Parameters<Scalar>
  ) -> StepProducts<Scalar>

  /// The state that starts from the lower variable y_0.
  func initialState(from lower: Parameters<Scalar>) -> Parameters<Scalar>

  /// The transpose of ``initialState(from:)``, which is linear.
  func initialStatePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar>

  /// The lower variable that a state holds. Linear in the state.
  func lowerVariable(of state: Parameters<Scalar>) -> Parameters<Scalar>

  /// The transpose of ``lowerVariable(of:)``: the cotangent of a state whose y has cotangent `p`.
  func lowerVariablePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar>

  /// The state with its lower variable replaced. Linear in both, so that it serves for tangents and
  /// cotangents as well.
  func replacingLowerVariable(
    of state: Parameters<Scalar>, with lower: Parameters<Scalar>
  ) -> Parameters<Scalar>

  /// The dynamics to use in outer iteration n (counted from 0): schedules that shrink over outer
  /// iterations depend on it.
  func atOuterIteration(_ n: Int) -> any InnerDynamics<Scalar>
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
  /// The products of a linearisation that is used once.
  public func stepPullback(
    _ k: Int, from state: Parameters<Scalar>, upper x: Parameters<Scalar>,
    of problem: BilevelProblem<Scalar>, _ p: Parameters<Scalar>
  ) -> StepProducts<Scalar> {
    linearizeStep(k, from: state, upper: x, of: problem).pullback(p)
  }

  /// y_0 itself: the state of dynamics without memory.
  public func initialState(from lower: Parameters<Scalar>) -> Parameters<Scalar> { lower }

  /// p itself.
  public func initialStatePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> { p }

  /// The state itself.
  public func lowerVariable(of state: Parameters<Scalar>) -> Parameters<Scalar> { state }

  /// p itself.
  public func lowerVariablePullback(_ p: Parameters<Scalar>) -> Parameters<Scalar> { p }

  /// The lower variable itself.
  public func replacingLowerVariable(
    of state: Parameters<Scalar>, with lower: Parameters<Scalar>
  ) -> Parameters<Scalar> { lower }

  /// The same dynamics in every outer iteration.
  public func atOuterIteration(_ n: Int) -> any InnerDynamics<Scalar> { self }

  /// The state after K steps from y_0(x).
  public func run(
    steps: Int, upper x: Parameters<Scalar>, of problem: BilevelProblem<Scalar>
  ) -> Parameters<Scalar> {
    var state = initialState(from: problem.initialLower.value(upper: x))
    for k in stride(from: 1, through: steps, by: 1) {
      state = step(k, from: state, upper: x, of: problem)
    }
    return state
  }
}
