import Bilevel
import Commands
import Results
import Tensors

/// What one hypergradient costs in time and memory.
package struct HypergradientCost<Scalar: TensorScalar> {
  /// The median of the measured evaluations, in seconds.
  package let medianSeconds: Double
  /// What the process's resident peak rose above the resident bytes before one evaluation.
  package let addedPeakBytes: Int
  /// The hypergradient.
  package let estimate: HypergradientEstimate<Scalar>

  /// The cost of an evaluation, after one that is not counted: one more for its memory, and so many for
  /// its time.
  package init(repeats: Int, _ evaluate: () -> HypergradientEstimate<Scalar>) {
    // The first evaluation also pays for what a process does once (code pages, metadata).
    _ = evaluate()
    FreedMemory.release()  // or what was freed before would hide what this one needs
    PeakMemory.reset()
    let before = PeakMemory.residentBytes ?? 0
    estimate = evaluate()
    addedPeakBytes = max(0, (PeakMemory.bytes ?? 0) - before)
    let seconds = (0..<repeats).map { _ in Stopwatch.measure { evaluate() }.seconds }
    medianSeconds = Statistics(seconds).median
  }
}
