/// Consecutive steps of an inner loop, each an affine map of its own that acts on every coordinate by
/// itself:
///
///     y'_j = y_j - (H_j y_j + C_j x_i(j) + o_j),
///
/// with H, C and o the weighted sums of two objectives' numbers (``CoordinatewiseGradient``).
///
/// Coordinates do not meet, so all steps are taken on a few of them while they are in registers: a
/// loop of K steps reads and writes memory once, not K times. The Jacobians do not depend on the
/// state, so the sweep back keeps nothing:
///
///     g_i(j)  <-  g_i(j) - C_j p_j,     p_j  <-  p_j - H_j p_j.
///
/// Both allocate a few small arrays of K numbers per loop and nothing per step. Cost: O(K n); memory: what
/// goes in and out, and O(K).
///
/// The simple version is one ``InnerDynamics/step(_:from:upper:of:)`` after the other, from which
/// this differs by rounding.
public struct CoordinatewiseSteps<Scalar: TensorScalar>: Sendable {
  /// The numbers of one component in one step.
  private struct Factors {
    let curvature: Scalar
    let coupling: Scalar
    let offset: Scalar
  }

  /// A component of y that the steps change, and the component of x that it is coupled with.
  private struct Pair {
    let lower: Int
    let upper: Int?
    /// One for each step, the first step's first.
    let factors: [Factors]
  }

  private let pairs: [Pair]
  private let lowerComponents: Int
  private let steps: Int

