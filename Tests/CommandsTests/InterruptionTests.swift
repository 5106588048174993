import Commands
import Foundation
import TestSupport
import Testing

@Suite("Interruption", .serialized, .interruptionFlag)
struct InterruptionTests {
  @Test("is a flag that the first signal raises", arguments: [SIGINT, SIGTERM, SIGHUP])
  func signals(number: Int32) throws {
    // `nohup` starts processes with SIGHUP ignored, and then it stays so.
    signal(number, SIG_DFL)
    Interruption.install()
    defer { Interruption.reset() }
    #expect(!Interruption.isRequested)
    try Interruption.checkpoint()
    // To the process, as a terminal does: a test's own thread may have signals blocked. Another
    // thread takes it, at some time soon.
    #expect(kill(getpid(), number) == 0)
    for _ in 0..<500 where !Interruption.isRequested { usleep(10_000) }
    #expect(Interruption.isRequested)
    #expect(throws: Interrupted(signal: number)) { try Interruption.checkpoint() }
  }

  /// A second SIGTERM would end this process, were it not taken for the first.
  @Test("takes a scheduler's signal that comes twice within a second for one")
  func repeated() throws {
    Interruption.install()
    defer { Interruption.reset() }
    for _ in 0..<3 { #expect(kill(getpid(), SIGTERM) == 0) }
    for _ in 0..<500 where !Interruption.isRequested { usleep(10_000) }
    #expect(Interruption.requested == Interrupted(signal: SIGTERM))
    // What is still on its way must not meet the default action.
    usleep(100_000)
  }

  @Test("ends a command with 128 plus the signal's number")
  func exitCode() {
    #expect(Interrupted().exitStatus.rawValue == 130)
    #expect(
      Interruption.signals.map { Interrupted(signal: $0).exitStatus.rawValue }
        == [130, 143, 129, 131])
  }

  @Test("leaves a SIGHUP alone that the starter wants ignored")
  func nohup() throws {
    signal(SIGHUP, SIG_IGN)
    Interruption.install()
    defer { Interruption.reset() }
    #expect(kill(getpid(), SIGHUP) == 0)
    #expect(kill(getpid(), SIGINT) == 0)
    for _ in 0..<500 where !Interruption.isRequested { usleep(10_000) }
    #expect(Interruption.requested == Interrupted(signal: SIGINT))
  }

  @Test("from code counts as the interrupt key")
  func request() {
    defer { Interruption.reset() }
    #expect(Interruption.requested == nil)
    Interruption.request()
    #expect(Interruption.requested == Interrupted(signal: SIGINT))
  }
}
