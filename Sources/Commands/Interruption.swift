import Files
import Foundation
import Synchronization

/// The wish to stop, as a flag that loops poll between steps.
///
/// The first SIGINT (the interrupt key), SIGQUIT (the quit key), SIGTERM (a scheduler) or SIGHUP (the
/// terminal is gone) only raises the flag: the loop ends its step, writes a record with status
/// `interrupted`, and the command exits with 128 plus the signal's number. The second one ends the
/// process at once, giving the cursor back. A SIGTERM or SIGHUP that comes within a second of the first
/// signal is the same wish, told twice: a scheduler signals all processes of a job, and a sweep passes
/// on what it gets. The interrupt key is always meant.
package enum Interruption {
  /// The signals that ask a command to stop.
  package static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  private static let requests = Atomic<Int>(0)
  /// The first signal that came.
  private static let firstSignal = Atomic<Int32>(0)
  /// When it came, in milliseconds of the monotonic clock.
  private static let firstTime = Atomic<Int>(0)
  private static let cursorIsHidden = Atomic<Bool>(false)
  /// Whether a thread is about to end the process.
  private static let isEnding = Atomic<Bool>(false)
  /// Whether the terminal has echoed `^C` into the line that a message would begin in.
  private static let isOnTerminal = Atomic<Bool>(false)

  /// Starts listening. Call once, before other threads exist.
  ///
  /// A thread of its own waits for the signals, which all others block. Handlers must not interrupt
  /// the threads that compute: oneDNN's generated kernels use the stack pointer as one more pointer to
  /// data, and the kernel of the system would write the handler's frame over matrices and the heap. Where
  /// the system gives no thread, the handler is better than no answer.
  package static func install() {
    // Globals are created lazily under a lock, which a signal handler must not wait for.
    _ = (requests.load(ordering: .relaxed), cursorIsHidden.load(ordering: .relaxed))
    _ = (firstSignal.load(ordering: .relaxed), firstTime.load(ordering: .relaxed))
    isOnTerminal.store(isatty(STDERR_FILENO) == 1, ordering: .relaxed)
    let numbers = heeded
    for number in numbers { signal(number, handler) }
    let isListening = listen(numbers) { number in
      while true { handler(number()) }
    }
    if !isListening { unblock(numbers) }
  }

  /// Starts listening for commands whose steps leave nothing to record: a signal removes unfinished
  /// files, says `message` on standard error, and ends the process with 128 plus its number. Call once,
  /// before other threads exist.
  ///
  /// A thread of its own waits for the signals, which all others block: what it does is more than a
  /// handler may. Where the system gives no thread, a signal ends the process by itself, and the next
  /// start sweeps what that leaves.
  package static func installEndingAtOnce(saying message: String) {
    let numbers = heeded
    for number in numbers { signal(number, SIG_DFL) }
    let isListening = listen(numbers) { number in end(by: number(), saying: message) }
    if !isListening { unblock(numbers) }
  }

  /// Blocks the signals in this thread, and so in all that it makes, and begins one that does `body`,
  /// which is given a function that waits for the next of them; false where there is no such thread.
  private static func listen(
    _ numbers: [Int32], _ body: @escaping @Sendable (_ next: () -> Int32) -> Void
  ) -> Bool {
    var listened = set(of: numbers)
    pthread_sigmask(SIG_BLOCK, &listened, nil)
    let watch = Unmanaged.passRetained(Watch(numbers: numbers, body: body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { context in
        if let context { Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, watch.toOpaque())
    if code != 0 { watch.release() }
    return code == 0
  }

  /// What the waiting thread needs to know.
  private final class Watch: Sendable {
    let numbers: [Int32]
    let body: @Sendable (_ next: () -> Int32) -> Void

    init(numbers: [Int32], body: @escaping @Sendable (_ next: () -> Int32) -> Void) {
      self.numbers = numbers
      self.body = body
    }

    func run() {
      body {
        var listened = Interruption.set(of: numbers)
        var number: Int32 = 0
        while sigwait(&listened, &number) != 0 {}
        return number
      }
    }
  }

  /// Removes unfinished files, says `message`, and ends the process.
  private static func end(by number: Int32, saying message: String) {
    isEnding.store(true, ordering: .releasing)
    TemporaryFiles.removeAll()
    // Where standard error is a full pipe that nobody reads, writing would wait for ever.
    var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    if poll(&request, 1, 200) > 0 {
      Array((message + "\n").utf8).withUnsafeBytes { bytes in
        _ = FileDescriptor.write(bytes, to: STDERR_FILENO)
      }
    }
    // Without the exit handlers of a library that may be in the middle of a write.
    _exit(128 + number)
  }

  /// Does not return where a signal is about to end the process: then what failed did so because its
  /// unfinished files are being removed, and is not what the user should read.
  package static func waitForEnd() {
    while isEnding.load(ordering: .acquiring) { sleep(1) }
  }

  /// Whether somebody asked to stop.
  package static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  /// Who asked to stop, nil where nobody did.
  package static var requested: Interrupted? {
    guard isRequested else { return nil }
    let number = firstSignal.load(ordering: .relaxed)
    return Interrupted(signal: number == 0 ? SIGINT : number)
  }

  /// Returns if nobody asked to stop.
  /// - Throws: ``Interrupted`` otherwise, which ends a command with its exit code.
  package static func checkpoint() throws(Interrupted) {
    if let requested { throw requested }
  }

  /// Raises the flag from code, as the first signal would.
  package static func request() { requests.add(1, ordering: .relaxed) }

  /// Takes the flag down and stops listening, so that tests do not disturb each other.
  package static func reset() {
    for number in signals { signal(number, SIG_DFL) }
    requests.store(0, ordering: .relaxed)
    firstSignal.store(0, ordering: .relaxed)
  }

  /// Whether a second signal has to show the cursor again before it ends the process.
  static func restoresCursor(_ hidden: Bool) {
    cursorIsHidden.store(hidden, ordering: .relaxed)
  }

  /// The signals to listen to: all but a SIGHUP that `nohup` or the like has set to be ignored.
  private static var heeded: [Int32] {
    signals.filter { number in
      var action = sigaction()
      guard number == SIGHUP, sigaction(number, nil, &action) == 0 else { return true }
      let ignored: sighandler_t? = SIG_IGN
      return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        != unsafeBitCast(ignored, to: Int.self)
    }
  }

  /// A parent may have started this process with signals blocked; a blocked one is never handled.
  private static func unblock(_ numbers: [Int32]) {
    var listened = set(of: numbers)
    pthread_sigmask(SIG_UNBLOCK, &listened, nil)
  }

  private static func set(of numbers: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    return set
  }

  /// How long after the first signal a scheduler's repetition is part of it, in milliseconds.
  private static let repetition = 1_000

  private static var milliseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
  }

  /// What a signal does, in the thread that waits for it or as a handler. Uses nothing but atomics,
  /// `clock_gettime`, `poll`, `write`, `signal`, `pthread_sigmask` and `raise`: all else is forbidden in
  /// a handler.
  private static let handler: @convention(c) (Int32) -> Void = { number in
    // The interrupted code may be about to look at the error number of its own call.
    let errorNumber = errno
    defer { errno = errorNumber }
    let earlier = Interruption.requests.add(1, ordering: .relaxed).oldValue
    if earlier == 0 {
      Interruption.firstSignal.store(number, ordering: .relaxed)
      Interruption.firstTime.store(Interruption.milliseconds, ordering: .relaxed)
      if Interruption.isOnTerminal.load(ordering: .relaxed) { Interruption.say("\n") }
      Interruption.say(
        "interrupted: ending this step and writing the record; once more stops at once\n")
      return
    }
    let since = Interruption.milliseconds - Interruption.firstTime.load(ordering: .relaxed)
    if number != SIGINT, number != SIGQUIT, since < Interruption.repetition { return }
    if Interruption.cursorIsHidden.load(ordering: .relaxed) { Interruption.say("\u{1B}[?25h\n") }
    signal(number, SIG_DFL)
    // In the thread that waits for signals they are blocked.
    Interruption.unblock([number])
    raise(number)
  }

  private static func say(_ text: StaticString) {
    // Where standard error is a full pipe that nobody reads, the next signal would not be heard.
    var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard poll(&request, 1, 200) > 0 else { return }
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
