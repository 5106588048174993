import Synchronization

/// Reusable buffers, so that hot loops allocate nothing after their first round.
///
/// Safe to use from several threads: each call takes a buffer of its own and gives it back. A
/// buffer's contents are unspecified when it is handed out.
public final class ScratchPool<Scalar: TensorScalar>: Sendable {
  private struct Buffer: @unchecked Sendable {
    let start: UnsafeMutablePointer<Scalar>
    let count: Int
  }

  private let free = Mutex<[Buffer]>([])

  /// An empty pool.
  public init() {}

  deinit {
    free.withLock { buffers in
      buffers.forEach { UnsafeMutableRawPointer($0.start).deallocate() }
    }
  }

  /// Calls `body` with room for `count` scalars on a 64-byte boundary.
  public func withBuffer<Result>(
    count: Int, _ body: (UnsafeMutablePointer<Scalar>) -> Result
  ) -> Result {
    let buffer = take(count)
    defer { free.withLock { $0.append(buffer) } }
    return body(buffer.start)
  }

  /// Room for `count` scalars on a 64-byte boundary, which comes back to this pool with the last
  /// reference: for what outlives a call, like a linearisation.
  public func buffer(count: Int) -> PooledBuffer<Scalar> {
    let buffer = take(count)
    return PooledBuffer(pool: self, pointer: buffer.start, capacity: buffer.count, count: count)
  }

  fileprivate func takeBack(_ start: UnsafeMutablePointer<Scalar>, capacity: Int) {
    free.withLock { $0.append(Buffer(start: start, count: capacity)) }
  }

  private func take(_ count: Int) -> Buffer {
    let reused = free.withLock { buffers -> Buffer? in
      // The smallest that is large enough: a large one is not spent on a small wish.
      var best: Int?
      for index in buffers.indices where buffers[index].count >= count {
        if best.map({ buffers[index].count < buffers[$0].count }) ?? true { best = index }
      }
      return best.map { buffers.remove(at: $0) }
    }
    return reused ?? Buffer(start: alignedAllocation(of: Scalar.self, count: count), count: count)
  }
}

/// Memory of a ``ScratchPool`` that is in use as long as this object is referenced.
///
/// The class does no synchronisation: threads that share it must write to disjoint parts.
public final class PooledBuffer<Scalar: TensorScalar>: @unchecked Sendable {
  /// The first scalar; the contents are unspecified at first.
  public let pointer: UnsafeMutablePointer<Scalar>
  /// The number of scalars asked for.
  public let count: Int
  private let pool: ScratchPool<Scalar>
  private let capacity: Int

  fileprivate init(
    pool: ScratchPool<Scalar>, pointer: UnsafeMutablePointer<Scalar>, capacity: Int, count: Int
  ) {
    self.pool = pool
    self.pointer = pointer
    self.capacity = capacity
    self.count = count
  }

  deinit { pool.takeBack(pointer, capacity: capacity) }
}
