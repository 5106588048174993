import Foundation

/// A fixed block of scalars that starts on a cache line (64 bytes), zero at first.
///
/// The vector kernels read and write whole 64-byte registers; a row that straddles two lines costs
/// twice as much, which is why ``FeatureMatrix`` products are fastest on buffers made here. Freed
/// with the last reference. The class does no synchronisation: threads that share a buffer must
/// write to disjoint parts of it.
public final class AlignedBuffer<Scalar: TensorScalar>: @unchecked Sendable {
  /// The number of scalars.
  public let count: Int
  /// The first scalar; valid as long as the buffer is referenced.
  public let pointer: UnsafeMutablePointer<Scalar>

  /// A buffer of `count` zeros.
  public init(count: Int) {
    precondition(count >= 0, "A buffer of \(count) scalars does not exist.")
    self.count = count
    pointer = alignedAllocation(of: Scalar.self, count: count)
    pointer.initialize(repeating: 0, count: count)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  /// The scalars as a buffer; valid as long as this object is referenced.
  public var scalars: UnsafeMutableBufferPointer<Scalar> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }
}

/// Uninitialised memory for `count` elements on a 64-byte boundary, rounded up to whole lines, so
/// that a vector load of the last elements stays inside. Freed by `deallocate` on the raw pointer.
///
/// Large blocks start on a page of 2 MiB and ask for such pages (Linux): a pass over features of 16 MB
/// otherwise looks up 3,800 pages of 4 kB, more than the processor remembers the places of.
func alignedAllocation<Element: BitwiseCopyable>(
  of type: Element.Type, count: Int
) -> UnsafeMutablePointer<Element> {
  let line = 64
  let bytes = (max(1, count) * MemoryLayout<Element>.stride + line - 1) / line * line
  let page = 2 << 20
  let isLarge = bytes >= 2 * page
  let start = UnsafeMutableRawPointer.allocate(
    byteCount: bytes, alignment: isLarge ? page : line)
  #if canImport(Glibc)
    // A hint: where it is refused, small pages serve as before.
    if isLarge { _ = madvise(start, bytes / page * page, MADV_HUGEPAGE) }
  #endif
  return start.bindMemory(to: Element.self, capacity: bytes / MemoryLayout<Element>.stride)
}
