/// Consecutive steps of an inner loop, each an affine map of its own that acts on every coordinate by
/// itself:
///
///     y'_c = y_c - (sum over j of M[c][j] y_j + sum over i of N[c][i] x_i + o[c]),
///
/// with M, N and o the weighted sums of two objectives' numbers (``CoordinatewiseGradient``).
///
/// Coordinates do not meet, so all steps are taken on one block of them while it is in the
/// first-level cache: a loop of K steps reads and writes memory once, not K times. The Jacobians do
/// not depend on the state, so the sweep back keeps nothing. Both allocate a few small arrays per
/// loop and nothing per step. Cost: O(K n); memory: what goes in and out.
///
/// The simple version is one ``InnerDynamics/step(_:from:upper:of:)`` after the other, from which
/// this differs by rounding.
public struct CoordinatewiseSteps<Scalar: TensorScalar>: Sendable {
  /// The scalars of a block: with two components of y and one of x, 10 kB of Float.
  private static var blockScalars: Int { 512 }

  /// One factor of a row: of which component, and its number in either objective.
  private struct Entry {
    let source: Int
    let upper: Scalar
    let lower: Scalar
  }

  /// A component that the steps change, and the range of its entries.
  private struct Row {
    let target: Int
    let first: Int
    let end: Int
    let upperOffset: Scalar
    let lowerOffset: Scalar
  }

  /// The rows of one direction; components of y come first, those of x behind them.
  private struct Program {
    var rows: [Row] = []
    var entries: [Entry] = []
    let components: Int
  }

  private let weights: [DescentWeights<Scalar>]
  private let forward: Program
  private let backward: Program
  private let lowerComponents: Int

