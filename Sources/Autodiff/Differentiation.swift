/// Reverse and forward sweeps over a recorded computation.
///
/// Both visit nodes in the order of their serials, which is a topological order: no recursion, so
/// the depth of the graph is bounded by memory alone.

/// The cotangents J' c of `inputs`, for outputs with the given cotangents (one by default).
///
/// The invariant: the result has the shapes of `inputs`; an input that no output depends on gets
/// zeros. With `keepingGraph` the result has a history and can be differentiated again; without it
/// the sweep runs on constants and keeps nothing. Cost: a small multiple (at most about 4) of the
/// outputs' own, whatever the number of inputs.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func gradient<Scalar>(
  of outputs: [Variable<Scalar>], cotangents: [Variable<Scalar>]? = nil,
  withRespectTo inputs: [Variable<Scalar>], keepingGraph: Bool = false
) -> [Variable<Scalar>] {
  let seeds = cotangents ?? outputs.map { .constant(.ones($0.shape)) }
  precondition(
    outputs.count == seeds.count, "\(outputs.count) outputs and \(seeds.count) cotangents.")
  var cotangentOf: [UInt64: Variable<Scalar>] = [:]
  for (output, seed) in zip(outputs, seeds) {
    precondition(
      output.shape == seed.shape,
      "The cotangent of an output of shape \(output.shape) has shape \(seed.shape).")
    let total = cotangentOf[output.node.serial].map { $0 + seed } ?? seed
    cotangentOf[output.node.serial] = total
  }
  for node in nodes(between: inputs, and: outputs).reversed() {
    guard let rule = node.rule, let cotangent = cotangentOf[node.serial] else { continue }
    if !inputs.contains(where: { $0.node === node }) { cotangentOf[node.serial] = nil }
    let operands = node.inputs.map { operand($0, keepingGraph: keepingGraph) }
    let pulled =
      (keepingGraph
        ? nil : pulledValues(rule, cotangent.value, inputs: operands, output: node.value))
      ?? rule.pullback(
        keepingGraph ? cotangent : cotangent.detached(), inputs: operands,
        output: keepingGraph ? Variable(node: node) : .constant(node.value))
    for (input, contribution) in zip(node.inputs, pulled) {
      guard input.isDifferentiable, let contribution else { continue }
      let addend = keepingGraph ? contribution : contribution.detached()
      cotangentOf[input.serial] = cotangentOf[input.serial].map { $0 + addend } ?? addend
    }
  }
  return inputs.map { cotangentOf[$0.node.serial] ?? .constant(.zeros($0.shape)) }
}

/// The gradient of one scalar output.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func gradient<Scalar>(
  of output: Variable<Scalar>, withRespectTo inputs: [Variable<Scalar>],
  keepingGraph: Bool = false
) -> [Variable<Scalar>] {
  precondition(output.value.count == 1, "A gradient needs a scalar, not shape \(output.shape).")
  return gradient(of: [output], withRespectTo: inputs, keepingGraph: keepingGraph)
}

/// The tangents J t of `outputs`, for inputs with the given tangents.
///
/// Forward mode over the recorded graph; the tangents may themselves have a history (forward over
/// forward, or reverse over forward). An output that depends on no input gets zeros. Cost: a small
/// multiple of the outputs' own, once per set of tangents.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func pushforward<Scalar>(
  of outputs: [Variable<Scalar>], along tangents: [Variable<Scalar>],
  at inputs: [Variable<Scalar>], keepingGraph: Bool = false
) -> [Variable<Scalar>] {
  precondition(
    inputs.count == tangents.count, "\(inputs.count) inputs and \(tangents.count) tangents.")
  var tangentOf: [UInt64: Variable<Scalar>] = [:]
  for (input, tangent) in zip(inputs, tangents) {
    precondition(
      input.shape == tangent.shape,
      "The tangent of an input of shape \(input.shape) has shape \(tangent.shape).")
    tangentOf[input.node.serial] = tangent
  }
  for node in nodes(between: inputs, and: outputs) {
    guard let rule = node.rule, tangentOf[node.serial] == nil else { continue }
    let incoming = node.inputs.map { tangentOf[$0.serial] }
    guard incoming.contains(where: { $0 != nil }) else { continue }
    let operands = node.inputs.map { operand($0, keepingGraph: keepingGraph) }
    let output = keepingGraph ? Variable(node: node) : .constant(node.value)
    tangentOf[node.serial] = rule.pushforward(incoming, inputs: operands, output: output)
  }
  return outputs.map { tangentOf[$0.node.serial] ?? .constant(.zeros($0.shape)) }
}

/// The contributions of a rule that computes their values directly.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func pulledValues<Scalar>(
  _ rule: any DifferentiationRule<Scalar>, _ cotangent: Tensor<Scalar>,
  inputs: [Variable<Scalar>], output: Tensor<Scalar>
) -> [Variable<Scalar>?]? {
  rule.pullbackValues(cotangent, inputs: inputs, output: output)?.map { $0.map { .constant($0) } }
}

/// An operand as the rules see it. Without a graph to keep it becomes a leaf: still marked as
/// differentiable (rules skip the cotangents of constants) but without a history.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func operand<Scalar>(_ node: Node<Scalar>, keepingGraph: Bool) -> Variable<Scalar> {
  if keepingGraph { return Variable(node: node) }
  return node.isDifferentiable ? Variable(node.value) : .constant(node.value)
}

/// The differentiable nodes on a path from any input to any output, in topological order.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func nodes<Scalar>(
  between inputs: [Variable<Scalar>], and outputs: [Variable<Scalar>]
) -> [Node<Scalar>] {
  let targets = Set(inputs.map(\.node.serial))
  let oldest = targets.min() ?? 0
  var reachable: [UInt64: Node<Scalar>] = [:]
  var pending = outputs.map(\.node).filter(\.isDifferentiable)
  while let node = pending.popLast() {
    // A node older than every input cannot depend on one.
    guard node.serial >= oldest, reachable[node.serial] == nil else { continue }
    reachable[node.serial] = node
    pending.append(contentsOf: node.inputs.filter(\.isDifferentiable))
  }
  var onPath = targets
  return reachable.values.sorted { $0.serial < $1.serial }.filter { node in
    if onPath.contains(node.serial) { return true }
    guard node.inputs.contains(where: { onPath.contains($0.serial) }) else { return false }
    onPath.insert(node.serial)
    return true
  }
}

/// Bytes of all values computed on the way to `outputs`, each counted once; leaves and constants are the
/// caller's own.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func recordedBytes<Scalar>(of outputs: [Variable<Scalar>]) -> Int {
  var seen: Set<UInt64> = []
  var pending = outputs.map(\.node)
  var bytes = 0
  while let node = pending.popLast() {
    guard seen.insert(node.serial).inserted else { continue }
    if node.rule != nil { bytes += node.value.count * MemoryLayout<Scalar>.stride }
    pending.append(contentsOf: node.inputs)
  }
  return bytes
}
