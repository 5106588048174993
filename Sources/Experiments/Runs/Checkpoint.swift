import Bilevel
import Results
import Tensors

/// What a stopped run remembers: enough to continue with identical results.
///
/// The scalars of all points are kept in full (Float as Float, Double as Double), numbers of curves
/// as texts that read back to the same number, so nothing is rounded on the way.
struct Checkpoint<Scalar: TensorScalar>: Sendable {
  /// The stage.
  var stage: Int
  /// Closing steps of the stage that are done; 0 while its loop runs.
  var closingSteps: Int
  /// How the stage's loop ended, once closing has begun.
  var ending: OuterLoop<Scalar>.Outcome?
  /// The loop.
  var loop: OuterLoop<Scalar>.Checkpoint
  /// The body's own state.
  var body: BodyState<Scalar>
  /// What has been recorded.
  var progress: RunProgress
}

/// What a run has recorded so far.
struct RunProgress: Sendable {
  /// The curves.
  var recorder: MetricRecorder
  /// Outer iterations that were timed.
  var steps: [Int] = []
  /// Seconds of outer iterations until the end of each of them, measuring left out.
  var seconds: [Double] = []
  /// Seconds that earlier processes spent on the run.
  var earlierSeconds = 0.0
  /// How the linear solves ended.
  var solves = SolverTally()
  /// What the last estimates and closing steps had to note.
  var notes: [String: Value] = [:]
  /// How the run ended, where a stage has said so.
  var status: RunRecord.Status?
}
