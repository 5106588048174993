import Testing

/// Tests that need something of the process for themselves: one at a time, in whichever suite they are.
public struct SharedResource: SuiteTrait, TestTrait, TestScoping {
  /// Also each test of a suite, not the suite alone.
  public var isRecursive: Bool { true }

  fileprivate let turns: Turns

  /// Runs a test when no other one has the resource.
  public func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    await turns.wait()
    do { try await function() } catch {
      await turns.end()
      throw error
    }
    await turns.end()
  }

  fileprivate static let interruptions = Turns()
  fileprivate static let memory = Turns()

  /// Who has the resource, and who waits for it.
  fileprivate actor Turns {
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

extension Trait where Self == SharedResource {
  /// The test has the flag of interruptions to itself: it raises it, or runs what reads it.
  public static var interruptionFlag: Self { Self(turns: SharedResource.interruptions) }
  /// No other test that measures the memory of the process, or takes hundreds of megabytes, runs beside
  /// this one.
  public static var processMemory: Self { Self(turns: SharedResource.memory) }
}
