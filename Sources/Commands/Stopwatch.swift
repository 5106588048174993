import Foundation

/// Elapsed time in seconds, on a clock that never goes backwards and stands still while the machine
/// sleeps, so that a laptop's closed lid is not counted as computation.
package struct Stopwatch: Sendable {
  private var started: Double

  /// A stopwatch that starts now.
  package init() { started = Self.now }

  /// The seconds since the start, or since the last ``lap()``.
  package var seconds: Double { Self.now - started }

  /// The seconds since the start or the last lap, starting the next lap now.
  package mutating func lap() -> Double {
    let now = Self.now
    defer { started = now }
    return now - started
  }

  /// The result of a body and the seconds it took.
  package static func measure<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> (result: Result, seconds: Double) {
    let watch = Stopwatch()
    let result = try body()
    return (result, watch.seconds)
  }

  /// Seconds on the monotonic clock; only differences mean anything.
  package static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// A duration for people: `0.4 s`, `34 s`, `4 min 10 s`, `2 h 05 min`.
  package static func describe(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "unknown" }
    let seconds = max(0, seconds)
    if seconds < 9.95 { return "\((seconds * 10).rounded() / 10) s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
    // Rounded to minutes before it is split, so that 2 h 59 min 45 s is 3 h 00 min.
    let minutes = (whole + 30) / 60
    return "\(minutes / 60) h \(padded(minutes % 60)) min"
  }

  private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
