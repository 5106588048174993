import Synchronization

/// One recorded operation. Nodes form a directed acyclic graph through `inputs` alone: rules hold
/// no variables, so releasing a node's inputs releases its whole history.
final class Node<Scalar: TensorScalar>: @unchecked Sendable {
  let value: Tensor<Scalar>
  let rule: (any DifferentiationRule<Scalar>)?
  let isDifferentiable: Bool
  /// Larger than the serial of every input: sorting by it is a topological order.
  let serial: UInt64
  // Written once, in `deinit` of the last owner; that is why the class may call itself Sendable.
  private(set) var inputs: [Node]

  init(
    value: Tensor<Scalar>, rule: (any DifferentiationRule<Scalar>)?, inputs: [Node],
    isDifferentiable: Bool
  ) {
    self.value = value
    self.rule = rule
    self.inputs = inputs
    self.isDifferentiable = isDifferentiable
    serial = nodeSerial.add(1, ordering: .relaxed).newValue
  }

  /// Releases the history iteratively: the default, recursive release would need stack in
  /// proportion to the depth of the graph, and inner loops are thousands of steps deep.
  deinit {
    guard !inputs.isEmpty else { return }
    var orphans: [Node] = []
    swap(&orphans, &inputs)
    while var orphan = orphans.popLast() {
      if isKnownUniquelyReferenced(&orphan) {
        orphans.append(contentsOf: orphan.inputs)
        orphan.inputs.removeAll(keepingCapacity: false)
      }
    }
  }
}

private let nodeSerial = Atomic<UInt64>(0)
