/// The names of the classes of a file, in label order: a label means what its own file says.
public struct ClassNames: Sendable, Equatable {
  /// The names.
  public let names: [String]

  /// The names of a file.
  public init(_ names: [String]) { self.names = names }

  /// Whether they are the numbers of the labels, as where a file has no names.
  private var areNumbers: Bool { names == names.indices.map { "\($0)" } }

  /// Why the same label means something else in another file, as the beginning of a sentence; nil where
  /// it does not. O(classes).
  ///
  /// Names beside numbers are no contradiction, unless some of the names are such numbers: then they stand
  /// at other places. Names are compared byte by byte, since two of one file may be equal as texts.
  public func contradiction(
    of other: ClassNames, in place: String, and otherPlace: String
  ) -> String? {
    let pairs = zip(names, other.names).enumerated()
    guard
      let (label, (expected, found)) = pairs.first(where: {
        !$0.element.0.utf8.elementsEqual($0.element.1.utf8)
      })
    else { return nil }
    let known = Set(names)
    if areNumbers || other.areNumbers, !other.names.contains(where: known.contains) { return nil }
    func quoted(_ name: String) -> String {
      guard expected == found else { return "\"\(name)\"" }
      return "\"\(name.unicodeScalars.map { $0.escaped(asASCII: true) }.joined())\""
    }
    return "The label \(label) is \(quoted(expected)) in \(place) and \(quoted(found)) in "
      + otherPlace
  }
}
