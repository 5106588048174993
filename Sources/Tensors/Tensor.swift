/// An n-dimensional array of scalars in row-major order.
///
/// The invariant: `scalars.count` is the product of `shape`; a tensor of shape `[]` holds one
/// scalar, and a zero in the shape makes the tensor empty. A value type: copying is O(1), the first
/// write to a shared copy is O(count).
///
/// Operations that combine tensors demand equal shapes (a programmer's error otherwise, reported
/// with both shapes); broadcasting is always written out, so that its derivative is visible.
public struct Tensor<Scalar: TensorScalar>: Sendable, Equatable {
  /// The extent of each dimension.
  public private(set) var shape: [Int]
  @usableFromInline var storage: [Scalar]

  /// The values, last dimension fastest.
  @inlinable public var scalars: [Scalar] { storage }

  /// A tensor of the given shape with the given values in row-major order.
  public init(shape: [Int], scalars: [Scalar]) {
    let count = shape.reduce(1, *)
    precondition(
      shape.allSatisfy { $0 >= 0 } && count == scalars.count,
      "Shape \(shape) needs \(count) scalars, got \(scalars.count).")
    self.shape = shape
    storage = scalars
  }

  /// A tensor of the given shape filled with one value.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(repeating value: Scalar, shape: [Int]) {
    self.init(shape: shape, scalars: Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// A tensor of shape `[]`.
  public init(_ scalar: Scalar) { self.init(shape: [], scalars: [scalar]) }

  /// A tensor of shape `[count]`.
  public init(_ vector: [Scalar]) { self.init(shape: [vector.count], scalars: vector) }

  /// A tensor whose storage `initialize` fills completely, row-major.
  @inlinable
  public init(
    shape: [Int], initializingWith initialize: (UnsafeMutableBufferPointer<Scalar>) -> Void
  ) {
    var count = 1
    for extent in shape {
      precondition(extent >= 0, "A tensor of shape \(shape) does not exist.")
      count *= extent
    }
    if count >= FreedMemory.largeBlock { FreedMemory.keptForReuse }
    self.init(
      unchecked: shape,
      Array(unsafeUninitializedCapacity: count) { buffer, initialized in
        initialize(UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count))
        initialized = count
      })
  }

  /// A tensor whose parts are known to fit each other.
  @usableFromInline
  init(unchecked shape: [Int], _ scalars: [Scalar]) {
    self.shape = shape
    storage = scalars
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape: shape) }

  /// A tensor of ones.
  public static func ones(_ shape: [Int]) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// A tensor of zeros with the shape of `other`.
  public static func zeros(like other: Tensor) -> Tensor { zeros(other.shape) }

  /// The number of scalars.
  public var count: Int { scalars.count }

  /// The number of dimensions.
  public var rank: Int { shape.count }

  /// The only scalar of a tensor that has exactly one.
  public var scalar: Scalar {
    precondition(count == 1, "A tensor of shape \(shape) is not a scalar.")
    return scalars[0]
  }

  /// The scalar at a full set of indices, one per dimension.
  public subscript(indices: Int...) -> Scalar {
    get { scalars[offset(of: indices)] }
    set { storage[offset(of: indices)] = newValue }
  }

  private func offset(of indices: [Int]) -> Int {
    precondition(indices.count == rank, "\(indices.count) indices for shape \(shape).")
    var offset = 0
    for (index, extent) in zip(indices, shape) {
      precondition((0..<extent).contains(index), "Index \(indices) is outside shape \(shape).")
      offset = offset * extent + index
    }
    return offset
  }

  /// Calls `body` with the storage, made unique first.
  @inlinable
  public mutating func withUnsafeMutableScalars<Result>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) -> Result
  ) -> Result {
    storage.withUnsafeMutableBufferPointer { body($0) }
  }

  /// The same scalars under another shape of equal count. O(1).
  public func reshaped(_ newShape: [Int]) -> Tensor {
    precondition(
      newShape.allSatisfy { $0 >= 0 } && newShape.reduce(1, *) == count,
      "Shape \(shape) cannot be viewed as \(newShape).")
    var result = self
    result.shape = newShape
    return result
  }

  /// The same values rounded to another scalar type.
  public func converted<Other: TensorScalar>(to type: Other.Type = Other.self) -> Tensor<Other> {
    Tensor<Other>(shape: shape, scalars: scalars.map { Other($0) })
  }

  /// Whether every scalar is finite. O(count).
  public var isFinite: Bool { hasOnlyFiniteScalars() }
}
