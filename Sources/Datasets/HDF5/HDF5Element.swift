internal import CHDF5

/// A number that HDF5 arrays can be read as and written from.
///
/// Reading converts from any stored integer or floating-point type of any width, sign and byte
/// order; the library clamps and truncates where the value does not fit, so a caller that must not
/// lose anything reads integers through ``HDF5File/readIntegers(_:in:)``.
public protocol HDF5Element: Sendable, BitwiseCopyable {
  /// Which number this is.
  static var hdf5Kind: HDF5ElementKind { get }
  /// The value 0.
  static var hdf5Zero: Self { get }
}

/// The numbers that arrays hold in memory.
public enum HDF5ElementKind: String, Sendable, CaseIterable {
  /// The types by their Swift names in lower case.
  case float, double, uint8, int8, uint16, int16, uint32, int32, uint64, int64

  var nativeType: hid_t {
    switch self {
    case .float: bda_native_float()
    case .double: bda_native_double()
    case .uint8: bda_native_uint8()
    case .int8: bda_native_int8()
    case .uint16: bda_native_uint16()
    case .int16: bda_native_int16()
    case .uint32: bda_native_uint32()
    case .int32: bda_native_int32()
    case .uint64: bda_native_uint64()
    case .int64: bda_native_int64()
    }
  }

  var storedType: hid_t {
    switch self {
    case .float: bda_stored_float()
    case .double: bda_stored_double()
    case .uint8: bda_stored_uint8()
    case .int8: bda_stored_int8()
    case .uint16: bda_stored_uint16()
    case .int16: bda_stored_int16()
    case .uint32: bda_stored_uint32()
    case .int32: bda_stored_int32()
    case .uint64: bda_stored_uint64()
    case .int64: bda_stored_int64()
    }
  }
}

extension HDF5Element where Self: Numeric {
  /// The value 0.
  public static var hdf5Zero: Self { .zero }
}

extension Float: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .float }
}
extension Double: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .double }
}
extension UInt8: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .uint8 }
}
extension Int8: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .int8 }
}
extension UInt16: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .uint16 }
}
extension Int16: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .int16 }
}
extension UInt32: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .uint32 }
}
extension Int32: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .int32 }
}
extension UInt64: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .uint64 }
}
extension Int64: HDF5Element {
  /// Which number this is.
  public static var hdf5Kind: HDF5ElementKind { .int64 }
}

/// An array read from or written to a file, row-major.
///
/// The invariant: `values.count` is the product of `shape`; a scalar has shape `[]`.
public struct HDF5Array<Element: HDF5Element>: Sendable {
  /// The extent of each dimension.
  public let shape: [Int]
  /// The values, last dimension fastest.
  public let values: [Element]

  /// An array of the given shape.
  public init(shape: [Int], values: [Element]) {
    // A file may declare an empty array of extents whose product no integer holds.
    let count = shape.contains(0) ? 0 : shape.reduce(1, *)
    precondition(
      count == values.count, "Shape \(shape) needs \(count) values, got \(values.count).")
    self.shape = shape
    self.values = values
  }
}

extension HDF5Array: Equatable where Element: Equatable {}

/// What an attribute holds.
public enum HDF5Attribute: Sendable, Equatable {
  /// One text, fixed or variable in length.
  case string(String)
  /// A list of texts.
  case strings([String])
  /// One whole number.
  case integer(Int)
  /// Several whole numbers.
  case integers([Int])
  /// One floating-point number.
  case real(Double)
  /// Several floating-point numbers.
  case reals([Double])
}
