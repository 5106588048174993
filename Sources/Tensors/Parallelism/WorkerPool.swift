import Foundation
import Synchronization

/// Threads that wait for parallel loops, so that starting one costs about a microsecond.
///
/// An inner step of softmax regression takes a few hundred microseconds and starts several loops;
/// waking threads through the kernel each time would cost a tenth of that. Workers therefore watch
/// for the next loop for a short while (``spinNanoseconds``) and only then go to sleep: a process
/// that runs no loops burns nothing.
///
/// One loop runs at a time. A second caller, whether another thread or a loop inside a loop, finds
/// the pool taken and runs its loop alone; the bits cannot differ, because what an index computes
/// does not depend on who computes it.
///
/// The protocol: `gate` holds (generation, open, number of workers inside). The owner of the pool
/// writes the loop's description while the gate is closed and nobody is inside, opens the gate,
/// works, closes the gate, and waits until everybody has left. A worker may only look at the
/// description between entering and leaving.
final class WorkerPool: Sendable {
  /// The pool that ``Parallel`` uses.
  static let shared = WorkerPool()

  /// How long an idle worker, or an owner whose workers still compute, watches before it yields.
  private static let spinNanoseconds: UInt64 = 40_000

  private static let openBit: UInt64 = 1 << 16
  private static let insideMask: UInt64 = openBit - 1
  private static let generationStep: UInt64 = 1 << 17

  private let taken = Atomic<Bool>(false)
  private let gate = Atomic<UInt64>(0)
  private let asleep = Atomic<Int>(0)
  private let sleepLock = NSCondition()
  private let loop = LoopDescription()

  /// The loop in progress. Written by the owner while the gate is closed, read by those inside.
  private final class LoopDescription: @unchecked Sendable {
    var body: (@Sendable (Int) -> Void)?
    var workers = 0
    var batch = 1
    var firsts: [Int] = []
    /// The next index of each worker's share; whoever is done with its own share helps the others.
    var cursors: [Cursor] = []
    var started = 0
  }

  /// A counter with a cache line of its own.
  private final class Cursor: Sendable {
    let next = Atomic<Int>(0)
    let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
  }

  /// Runs `body` for each index of `0..<count` on up to `workers` threads, this one among them.
  func run(count: Int, workers: Int, _ body: @Sendable (Int) -> Void) {
    guard workers > 1,
      taken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      for index in 0..<count { body(index) }
      return
    }
    withoutActuallyEscaping(body) { body in
      describe(count: count, workers: workers, body)
      let opened = gate.wrappingAdd(
        Self.generationStep | Self.openBit, ordering: .sequentiallyConsistent)
      _ = opened
      if asleep.load(ordering: .sequentiallyConsistent) > 0 {
        sleepLock.lock()
        sleepLock.broadcast()
        sleepLock.unlock()
      }
      work(as: 0)
      gate.wrappingSubtract(Self.openBit, ordering: .sequentiallyConsistent)
      waitUntilEverybodyLeft()
      loop.body = nil
    }
    taken.store(false, ordering: .releasing)
  }

  private func describe(count: Int, workers: Int, _ body: @escaping @Sendable (Int) -> Void) {
    while loop.cursors.count < workers { loop.cursors.append(Cursor()) }
    loop.firsts.removeAll(keepingCapacity: true)
    for worker in 0...workers { loop.firsts.append(count * worker / workers) }
    for worker in 0..<workers {
      loop.cursors[worker].next.store(loop.firsts[worker], ordering: .relaxed)
    }
    loop.workers = workers
    // Eight batches per share: few enough that claiming costs nothing, enough to even out delays.
    loop.batch = max(1, count / (8 * workers))
    loop.body = body
    while loop.started < workers - 1 {
      loop.started += 1
      let index = loop.started
      let thread = Thread { [self] in serve(as: index) }
      thread.name = "bda-worker-\(index)"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// Claims and runs batches: first of the own share, then of the others'.
  private func work(as worker: Int) {
    guard let body = loop.body else { return }
    for offset in 0..<loop.workers {
      let share = (worker + offset) % loop.workers
      let end = loop.firsts[share + 1]
      let cursor = loop.cursors[share]
      while true {
        let first = cursor.next.wrappingAdd(loop.batch, ordering: .relaxed).oldValue
        if first >= end { break }
        for index in first..<min(end, first + loop.batch) { body(index) }
      }
    }
  }

  private func waitUntilEverybodyLeft() {
    var watch = Watch(nanoseconds: Self.spinNanoseconds)
    while gate.load(ordering: .acquiring) & Self.insideMask != 0 {
      if watch.isOver { sched_yield() }
    }
  }

  /// A worker's life: wait for an open gate of a new generation, enter, work, leave.
  private func serve(as worker: Int) {
    var lastGeneration: UInt64 = 0
    while true {
      let seen = waitForOpenGate(after: lastGeneration)
      guard
        gate.compareExchange(expected: seen, desired: seen + 1, ordering: .acquiring).exchanged
      else { continue }
      lastGeneration = seen / Self.generationStep
      if worker < loop.workers { work(as: worker) }
      gate.wrappingSubtract(1, ordering: .releasing)
    }
  }

  private func waitForOpenGate(after generation: UInt64) -> UInt64 {
    var watch = Watch(nanoseconds: Self.spinNanoseconds)
    while !watch.isOver {
      let seen = gate.load(ordering: .relaxed)
      if Self.isOpen(seen, after: generation) { return seen }
    }
    sleepLock.lock()
    defer { sleepLock.unlock() }
    asleep.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer { asleep.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    while true {
      let seen = gate.load(ordering: .sequentiallyConsistent)
      if Self.isOpen(seen, after: generation) { return seen }
      sleepLock.wait()
    }
  }

  private static func isOpen(_ gate: UInt64, after generation: UInt64) -> Bool {
    gate & openBit != 0 && gate / generationStep != generation
  }

  /// A stopwatch that looks at the clock on every 64th question only.
  private struct Watch {
    let end: UInt64
    var questions = 0

    init(nanoseconds: UInt64) { end = DispatchTime.now().uptimeNanoseconds + nanoseconds }

    var isOver: Bool {
      mutating get {
        questions &+= 1
        return questions & 63 == 0 && DispatchTime.now().uptimeNanoseconds > end
      }
    }
  }
}
