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

  private func take(_ count: Int) -> Buffer {
    let reused = free.withLock { buffers -> Buffer? in
      guard let index = buffers.firstIndex(where: { $0.count >= count }) else {
        return nil
      }
      return buffers.remove(at: index)
    }
    return reused ?? Buffer(start: alignedAllocation(of: Scalar.self, count: count), count: count)
  }
}
