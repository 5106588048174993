/// A pointer that a loop body may carry to another thread: the loop ends before the memory does.
struct SharedPointer<Element>: @unchecked Sendable {
  let pointer: UnsafePointer<Element>
  init(_ pointer: UnsafePointer<Element>) { self.pointer = pointer }
}

/// A pointer to memory that a loop's bodies write in disjoint places.
struct SharedMutablePointer<Element>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>
  init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
}
