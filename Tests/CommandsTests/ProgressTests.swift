import Commands
import Testing

@Suite("Progress")
struct ProgressTests {
  private func terminal(columns: Int, color: ColorChoice = .never) -> Terminal {
    Terminal(
      descriptor: -1, color: color, isTerminal: true,
      environment: ["TERM": "xterm", "COLUMNS": "\(columns)"])
  }

  @Test("estimates the time left from the pace of this process only")
  func timeLeft() {
    var snapshot = ProgressSnapshot(title: "rhg", done: 25, total: 100, elapsed: 10)
    #expect(snapshot.secondsLeft == 30)
    snapshot.alreadyDone = 20
    #expect(snapshot.secondsLeft == 150)
    snapshot.alreadyDone = 25
    #expect(snapshot.secondsLeft == nil)
  }

  @Test("words a plain line and the last line")
  func lines() {
    let snapshot = ProgressSnapshot(
      title: "rhg seed 0", done: 120, total: 1000, elapsed: 34.2, detail: "F 0.31")
    #expect(snapshot.line == "rhg seed 0: 120/1000 (12 %), 34 s, about 4 min 11 s left, F 0.31")
    #expect(snapshot.lastLine == "rhg seed 0: 120/1000 in 34 s, F 0.31")
    let start = ProgressSnapshot(title: "rhg", done: 0, total: 10, elapsed: 0)
    #expect(start.line == "rhg: 0/10 (0 %), 0.0 s")
    let nothing = ProgressSnapshot(title: "rhg", done: 0, total: 0, elapsed: 0)
    #expect(nothing.line == "rhg: 0/0 (100 %), 0.0 s")
  }

  @Test("draws a bar that fills the width and leaves the last column free")
  func bar() {
    let snapshot = ProgressSnapshot(
      title: "rhg", done: 50, total: 100, elapsed: 5, detail: "F 0.31")
    let text = snapshot.bar(on: terminal(columns: 60))
    #expect(text == "rhg [##########..........] 50 %, 50/100, 5.0 s left, F 0.31")
    #expect(text.count == 59)
    let done = ProgressSnapshot(title: "rhg", done: 100, total: 100, elapsed: 5)
    #expect(done.bar(on: terminal(columns: 200)).contains(String(repeating: "#", count: 40)))
    #expect(!done.bar(on: terminal(columns: 200)).contains("." + "]"))
  }

  @Test("never exceeds the terminal, dropping detail, then bar, then text", arguments: 1...100)
  func narrow(columns: Int) {
    let snapshot = ProgressSnapshot(
      title: "one-stage BDA", done: 7, total: 100, elapsed: 5, detail: "F 0.31, accuracy 89.2 %")
    let text = snapshot.bar(on: terminal(columns: columns))
    #expect(text.count <= max(1, columns - 1))
    #expect(!text.isEmpty)
  }

  @Test("colours only the filled part, without changing the visible width")
  func coloredBar() {
    let snapshot = ProgressSnapshot(title: "rhg", done: 50, total: 100, elapsed: 5)
    let plain = snapshot.bar(on: terminal(columns: 60))
    let colored = snapshot.bar(on: terminal(columns: 60, color: .always))
    let stripped = colored.replacing("\u{1B}[32m", with: "").replacing("\u{1B}[0m", with: "")
    #expect(colored != plain)
    #expect(stripped == plain)
  }