  /// Steps with the given factors; nil where an objective that has a factor offers no such gradient,
  /// or where the components of the point do not have one shape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  init?(
    weights: [DescentWeights<Scalar>], upper: CoordinatewiseGradient<Scalar>?,
    lower: CoordinatewiseGradient<Scalar>?, at state: Parameters<Scalar>,
    x: Parameters<Scalar>
  ) {
    let usesUpper = weights.contains { $0.upper != 0 }
    let usesLower = weights.contains { $0.lower != 0 }
    if (usesUpper && upper == nil) || (usesLower && lower == nil) { return nil }
    let gradients = (usesUpper ? upper : nil, usesLower ? lower : nil)
    let (m, p) = (state.tensors.count, x.tensors.count)
    guard let shape = state.tensors.first?.shape,
      state.tensors.allSatisfy({ $0.shape == shape }), x.tensors.allSatisfy({ $0.shape == shape })
    else { return nil }
    for case let gradient? in [gradients.0, gradients.1] {
      guard gradient.offset.count == m, gradient.coupling[0].count == p else { return nil }
    }
    func number(_ gradient: CoordinatewiseGradient<Scalar>?, _ row: Int, _ column: Int) -> Scalar {
      guard let gradient else { return 0 }
      return column < m ? gradient.curvature[row][column] : gradient.coupling[row][column - m]
    }
    var (forward, backward) = (Program(components: m + p), Program(components: m + p))
    for target in 0..<m {
      let first = forward.entries.count
      for source in 0..<m + p {
        let pair = (number(gradients.0, target, source), number(gradients.1, target, source))
        if pair.0 != 0 || pair.1 != 0 {
          forward.entries.append(Entry(source: source, upper: pair.0, lower: pair.1))
        }
      }
      let offset = (gradients.0?.offset[target] ?? 0, gradients.1?.offset[target] ?? 0)
      if forward.entries.count > first || offset.0 != 0 || offset.1 != 0 {
        forward.rows.append(
          Row(
            target: target, first: first, end: forward.entries.count, upperOffset: offset.0,
            lowerOffset: offset.1))
      }
    }
    // The transpose: a cotangent of y gives to those of y and to the derivative in x.
    for target in 0..<m + p {
      let first = backward.entries.count
      for source in 0..<m {
        let pair = (number(gradients.0, source, target), number(gradients.1, source, target))
        if pair.0 != 0 || pair.1 != 0 {
          backward.entries.append(Entry(source: source, upper: pair.0, lower: pair.1))
        }
      }
      if backward.entries.count > first {
        backward.rows.append(
          Row(
            target: target, first: first, end: backward.entries.count, upperOffset: 0,
            lowerOffset: 0))
      }
    }
    self.weights = weights
    self.forward = forward
    self.backward = backward
    lowerComponents = m
  }

  /// Takes all steps: replaces the state before the first by the one after the last.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func run(_ state: inout Parameters<Scalar>, upper x: Parameters<Scalar>) {
    var point = state.tensors + x.tensors
    // The only reference to the components from here on, so that they are written in place.
    state.tensors = []
    apply(forward, to: &point, writing: lowerComponents, reversed: false)
    state.tensors = Array(point.prefix(lowerComponents))
  }

  /// Replaces the cotangent p of the state after the last step by A' p of all steps, last to first,
  /// and adds every step's B' p to `upper`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sweepBack(
    _ p: inout Parameters<Scalar>, addingTo upper: inout Parameters<Scalar>
  ) {
    var point = p.tensors + upper.tensors
    p.tensors = []
    upper.tensors = []
    apply(backward, to: &point, writing: point.count, reversed: true)
    p.tensors = Array(point.prefix(lowerComponents))
    upper.tensors = Array(point.dropFirst(lowerComponents))
  }

  // MARK: - Blocks

  /// The first scalars of all components; those that no row writes are only read.
  private struct Components: @unchecked Sendable {
    var pointers: [UnsafeMutablePointer<Scalar>]
  }

  @inline(__always)
  private func apply(
    _ program: Program, to point: inout [Tensor<Scalar>], writing written: Int, reversed: Bool
  ) {
    guard !program.rows.isEmpty, let count = point.first?.count, count > 0 else { return }
    var components = Components(pointers: [])
    components.pointers.reserveCapacity(point.count)
    withPointers(to: &point, writing: written, &components) { components in
      let block = Self.blockScalars
      // A block costs as many passes over it as there are steps.
      if count > block, count * weights.count >= 2 * VectorPass.scalarsWorthThreads {
        Parallel.forEachBlock(of: count, blockSize: block) {
          advance($0, program, components, reversed: reversed)
        }
      } else {
        for start in stride(from: 0, to: count, by: block) {
          advance(
            start..<min(count, start + block), program, components, reversed: reversed)
        }
      }
    }
  }

  /// Calls `body` with pointers to the components from the given one on; each component is taken out
  /// of the array while it is written, because two parts of an array cannot be borrowed at once.
  private func withPointers(
    to point: inout [Tensor<Scalar>], writing written: Int, _ components: inout Components,
    _ body: (Components) -> Void
  ) {
    let index = components.pointers.count
    guard index < point.count else { return body(components) }
    if index < written {
      var component = point[index]
      point[index] = Tensor([])
      component.withUnsafeMutableScalars { scalars in
        guard let first = scalars.baseAddress else { return }
        components.pointers.append(first)
        withPointers(to: &point, writing: written, &components, body)
      }
      point[index] = component
    } else {
      point[index].scalars.withUnsafeBufferPointer { scalars in
        guard let first = scalars.baseAddress else { return }
        components.pointers.append(UnsafeMutablePointer(mutating: first))
        withPointers(to: &point, writing: written, &components, body)
      }
    }
  }

  /// All steps on one block of coordinates, in memory of their own that is padded to whole registers:
  /// the block's scalars go in at the beginning and out at the end.
  @inline(__always)
  private func advance(
    _ range: Range<Int>, _ program: Program, _ components: Components, reversed: Bool
  ) {
    let width = (range.count + 15) / 16 * 16
    let (parts, rows) = (program.components, program.rows.count)
    let bytes = (parts + rows) * width * MemoryLayout<Scalar>.stride
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { raw in
      withUnsafeTemporaryAllocation(
        of: UnsafeMutablePointer<Scalar>.self, capacity: parts + rows
      ) { places in
        guard let start = raw.baseAddress?.bindMemory(to: Scalar.self, capacity: bytes),
          let current = places.baseAddress
        else { return }
        for part in 0..<parts + rows {
          let place = start + part * width
          (current + part).initialize(to: place)
          if part < parts {
            place.update(
              from: components.pointers[part] + range.lowerBound, count: range.count)
            (place + range.count).update(repeating: 0, count: width - range.count)
          }
        }
        take(program, width: width, current, spare: current + parts, reversed: reversed)
        for row in program.rows {
          (components.pointers[row.target] + range.lowerBound).update(
            from: current[row.target], count: range.count)
        }
      }
    }
  }

  @inline(__always)
  private func take(
    _ program: Program, width: Int, _ current: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>>,
    spare: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>>, reversed: Bool
  ) {
    weights.withUnsafeBufferPointer { weights in
      program.rows.withUnsafeBufferPointer { rows in
        program.entries.withUnsafeBufferPointer { entries in
          for step in 0..<weights.count {
            let weight = weights[reversed ? weights.count - 1 - step : step]
            for index in 0..<rows.count {
              subtract(
                rows[index], entries, weight, from: current, into: spare[index], width: width)
            }
            for index in 0..<rows.count {
              swap(&current[rows[index].target], &spare[index])
            }
          }
        }
      }
    }
  }

  /// Writes one component after one step.
  @inline(__always)
  private func subtract(
    _ row: Row, _ entries: UnsafeBufferPointer<Entry>, _ weight: DescentWeights<Scalar>,
    from current: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>>,
    into target: UnsafeMutablePointer<Scalar>, width: Int
  ) {
    @inline(__always)
    func factor(_ index: Int) -> SIMD16<Scalar> {
      let entry = entries[index]
      return SIMD16(repeating: weight.upper * entry.upper + weight.lower * entry.lower)
    }
    @inline(__always)
    func source(_ index: Int) -> UnsafePointer<Scalar> {
      UnsafePointer(current[entries[index].source])
    }
    @inline(__always)
    func load(_ pointer: UnsafePointer<Scalar>) -> SIMD16<Scalar> {
      UnsafeRawPointer(pointer).load(as: SIMD16<Scalar>.self)
    }
    let base = UnsafePointer(current[row.target])
    let offset = SIMD16<Scalar>(
      repeating: weight.upper * row.upperOffset + weight.lower * row.lowerOffset)
    switch row.end - row.first {
    case 1:
      let (a, left) = (factor(row.first), source(row.first))
      for place in stride(from: 0, to: width, by: 16) {
        let sum = Scalar.multiplyAdd(a, load(left + place), offset)
        UnsafeMutableRawPointer(target + place).storeBytes(
          of: load(base + place) - sum, as: SIMD16<Scalar>.self)
      }
    case 2:
      let (a, left) = (factor(row.first), source(row.first))
      let (b, right) = (factor(row.first + 1), source(row.first + 1))
      for place in stride(from: 0, to: width, by: 16) {
        let sum = Scalar.multiplyAdd(
          b, load(right + place), Scalar.multiplyAdd(a, load(left + place), offset))
        UnsafeMutableRawPointer(target + place).storeBytes(
          of: load(base + place) - sum, as: SIMD16<Scalar>.self)
      }
    default:
      for place in stride(from: 0, to: width, by: 16) {
        var sum = offset
        for index in row.first..<row.end {
          sum = Scalar.multiplyAdd(factor(index), load(source(index) + place), sum)
        }
        UnsafeMutableRawPointer(target + place).storeBytes(
          of: load(base + place) - sum, as: SIMD16<Scalar>.self)
      }
    }
  }
}
