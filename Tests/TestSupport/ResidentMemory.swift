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

/// The most bytes of this process that were resident at any time, from /proc/self/status; nil where there
/// is none.
public func peakResidentBytes() -> Int? {
  guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
    let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
    let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
      .flatMap({ Int($0) })
  else { return nil }
  return 1024 * kilobytes
}

/// glibc's `malloc_trim`, which is in no header that Swift imports; nothing where it is absent.
private func releaseFreedMemory() {
  typealias Trim = @convention(c) (Int) -> CInt
  guard let symbol = dlsym(nil, "malloc_trim") else { return }
  _ = unsafeBitCast(symbol, to: Trim.self)(0)
}
