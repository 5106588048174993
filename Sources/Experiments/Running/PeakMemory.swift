import Foundation

/// The most memory this process had resident, in bytes, as the kernel counts it.
package enum PeakMemory {
  /// The peak resident bytes since the start of the process or the last successful ``reset()``.
  ///
  /// `VmHWM` of `/proc/self/status`; where that does not exist, `getrusage`'s maximum, which cannot
  /// be reset. Nil where the operating system tells neither.
  package static var bytes: Int? {
    status("VmHWM:") ?? usage
  }

  /// The bytes resident now (`VmRSS`), where the operating system tells.
  package static var residentBytes: Int? { status("VmRSS:") }

  /// Lowers the peak to what is resident now, so that a phase can be measured on its own.
  ///
  /// Returns whether the kernel permitted it (some containers do not): if false, a later
  /// ``bytes`` still includes everything before.
  @discardableResult
  package static func reset() -> Bool {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // 5 resets the peak and nothing else (Linux 4.0 and later, proc(5)).
    return write(descriptor, "5", 1) == 1
  }

  private static func status(_ key: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
      return nil
    }
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
      // The unit is always kB, meaning 1024 bytes.
      let fields = line.dropFirst(key.count).split(whereSeparator: \.isWhitespace)
      return fields.first.flatMap { Int($0) }.map { $0 * 1024 }
    }
    return nil
  }

  private static var usage: Int? {
    var usage = rusage()
    #if canImport(Glibc)
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
      return usage.ru_maxrss * 1024
    #else
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
      return usage.ru_maxrss
    #endif
  }
}
