import Tensors

/// The result of `body` with the given number of threads in use.
///
/// The setting is the process's: tests that run at the same time see it too, which changes none of
/// their bits, and that is what callers test.
public func withThreads<Result>(_ threads: Int, _ body: () -> Result) -> Result {
  let before = Parallel.threads
  Parallel.use(threads: threads)
  defer { Parallel.use(threads: before) }
  return body()
}
