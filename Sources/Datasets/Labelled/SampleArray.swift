/// The values of samples as a file holds them, of whatever number type.
///
/// The invariant: there is at least one sample of at least one value, every value is finite as a `Float`,
/// and the number of values is the product of `shape`.
public struct SampleArray: Sendable {
  /// The values in the narrowest of three forms that loses nothing.
  public enum Values: Sendable {
    /// Unsigned bytes, as of most images.
    case bytes([UInt8])
    /// What single precision holds exactly.
    case floats([Float])
    /// Everything else.
    case doubles([Double])
  }

  /// The extents, the number of samples first.
  public let shape: [Int]
  /// The number type of the file.
  public let kind: HDF5ElementKind
  /// The values, row-major.
  public let values: Values

  /// The number of samples.
  public var count: Int { shape[0] }
  /// The number of values of one sample.
  public var width: Int { shape.dropFirst().reduce(1, *) }
  /// The bytes that the values take in memory.
  public var bytes: Int {
    switch values {
    case .bytes(let values): values.count
    case .floats(let values): 4 * values.count
    case .doubles(let values): 8 * values.count
    }
  }

  /// An array of values, checked.
  ///
  /// - Parameter place: what holds them, for sentences: "'features' in the file mine.h5".
  /// - Throws: where it is empty, or a value is not a finite number, naming the sample and the value.
  public init(
    shape: [Int], kind: HDF5ElementKind, values: Values, place: String
  ) throws(DatasetError) {
    guard shape.count >= 2 else {
      throw DatasetError(
        .unexpectedContents,
        "\(place) has the shape \(shape), and [count, width] or [count, height, width(, channels)] is "
          + "needed: store one row a sample.")
    }
    guard !shape.contains(0) else {
      throw DatasetError(
        .unexpectedContents,
        "\(place) has the shape \(shape), so there is no sample with a value: store at least one "
          + "sample a row.")
    }
    self.shape = shape
    self.kind = kind
    self.values = values
    if let position = firstUnusable {
      throw DatasetError(
        .unexpectedContents,
        "\(place) holds \(self[position]) in sample \(position / width) (value \(position % width) of "
          + "it), which no model can be trained on: "
          + (self[position].isFinite
            ? "divide these values by a constant, as models compute in single precision."
            : "replace such values, or leave these samples out."))
    }
  }

  /// The value at a flat position.
  public subscript(position: Int) -> Double {
    switch values {
    case .bytes(let values): Double(values[position])
    case .floats(let values): Double(values[position])
    case .doubles(let values): values[position]
    }
  }

  /// The first position whose value is not finite in single precision, which models compute in.
  private var firstUnusable: Int? {
    switch values {
    case .bytes: nil
    case .floats(let values): values.firstIndex { !$0.isFinite }
    case .doubles(let values): values.firstIndex { !Float($0).isFinite }
    }
  }

  /// The values of one sample in single precision.
  public func row(_ sample: Int) -> [Float] {
    let range = sample * width..<(sample + 1) * width
    switch values {
    case .bytes(let values): return values[range].map { Float($0) }
    case .floats(let values): return Array(values[range])
    case .doubles(let values): return values[range].map { Float($0) }
    }
  }

  /// The values of one sample in double precision, which loses nothing.
  public func values(of sample: Int) -> [Double] {
    let range = sample * width..<(sample + 1) * width
    switch values {
    case .bytes(let values): return values[range].map { Double($0) }
    case .floats(let values): return values[range].map { Double($0) }
    case .doubles(let values): return Array(values[range])
    }
  }

  /// Whether the file holds more digits than single precision does.
  public var isDouble: Bool { if case .doubles = values { true } else { false } }

  /// The samples at the given positions, in their order.
  public func rows(_ positions: [Int]) -> SampleArray {
    func gathered<Element>(_ values: [Element]) -> [Element] {
      var result: [Element] = []
      result.reserveCapacity(positions.count * width)
      for position in positions {
        result += values[position * width..<(position + 1) * width]
      }
      return result
    }
    let chosen: Values =
      switch values {
      case .bytes(let values): .bytes(gathered(values))
      case .floats(let values): .floats(gathered(values))
      case .doubles(let values): .doubles(gathered(values))
      }
    return SampleArray(
      unchecked: [positions.count] + shape.dropFirst(), kind: kind, values: chosen)
  }

