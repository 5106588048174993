/// The state of a run at one moment, and its texts: pure functions of what is stored here.
package struct ProgressSnapshot: Sendable, Equatable {
  package var title: String
  package var done: Int
  package var total: Int
  package var alreadyDone = 0
  /// Seconds since this process began the run.
  package var elapsed: Double
  package var detail = ""

  package init(
    title: String, done: Int, total: Int, alreadyDone: Int = 0, elapsed: Double,
    detail: String = ""
  ) {
    self.title = title
    self.done = done
    self.total = total
    self.alreadyDone = alreadyDone
    self.elapsed = elapsed
    self.detail = detail
  }

  /// The seconds left if the pace so far continues; nil before the first step.
  package var secondsLeft: Double? {
    let steps = done - alreadyDone
    guard steps > 0 else { return nil }
    return elapsed / Double(steps) * Double(total - done)
  }

  private var fraction: Double { total == 0 ? 1 : Double(done) / Double(total) }

  /// Rounded down: 100 % means done.
  private var percent: String { "\(total == 0 ? 100 : done * 100 / total) %" }

  /// One plain line: `rhg: 120/1000 (12 %), 34 s, about 4 min 10 s left, F 0.31`.
  package var line: String {
    var text = "\(title): \(done)/\(total) (\(percent)), \(Stopwatch.describe(seconds: elapsed))"
    if let secondsLeft { text += ", about \(Stopwatch.describe(seconds: secondsLeft)) left" }
    return detail.isEmpty ? text : text + ", " + detail
  }

  /// The line after the end: `rhg: 1000/1000 in 4 min 41 s, F 0.31`.
  package var lastLine: String {
    let text = "\(title): \(done)/\(total) in \(Stopwatch.describe(seconds: elapsed))"
    return detail.isEmpty ? text : text + ", " + detail
  }

  /// The bar, at most one column narrower than the terminal: writing into the last column makes
  /// some terminals wrap. What does not fit is left out, the detail first and then the bar itself.
  package func bar(on terminal: Terminal) -> String {
    let room = max(1, terminal.columns - 1)
    let left = secondsLeft.map { Stopwatch.describe(seconds: $0) + " left" } ?? "starting"
    let head = "\(title) "
    let tail = " \(percent), \(done)/\(total), \(left)"
    let full = detail.isEmpty ? tail : tail + ", " + detail
    for ending in [full, tail] {
      let width = min(40, room - head.count - ending.count - 2)
      guard width >= 8 else { continue }
      let filled = Int(fraction * Double(width))
      let done = terminal.paint(String(repeating: "#", count: filled), .green)
      return head + "[" + done + String(repeating: ".", count: width - filled) + "]" + ending
    }
    return String((title + tail).prefix(room))
  }
}
