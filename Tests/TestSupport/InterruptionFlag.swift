import Testing

/// Tests that raise or read the flag of interruptions, which all suites of a process share: one at a time,
/// in whichever suite they are.
public struct InterruptionFlag: SuiteTrait, TestTrait, TestScoping {
  /// Also each test of a suite, not the suite alone.
  public var isRecursive: Bool { true }

  /// Runs a test when no other one has the flag.
  public func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    await Self.turns.wait()
    do { try await function() } catch {
      await Self.turns.end()
      throw error
    }
    await Self.turns.end()
  }

  private static let turns = Turns()

  /// Who has the flag, and who waits for it.
  private actor Turns {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func wait() async {
      guard isTaken else {
        isTaken = true
        return
      }
      await withCheckedContinuation { waiting.append($0) }
    }

    func end() {
      if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
  }
}

extension Trait where Self == InterruptionFlag {
  /// The test has the flag of interruptions to itself.
  public static var interruptionFlag: Self { Self() }
}