  private init(unchecked shape: [Int], kind: HDF5ElementKind, values: Values) {
    self.shape = shape
    self.kind = kind
    self.values = values
  }

  /// The smallest and the largest value.
  public var range: (least: Double, most: Double) {
    func ends<Element: Comparable>(_ values: [Element], _ double: (Element) -> Double) -> (
      least: Double, most: Double
    ) {
      (values.min().map(double) ?? 0, values.max().map(double) ?? 0)
    }
    switch values {
    case .bytes(let values): return ends(values) { Double($0) }
    case .floats(let values): return ends(values) { Double($0) }
    case .doubles(let values): return ends(values) { $0 }
    }
  }
}

extension SampleArray {
  /// An array of an HDF5 file, each value kept.
  init(_ name: String, in file: HDF5File) throws(DatasetError) {
    let kind = try file.elementKind(name)
    let place = "'\(name)' in the file \(file.path)"
    let shape: [Int]
    let values: Values
    switch kind {
    case .uint8:
      let array = try file.read(name, as: UInt8.self)
      (shape, values) = (array.shape, .bytes(array.values))
    case .float, .int8, .int16, .uint16:
      let array = try file.read(name, as: Float.self)
      (shape, values) = (array.shape, .floats(array.values))
    case .double, .int32, .uint32, .int64, .uint64:
      let array = try file.read(name, as: Double.self)
      (shape, values) = (array.shape, .doubles(array.values))
    }
    try self.init(shape: shape, kind: kind, values: values, place: place)
  }

  /// A sentence where integers are larger than all those that double precision tells apart, and so may
  /// have been rounded; nil where none is.
  func roundingNote(place: String) -> String? {
    guard kind == .int64 || kind == .uint64, case .doubles(let values) = values,
      let first = values.firstIndex(where: { abs($0) >= 0x1p53 })
    else { return nil }
    return
      "\(place) holds integers beyond 2^53, the first in sample \(first / width), which are read and "
      + "written again as the nearest that double precision has: store what is no quantity, such as an "
      + "identifier, elsewhere."
  }

  /// Writes the array with the number type that it was read with.
  func write(_ name: String, to writer: HDF5Writer) throws(DatasetError) {
    // About 200,000 values a chunk: large enough to compress, small enough to read rows cheaply.
    let chunk = [max(1, 200_000 / width)] + Array(shape.dropFirst())
    let layout = HDF5Layout.chunked(chunk, level: 3, shuffles: kind != .uint8)
    switch kind {
    case .uint8: try write(name, to: writer, layout) { UInt8($0) }
    case .int8: try write(name, to: writer, layout) { Int8($0) }
    case .uint16: try write(name, to: writer, layout) { UInt16($0) }
    case .int16: try write(name, to: writer, layout) { Int16($0) }
    case .uint32: try write(name, to: writer, layout) { UInt32($0) }
    case .int32: try write(name, to: writer, layout) { Int32($0) }
    // Beyond 2^53, the nearest integer that double precision holds.
    case .uint64: try write(name, to: writer, layout) { UInt64(exactly: $0) ?? .max }
    case .int64: try write(name, to: writer, layout) { Int64(exactly: $0) ?? .max }
    case .float: try write(name, to: writer, layout) { Float($0) }
    case .double: try write(name, to: writer, layout) { $0 }
    }
  }

  private func write<Element: HDF5Element>(
    _ name: String, to writer: HDF5Writer, _ layout: HDF5Layout, _ element: (Double) -> Element
  ) throws(DatasetError) {
    let elements = (0..<shape.reduce(1, *)).map { element(self[$0]) }
    try writer.write(elements, shape: shape, to: name, layout: layout)
  }
}