  @Test("writes one plain line per interval and no escape where there is no terminal")
  func plain() {
    let recorder = Recorder()
    let clock = ManualClock()
    let progress = Progress(
      "rhg", total: 100, mode: .bar, console: recorder.console(isTerminal: false), interval: 10,
      now: { clock.now })
    for step in 1...100 {
      clock.advance(by: 0.25)
      progress.advance(to: step, detail: "step \(step)")
    }
    progress.finish()
    progress.finish()
    progress.advance(to: 3)
    let lines = recorder.diagnostics.split(separator: "\n")
    #expect(
      lines == [
        "rhg: 40/100 (40 %), 10 s, about 15 s left, step 40",
        "rhg: 80/100 (80 %), 20 s, about 5.0 s left, step 80",
        "rhg: 100/100 in 25 s, step 100",
      ])
    #expect(!recorder.diagnostics.contains("\u{1B}"))
    #expect(!recorder.diagnostics.contains("\r"))
    #expect(recorder.results.isEmpty)
  }

  @Test("redraws the bar at most ten times a second and gives the cursor back")
  func throttled() {
    let recorder = Recorder()
    let clock = ManualClock()
    let console = recorder.console(isTerminal: true, color: .never)
    do {
      let progress = Progress("rhg", total: 1000, console: console, now: { clock.now })
      for step in 1...1000 {
        clock.advance(by: 0.001)
        progress.advance(to: step)
      }
      // Left without finish(), as when an error is thrown: deinit has to clean up.
    }
    let text = recorder.diagnostics
    let redraws = text.split(separator: "\r").count
    #expect((8...14).contains(redraws), "\(redraws)")
    #expect(text.hasPrefix("\u{1B}[?25l"))
    #expect(text.hasSuffix("\r\u{1B}[K\u{1B}[?25hrhg: 1000/1000 in 1.0 s\n"))
  }

  @Test("lets notes and results pass above the bar")
  func notes() {
    let recorder = Recorder()
    let clock = ManualClock()
    let console = recorder.console(isTerminal: true, color: .never)
    let progress = Progress("rhg", total: 10, console: console, now: { clock.now })
    console.show(note: "a note")
    console.show(result: "a result")
    #expect(recorder.results == "a result\n")
    #expect(recorder.diagnostics.contains("\r\u{1B}[Ka note\nrhg ["))
    progress.finish()
  }

  @Test(
    "is silent when told to be",
    arguments: [(ProgressMode.none, false), (ProgressMode.auto, true), (ProgressMode.bar, true)])
  func silent(mode: ProgressMode, isQuiet: Bool) {
    let recorder = Recorder()
    let clock = ManualClock()
    let console = recorder.console(isTerminal: true, isQuiet: isQuiet)
    let progress = Progress("rhg", total: 10, mode: mode, console: console, now: { clock.now })
    clock.advance(by: 100)
    progress.advance(to: 5)
    progress.finish()
    #expect(recorder.diagnostics.isEmpty)
  }

  @Test("plain mode on a terminal writes lines, no bar")
  func plainOnTerminal() {
    let recorder = Recorder()
    let clock = ManualClock()
    let console = recorder.console(isTerminal: true)
    let progress = Progress("rhg", total: 10, mode: .plain, console: console, now: { clock.now })
    clock.advance(by: 100)
    progress.advance(to: 5)
    #expect(recorder.diagnostics == "rhg: 5/10 (50 %), 1 min 40 s, about 1 min 40 s left\n")
  }
}

@Suite("Console")
struct ConsoleTests {
  @Test("keeps results and diagnostics apart; quiet leaves warnings, errors and seeds")
  func streams() {
    let recorder = Recorder()
    let console = recorder.console(isTerminal: false, isQuiet: true)
    console.show(result: "table")
    console.show(note: "note")
    console.show(warning: "careful")
    console.show(error: "broken")
    console.announce(seeds: [3])
    console.announce(seeds: [0, 1])
    #expect(recorder.results == "table\n")
    #expect(
      recorder.diagnostics == "warning: careful\nerror: broken\nseed: 3\nseeds: 0, 1\n")
  }
}

@Suite("Stopwatch")
struct StopwatchTests {
  @Test(
    "describes durations for people",
    arguments: [
      (0.04, "0.0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
      (59.6, "1 min 00 s"), (250, "4 min 10 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"),
      (10_785, "3 h 00 min"), (-1, "0.0 s"), (.infinity, "unknown"), (.nan, "unknown"),
    ] as [(Double, String)])
  func describe(seconds: Double, text: String) {
    #expect(Stopwatch.describe(seconds: seconds) == text)
  }

  @Test("measures forwards and starts again at each lap")
  func laps() {
    var watch = Stopwatch()
    let (sum, seconds) = Stopwatch.measure { (0..<200_000).reduce(0) { $0 ^ ($1 &* 31) } }
    #expect(sum >= 0)
    #expect(seconds >= 0)
    let first = watch.lap()
    #expect(first >= seconds)
    #expect(watch.seconds < first + 1)
  }
}
