/// A point of a product of tensor spaces: an upper variable x or a lower variable y.
///
/// Components keep their shapes; the vector-space operations treat them as one long vector. Two
/// points can be combined only if their shapes agree component by component.
public struct Parameters<Scalar: TensorScalar>: Sendable, Equatable {
  /// The components, in an order that the problem defines.
  public var tensors: [Tensor<Scalar>]

  /// A point with the given components.
  public init(_ tensors: [Tensor<Scalar>]) { self.tensors = tensors }

  /// A point with one component.
  public init(_ tensor: Tensor<Scalar>) { tensors = [tensor] }

  /// The origin of the space that `other` lies in.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func zeros(like other: Parameters) -> Parameters {
    Parameters(other.tensors.map { .zeros(like: $0) })
  }

  /// The shapes of the components.
  public var shapes: [[Int]] { tensors.map(\.shape) }

  /// The number of scalars in all components.
  public var count: Int { tensors.reduce(0) { $0 + $1.count } }

  /// Bytes held by the scalars.
  public var bytes: Int { count * MemoryLayout<Scalar>.stride }

  /// Whether every scalar is finite. O(count).
  public var isFinite: Bool { tensors.allSatisfy(\.isFinite) }

  /// The inner product with another point of the same space. O(count), fixed order.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func dot(_ other: Parameters) -> Scalar {
    requireSameSpace(other)
    return zip(tensors, other.tensors).reduce(0) { $0 + $1.0.dot($1.1) }
  }

  /// The Euclidean norm of all components together.
  public var norm: Scalar { dot(self).squareRoot() }

  /// self + factor other, in place.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func add(_ other: Parameters, scaledBy factor: Scalar = 1) {
    requireSameSpace(other)
    for index in tensors.indices { tensors[index].add(other.tensors[index], scaledBy: factor) }
  }

  /// self + factor other + secondFactor second, in place, in one pass over the scalars; the bits are
  /// those of adding one after the other.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func add(
    _ other: Parameters, scaledBy factor: Scalar, _ second: Parameters,
    scaledBy secondFactor: Scalar
  ) {
    requireSameSpace(other)
    requireSameSpace(second)
    for index in tensors.indices {
      tensors[index].add(
        other.tensors[index], scaledBy: factor, second.tensors[index], scaledBy: secondFactor)
    }
  }

  /// factor self, in place.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func scale(by factor: Scalar) {
    for index in tensors.indices { tensors[index].scale(by: factor) }
  }

  /// self + factor other.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func adding(_ other: Parameters, scaledBy factor: Scalar = 1) -> Parameters {
    requireSameSpace(other)
    return Parameters(zip(tensors, other.tensors).map { $0.adding($1, scaledBy: factor) })
  }

  /// factor self.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scaled(by factor: Scalar) -> Parameters {
    Parameters(tensors.map { $0.scaled(by: factor) })
  }

  /// The point with one scalar set to 1 and all others 0: coordinate `index` of the long vector.
  public func unitVector(_ index: Int) -> Parameters {
    precondition((0..<count).contains(index), "No coordinate \(index) among \(count).")
    var result = Parameters.zeros(like: self)
    var remaining = index
    for component in tensors.indices {
      let extent = tensors[component].count
      if remaining < extent {
        result.tensors[component].withUnsafeMutableScalars { $0[remaining] = 1 }
        break
      }
      remaining -= extent
    }
    return result
  }

  /// All scalars in one row, component after component.
  public func flattened() -> [Scalar] { tensors.flatMap(\.scalars) }

  /// The point of this space whose long vector is `scalars`.
  public func unflattening(_ scalars: [Scalar]) -> Parameters {
    precondition(scalars.count == count, "\(scalars.count) scalars for a space of \(count).")
    var start = 0
    return Parameters(
      tensors.map { tensor in
        defer { start += tensor.count }
        return Tensor(shape: tensor.shape, scalars: Array(scalars[start..<(start + tensor.count)]))
      })
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func requireSameSpace(_ other: Parameters) {
    precondition(
      tensors.count == other.tensors.count,
      "Points with \(tensors.count) and \(other.tensors.count) components.")
  }
}