  /// Steps with the given factors; nil where an objective that has a factor offers no such gradient,
  /// where two objectives couple a component with different ones of x, or where the components of the
  /// point do not have one shape.
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
    guard let shape = state.tensors.first?.shape,
      state.tensors.allSatisfy({ $0.shape == shape }), x.tensors.allSatisfy({ $0.shape == shape })
    else { return nil }
    for case let gradient? in [gradients.0, gradients.1] {
      guard gradient.rows.count == state.tensors.count,
        gradient.rows.allSatisfy({ $0.coupling == 0 || $0.upperComponent < x.tensors.count })
      else { return nil }
    }
    var pairs: [Pair] = []
    let none = CoordinatewiseGradient<Scalar>.Row()
    for component in state.tensors.indices {
      let rows = (gradients.0?.rows[component] ?? none, gradients.1?.rows[component] ?? none)
      if rows.0 == none && rows.1 == none { continue }
      let coupled = [rows.0, rows.1].filter { $0.coupling != 0 }.map(\.upperComponent)
      guard coupled.allSatisfy({ $0 == coupled[0] }) else { return nil }
      let factors = weights.map { weight in
        Factors(
          curvature: weight.upper * rows.0.curvature + weight.lower * rows.1.curvature,
          coupling: weight.upper * rows.0.coupling + weight.lower * rows.1.coupling,
          offset: weight.upper * rows.0.offset + weight.lower * rows.1.offset)
      }
      pairs.append(Pair(lower: component, upper: coupled.first, factors: factors))
    }
    self.pairs = pairs
    lowerComponents = state.tensors.count
    steps = weights.count
  }

  /// Takes all steps: replaces the state before the first by the one after the last.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func run(_ state: inout Parameters<Scalar>, upper x: Parameters<Scalar>) {
    var point = state.tensors + x.tensors
    // The only reference to the components from here on, so that they are written in place.
    state.tensors = []
    forEachRange(of: &point, writing: lowerComponents) { pair, y, x, count in
      Self.inTiles(y, x, count, writesSecond: false) { Self.descend($0, $1, pair.factors) }
    }
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
    forEachRange(of: &point, writing: point.count) { pair, p, g, count in
      Self.inTiles(p, g, count, writesSecond: true) { Self.sweep($0, $1, pair.factors) }
    }
    p.tensors = Array(point.prefix(lowerComponents))
    upper.tensors = Array(point.dropFirst(lowerComponents))
  }

  // MARK: - Ranges

  /// The coordinates that one thread takes at a time.
  private static var rangeScalars: Int { 1_024 }

  /// The first scalars of all components; those that are not to be written are only read.
  private struct Components: @unchecked Sendable {
    var pointers: [UnsafeMutablePointer<Scalar>]
  }

  /// Calls `body` with every pair's two components on ranges that cover all coordinates, on several
  /// threads where that is worth it.
  @inline(__always)
  private func forEachRange(
    of point: inout [Tensor<Scalar>], writing written: Int,
    _ body:
      @Sendable (
        Pair, UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>?, _ count: Int
      ) -> Void
  ) {
    guard !pairs.isEmpty, let count = point.first?.count, count > 0 else { return }
    var components = Components(pointers: [])
    components.pointers.reserveCapacity(point.count)
    withPointers(to: &point, writing: written, &components) { components in
      @Sendable func take(_ range: Range<Int>) {
        for pair in pairs {
          body(
            pair, components.pointers[pair.lower] + range.lowerBound,
            pair.upper.map { components.pointers[lowerComponents + $0] + range.lowerBound },
            range.count)
        }
      }
      if count > Self.rangeScalars, count * steps >= 2 * VectorPass.scalarsWorthThreads {
        Parallel.forEachBlock(of: count, blockSize: Self.rangeScalars) { take($0) }
      } else {
        take(0..<count)
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

  // MARK: - Registers

  /// The coordinates of a tile: four vectors, so that a multiply-add of one of them runs while those of
  /// the others, on which it does not depend, are under way.
  private static var tileScalars: Int { 64 }

  /// Calls `body` with every tile of two components; what is left over goes through memory of its own
  /// that is filled up by zeros, so that a coordinate's result does not depend on its place.
  ///
  /// - Parameter writesSecond: whether the second component may be written; others may be reading it
  ///   where it may not.
  @inline(__always)
  private static func inTiles(
    _ first: UnsafeMutablePointer<Scalar>, _ second: UnsafeMutablePointer<Scalar>?, _ count: Int,
    writesSecond: Bool,
    _ body: (UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>?) -> Void
  ) {
    let whole = count / tileScalars * tileScalars
    for start in stride(from: 0, to: whole, by: tileScalars) {
      body(first + start, second.map { $0 + start })
    }
    let rest = count - whole
    guard rest > 0 else { return }
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 2 * tileScalars) { memory in
      guard let place = memory.baseAddress else { return }
      place.initialize(repeating: 0, count: 2 * tileScalars)
      place.update(from: first + whole, count: rest)
      let other = second.map { _ in place + tileScalars }
      if let second, let other { other.update(from: second + whole, count: rest) }
      body(place, other)
      (first + whole).update(from: place, count: rest)
      if writesSecond, let second, let other {
        (second + whole).update(from: other, count: rest)
      }
    }
  }

  /// Four vectors of a component.
  private struct Tile {
    var a: SIMD16<Scalar>
    var b: SIMD16<Scalar>
    var c: SIMD16<Scalar>
    var d: SIMD16<Scalar>

    /// The tile that begins at a place; zeros without one.
    @inline(__always)
    init(_ place: UnsafeMutablePointer<Scalar>?) {
      guard let place else {
        (a, b, c, d) = (.zero, .zero, .zero, .zero)
        return
      }
      let bytes = UnsafeRawPointer(place)
      let width = 16 * MemoryLayout<Scalar>.stride
      a = bytes.loadUnaligned(as: SIMD16<Scalar>.self)
      b = bytes.loadUnaligned(fromByteOffset: width, as: SIMD16<Scalar>.self)
      c = bytes.loadUnaligned(fromByteOffset: 2 * width, as: SIMD16<Scalar>.self)
      d = bytes.loadUnaligned(fromByteOffset: 3 * width, as: SIMD16<Scalar>.self)
    }

    @inline(__always)
    func store(to place: UnsafeMutablePointer<Scalar>?) {
      guard let place else { return }
      let bytes = UnsafeMutableRawPointer(place)
      let width = 16 * MemoryLayout<Scalar>.stride
      bytes.storeBytes(of: a, as: SIMD16<Scalar>.self)
      bytes.storeBytes(of: b, toByteOffset: width, as: SIMD16<Scalar>.self)
      bytes.storeBytes(of: c, toByteOffset: 2 * width, as: SIMD16<Scalar>.self)
      bytes.storeBytes(of: d, toByteOffset: 3 * width, as: SIMD16<Scalar>.self)
    }

    /// Adds the product of a number and another tile.
    @inline(__always)
    mutating func add(_ factor: SIMD16<Scalar>, _ other: Tile) {
      a = Scalar.multiplyAdd(factor, other.a, a)
      b = Scalar.multiplyAdd(factor, other.b, b)
      c = Scalar.multiplyAdd(factor, other.c, c)
      d = Scalar.multiplyAdd(factor, other.d, d)
    }
  }

  /// All steps of one tile of y. Where y is stationary it stays so, to the last bit: what is subtracted
  /// is then zero.
  @inline(__always)
  private static func descend(
    _ place: UnsafeMutablePointer<Scalar>, _ upper: UnsafeMutablePointer<Scalar>?,
    _ factors: [Factors]
  ) {
    var y = Tile(place)
    let x = Tile(upper)
    factors.withUnsafeBufferPointer { factors in
      for step in 0..<factors.count {
        let h = SIMD16<Scalar>(repeating: factors[step].curvature)
        let c = SIMD16<Scalar>(repeating: factors[step].coupling)
        let o = SIMD16<Scalar>(repeating: factors[step].offset)
        y.a -= Scalar.multiplyAdd(c, x.a, Scalar.multiplyAdd(h, y.a, o))
        y.b -= Scalar.multiplyAdd(c, x.b, Scalar.multiplyAdd(h, y.b, o))
        y.c -= Scalar.multiplyAdd(c, x.c, Scalar.multiplyAdd(h, y.c, o))
        y.d -= Scalar.multiplyAdd(c, x.d, Scalar.multiplyAdd(h, y.d, o))
      }
    }
    y.store(to: place)
  }

  /// The sweep back through all steps of one tile of p and of the hypergradient.
  @inline(__always)
  private static func sweep(
    _ place: UnsafeMutablePointer<Scalar>, _ upper: UnsafeMutablePointer<Scalar>?,
    _ factors: [Factors]
  ) {
    var p = Tile(place)
    var g = Tile(upper)
    factors.withUnsafeBufferPointer { factors in
      for step in (0..<factors.count).reversed() {
        g.add(SIMD16(repeating: -factors[step].coupling), p)
        p.add(SIMD16(repeating: -factors[step].curvature), p)
      }
    }
    p.store(to: place)
    g.store(to: upper)
  }
}
