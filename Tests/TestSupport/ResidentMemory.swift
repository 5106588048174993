import Foundation

/// Bytes of this process that are resident now, from /proc/self/statm; nil where there is none.
///
/// What was freed before goes back to the system first: memory that the allocator keeps from an
/// earlier test would otherwise take up a leak without a trace.
public func residentBytes() -> Int? {
  releaseFreedMemory()
  guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
    let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
  else { return nil }
  return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}

/// glibc's `malloc_trim`, which is in no header that Swift imports; nothing where it is absent.
private func releaseFreedMemory() {
  typealias Trim = @convention(c) (Int) -> CInt
  guard let symbol = dlsym(nil, "malloc_trim") else { return }
  _ = unsafeBitCast(symbol, to: Trim.self)(0)
}
