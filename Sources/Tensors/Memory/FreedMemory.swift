import Foundation

/// What becomes of memory that tensors no longer need.
public enum FreedMemory {
  /// Scalars from which on a tensor's memory is worth keeping: smaller blocks the C library keeps by
  /// itself.
  @usableFromInline static let largeBlock = 1 << 15

  /// ``keepForReuse()``, done once: the first large tensor asks for it.
  @usableFromInline static let keptForReuse: Void = keepForReuse()

  /// Keeps freed blocks, up to a gigabyte each, in the process for the next tensors.
  ///
  /// A network's activations are megabytes that live for milliseconds. By default the C library
  /// returns such blocks to the system, which hands them out again page by page, each cleared: a
  /// third of the time of a meta-iteration with maximum pooling. Costs no memory at the peak. Only
  /// with glibc, looked up by name because Swift does not import its header; elsewhere nothing
  /// happens.
  static func keepForReuse() {
    guard let symbol = dlsym(nil, "mallopt") else { return }
    typealias Function = @convention(c) (Int32, Int32) -> Int32
    let setParameter = unsafeBitCast(symbol, to: Function.self)
    // The numbers of malloc.h: trim threshold, top pad, mmap threshold.
    _ = setParameter(-1, Int32.max)
    _ = setParameter(-2, 1 << 24)
    _ = setParameter(-3, 1 << 30)
  }

  /// Gives what was freed back to the system, so that what follows can be measured by itself. Only
  /// with glibc; elsewhere nothing happens.
  public static func release() {
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    typealias Function = @convention(c) (Int) -> CInt
    _ = unsafeBitCast(symbol, to: Function.self)(0)
  }
}
