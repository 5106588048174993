import Foundation
import Tensors

/// The setting is the process's: those who want to know what it does must not change it for each other.
private let numberOfThreads = NSRecursiveLock()

/// The result of `body` with the given number of threads in use.
///
/// One caller at a time. Tests that do not call this see the setting too, which changes none of their
/// bits, and that is what callers test.
public func withThreads<Result>(_ threads: Int, _ body: () throws -> Result) rethrows -> Result {
  try numberOfThreads.withLock {
    let before = Parallel.threads
    Parallel.use(threads: threads)
    defer { Parallel.use(threads: before) }
    return try body()
  }
}
