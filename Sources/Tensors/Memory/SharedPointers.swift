/// A pointer that a loop body may carry to another thread: the loop ends before the memory does.
package struct SharedPointer<Element>: @unchecked Sendable {
  package let pointer: UnsafePointer<Element>
  package init(_ pointer: UnsafePointer<Element>) { self.pointer = pointer }
}

/// A pointer to memory that a loop's bodies write in disjoint places.
package struct SharedMutablePointer<Element>: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Element>
  package init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
}
