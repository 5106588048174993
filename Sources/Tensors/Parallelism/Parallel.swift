import Dispatch
import Foundation
import Synchronization

/// How many cores kernels may use, and loops over them whose result does not depend on scheduling.
public enum Parallel {
  private static let storage = Atomic<Int>(defaultThreads)

  /// The default: `BDA_THREADS` where it is a positive number, else the active processors.
  public static var defaultThreads: Int {
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
    KernelBackend.limit(threads: threads)
  }

  /// Runs `body` for every index of `0..<count`, on up to ``threads`` cores.
  ///
  /// Indices are dealt out in contiguous blocks; each index is executed exactly once, by one
  /// thread. Bodies must write to disjoint places; anything summed over indices must be stored per
  /// index and added afterwards in index order, so that the number of threads cannot change a bit.
  public static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    let workers = min(threads, count)
    guard workers > 1 else {
      for index in 0..<max(0, count) { body(index) }
      return
    }
    // The calling thread is one of the workers: its limit is put back at the end.
    defer { KernelBackend.limit(threads: threads) }
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      // Bodies are already one per core; a kernel's own threads would only compete with them.
      KernelBackend.limit(threads: 1)
      let first = count * worker / workers
      let last = count * (worker + 1) / workers
      for index in first..<last { body(index) }
    }
  }
}
