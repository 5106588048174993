import Foundation

extension JSONValue {
  /// The value of a JSON text.
  ///
  /// - Parameter source: what the text is, for the message: a file's path, as a rule.
  /// - Throws: ``ResultsError`` of kind `malformed` when the text is not JSON.
  public init(parsing data: Data, source: String) throws(ResultsError) {
    do {
      self = try Self.decoder.decode(JSONValue.self, from: data)
    } catch {
      throw ResultsError(
        .malformed,
        "The file '\(source)' is not valid JSON (\(Self.describe(error))); "
          + "restore it from version control or run again.")
    }
  }

  /// The tree that a value encodes to.
  public init(encoding value: some Encodable) throws(ResultsError) {
    do {
      self = try Self.decoder.decode(JSONValue.self, from: Self.encoder.encode(value))
    } catch {
      throw ResultsError(
        .malformed,
        "A value could not be written as JSON (\(Self.describe(error))); "
          + "report this with the command that led here.")
    }
  }

  /// The Swift value this tree describes.
  ///
  /// - Throws: ``ResultsError`` of kind `malformed`, naming the key that is absent or wrong.
  public func decoded<Value: Decodable>(
    as type: Value.Type, source: String
  ) throws(ResultsError) -> Value {
    do {
      return try Self.decoder.decode(type, from: Data(canonicalText.utf8))
    } catch {
      throw ResultsError(
        .malformed,
        "The file '\(source)' does not hold what is expected "
          + "(\(Self.describe(error))); restore it from version control or run again.")
    }
  }

  /// The value on one line, keys sorted, without spaces: equal values give equal texts, so digests
  /// of configurations are taken over this.
  public var canonicalText: String {
    var text = ""
    write(into: &text, indentation: nil)
    return text
  }

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
    case .number(let value): text += Self.text(of: value)
    case .string(let value): Self.writeQuoted(value, into: &text)
    case .array(let elements):
      let isPlain = elements.allSatisfy { $0.arrayValue == nil && $0.objectValue == nil }
      Self.writeList(
        elements, brackets: ("[", "]"), indentation: isPlain ? nil : indentation,
        separator: indentation != nil && isPlain ? ", " : ",", into: &text
      ) { element, inner, text in element.write(into: &text, indentation: inner) }
    case .object(let members):
      let sorted = members.sorted { $0.key < $1.key }
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
    if value.isNaN { return "\"nan\"" }
    if value.isInfinite { return value < 0 ? "\"-inf\"" : "\"inf\"" }
    let isNegativeZero = value == 0 && value.sign == .minus
    if let whole = Int(exactly: value), abs(value) < 0x1p53, !isNegativeZero {
      return String(whole)
    }
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
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  private static func describe(_ error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
      let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      return keys.isEmpty ? "the top level" : "'" + keys.joined(separator: ".") + "'"
    }
    guard let error = error as? DecodingError else { return String(describing: error) }
    switch error {
    case .keyNotFound(let key, let context):
      return "the key '\(key.stringValue)' is absent at \(path(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "the value at \(path(context)) is of the wrong kind"
    case .dataCorrupted(let context):
      let underlying = context.underlyingError.map { ": \($0)" } ?? ""
      return context.debugDescription + underlying + " at " + path(context)
    @unknown default:
      return String(describing: error)
    }
  }
}
