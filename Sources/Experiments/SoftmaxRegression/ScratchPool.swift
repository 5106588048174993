import Synchronization
import Tensors

/// Reusable buffers, so that hot loops allocate nothing after their first round.
///
/// Safe to use from several threads: each call takes a buffer of its own and gives it back. A
/// buffer's contents are unspecified when it is handed out.
final class ScratchPool<Scalar: TensorScalar>: Sendable {
  private struct Buffer: @unchecked Sendable {
    let start: UnsafeMutablePointer<Scalar>
    let count: Int
  }

  private let free = Mutex<[Buffer]>([])

  deinit {
    free.withLock { buffers in buffers.forEach { $0.start.deallocate() } }
  }

  /// Calls `body` with room for `count` scalars, aligned to whole vector registers.
  func withBuffer<Result>(
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
    if let reused { return reused }
    let room = max(1, count)
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: room * MemoryLayout<Scalar>.stride, alignment: 128)
    return Buffer(start: raw.bindMemory(to: Scalar.self, capacity: room), count: room)
  }
}
