import Foundation
import Synchronization

/// How many cores kernels may use, and loops over them whose result does not depend on scheduling.
public enum Parallel {
  private static let storage = Atomic<Int>(defaultThreads)

  /// The default: `BDA_THREADS` where it is a positive number, else the active processors.
  static var defaultThreads: Int {
    if let text = ProcessInfo.processInfo.environment["BDA_THREADS"], let count = Int(text),
      count > 0
    {
      return count
    }
    return max(1, ProcessInfo.processInfo.activeProcessorCount)
  }

  /// The number of threads in use by kernels and loops.
  public static var threads: Int { storage.load(ordering: .relaxed) }

  /// Sets the number of threads for kernels (both backends) and loops.
  public static func use(threads: Int) {
    precondition(threads > 0, "At least one thread is needed, got \(threads).")
    storage.store(threads, ordering: .relaxed)
  }

  /// Runs `body` for every index of `0..<count`, on up to ``threads`` cores.
  ///
  /// Each index is executed exactly once, by one thread; contiguous shares of the indices are
  /// preferred by the same thread from loop to loop. Bodies must write to disjoint places; anything
  /// summed over indices must be stored per index and added afterwards in index order, so that the
  /// number of threads cannot change a bit. A loop inside a loop runs on the thread it is in.
  /// Starting a loop costs about a microsecond when the previous one ended a moment ago, and some
  /// tens of microseconds when the threads have to be woken.
  public static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    WorkerPool.shared.run(count: max(0, count), workers: min(threads, count), body)
  }

  /// Runs `body` for consecutive ranges of `blockSize` indices that cover `0..<count`.
  ///
  /// The ranges (the last may be shorter) depend on the two numbers only, never on the threads, so
  /// a sum over a range may be kept in registers: its order of addition is fixed.
  public static func forEachBlock(
    of count: Int, blockSize: Int, _ body: @Sendable (Range<Int>) -> Void
  ) {
    precondition(blockSize > 0, "A block has at least one index, not \(blockSize).")
    let blocks = (max(0, count) + blockSize - 1) / blockSize
    forEach(blocks) { body($0 * blockSize..<min(count, ($0 + 1) * blockSize)) }
  }
}
