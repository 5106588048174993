import Files

extension Value {
  /// The value on one line, keys sorted by code points, without spaces, whole numbers without
  /// fraction (1.0 is "1"), non-finite numbers as the texts "inf", "-inf" and "nan".
  ///
  /// Equal values give equal texts (-0.0 apart, which keeps its sign), whether they were made here or
  /// read from a file, and the text is the one that Python's `json.dumps(value, sort_keys=True,
  /// separators=(",", ":"), ensure_ascii=False)` gives for a file of ours.
  public var canonicalText: String {
    var text = ""
    write(into: &text, indentation: nil)
    return text
  }

  /// The SHA-256 of the canonical text in UTF-8, as 64 lower-case hexadecimal digits.
  public var canonicalDigest: String { SHA256.hexadecimal(canonicalText.utf8) }

  /// The value for files that people read and compare: keys sorted, two spaces a level, lists of
  /// plain values on one line, a line break at the end.
  public var prettyText: String {
    var text = ""
    write(into: &text, indentation: 0)
    return text + "\n"
  }

  private func write(into text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .number(let value): text += Self.text(of: value)
    case .string(let value): Self.writeQuoted(value, into: &text)
    case .array(let elements):
      let isPlain = elements.allSatisfy { $0.arrayValue == nil && $0.objectValue == nil }
      Self.writeList(
        elements, brackets: ("[", "]"), indentation: isPlain ? nil : indentation,
        separator: indentation != nil && isPlain ? ", " : ",", into: &text
      ) { element, inner, text in element.write(into: &text, indentation: inner) }
    case .object(let members):
      let sorted = members.sorted { Self.precedes($0.key, $1.key) }
      Self.writeList(
        sorted, brackets: ("{", "}"), indentation: indentation, separator: ",", into: &text
      ) { member, inner, text in
        Self.writeQuoted(member.key, into: &text)
        text += indentation == nil ? ":" : ": "
        member.value.write(into: &text, indentation: inner)
      }
    }
  }

  private static func writeList<Element>(
    _ elements: [Element], brackets: (String, String), indentation: Int?, separator: String,
    into text: inout String, _ writeElement: (Element, Int?, inout String) -> Void
  ) {
    text += brackets.0
    let inner = elements.isEmpty ? nil : indentation.map { $0 + 2 }
    for (index, element) in elements.enumerated() {
      if index > 0 { text += separator }
      if let inner { text += "\n" + String(repeating: " ", count: inner) }
      writeElement(element, inner, &text)
    }
    if let indentation, !elements.isEmpty {
      text += "\n" + String(repeating: " ", count: indentation)
    }
    text += brackets.1
  }

  /// The shortest text that reads back to the same number; non-finite ones as quoted words.
  static func text(of value: Double) -> String {
    guard value.isFinite else { return "\"\(nonFiniteText(of: value))\"" }
    let isNegativeZero = value == 0 && value.sign == .minus
    if isNegativeZero { return "-0.0" }
    // With all digits, as readers that take whole numbers for integers write them again.
    if let whole = Int(exactly: value) { return String(whole) }
    if let whole = UInt64(exactly: value) { return String(whole) }
    return String(value)
  }

  private static func writeQuoted(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
