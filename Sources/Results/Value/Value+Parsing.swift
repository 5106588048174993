import Files
import Foundation

extension Value {
  /// The value of a JSON text.
  ///
  /// - Parameter source: what the text is, for the message: a file's path, as a rule.
  /// - Throws: ``ResultsError`` of kind `malformed` when the text is not JSON, or has a key twice in one
  ///   object.
  public init(parsing data: Data, source: String) throws(ResultsError) {
    do {
      self = try Self.decoder.decode(Value.self, from: data)
    } catch {
      throw ResultsError(
        .malformed,
        "The file '\(source)' is not valid JSON (\(Self.describe(error))); "
          + "restore it from version control, or move it away.")
    }
    if let key = RepeatedJSONKey.first(in: data) {
      throw ResultsError(
        .malformed,
        "The file '\(source)' has the key '\(key)' twice in one place, of which readers take the first or "
          + "the last; remove one of them, or restore the file from version control.")
    }
  }

  /// The tree that a value encodes to.
  public init(encoding value: some Encodable) throws(ResultsError) {
    do {
      self = try Self.decoder.decode(Value.self, from: Self.encoder.encode(value))
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
  public func decoded<Content: Decodable>(
    as type: Content.Type, source: String
  ) throws(ResultsError) -> Content {
    do {
      return try Self.decoder.decode(type, from: Data(canonicalText.utf8))
    } catch {
      // The text is that of a tree, so what is wrong with all of it is a number.
      var reason = Self.describe(error)
      if case .dataCorrupted(let context)? = error as? DecodingError, context.codingPath.isEmpty {
        reason = "a number in it is too large to be kept as what it stands for"
      }
      throw ResultsError(
        .malformed,
        "The file '\(source)' does not hold what is expected "
          + "(\(reason)); restore it from version control or run again.")
    }
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
      // Of the text as a whole Foundation says that it is not valid JSON, and sometimes where.
      guard !context.codingPath.isEmpty else {
        let place = context.underlyingError
          .flatMap { ($0 as NSError).userInfo[NSDebugDescriptionErrorKey] as? String }
          .map { ": " + ($0.hasSuffix(".") ? String($0.dropLast()) : $0) }
        return "it is empty, breaks off, or has characters that do not belong there" + (place ?? "")
      }
      return "the value at \(path(context)) is not one that can be kept"
    @unknown default:
      return String(describing: error)
    }
  }
}
