/// A name compared byte by byte.
///
/// Swift's strings are equal when they are canonically equivalent, so that two folders whose names
/// differ in their Unicode normalisation only, which Linux keeps apart, would be one.
struct ExactName: Hashable, Comparable {
  let bytes: [UInt8]
  private let text: String

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  static func == (left: ExactName, right: ExactName) -> Bool { left.bytes == right.bytes }

  func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// The order of strings, and of bytes among those that are equal as strings.
  static func < (left: ExactName, right: ExactName) -> Bool {
    left.text == right.text
      ? left.bytes.lexicographicallyPrecedes(right.bytes) : left.text < right.text
  }
}
