import Foundation

/// One reader of files, as fuzzing drives it: bytes in, a value or a typed error with a sentence out.
package struct FuzzReader: Sendable {
  /// Its name, that of the folder of its inputs below `Tests/Corpora`.
  package let name: String
  /// Makes changed bytes plausible again: checksums, packing, whatever would hide what lies behind.
  package let repair: @Sendable ([UInt8]) -> [UInt8]
  /// Reads bytes; a path in a folder of its own is for readers that need a file.
  private let body: @Sendable (_ bytes: [UInt8], _ scratch: String) throws -> Void

  init(
    _ name: String, repair: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 },
    _ body: @escaping @Sendable (_ bytes: [UInt8], _ scratch: String) throws -> Void
  ) {
    self.name = name
    self.repair = repair
    self.body = body
  }

  /// What came of reading.
  package enum Outcome: Sendable, Equatable {
    /// A value.
    case read
    /// An error with its sentence.
    case refused(String)
    /// Something that must not be: an error without a sentence, or one that leaks a framework's words.
    case wrong(String)
  }

  /// Reads bytes, with a file at `scratch` for readers that need one.
  package func outcome(of bytes: [UInt8], scratch: String) -> Outcome {
    do {
      try body(bytes, scratch)
      return .read
    } catch {
      guard let sentence = Self.sentence(of: error) else { return .wrong("\(error)") }
      let leaks = ["NSCocoaErrorDomain", "Error Domain", "UserInfo", "DecodingError"]
      guard let last = sentence.last, ".?".contains(last), !leaks.contains(where: sentence.contains)
      else { return .wrong(sentence) }
      return .refused(sentence)
    }
  }

  /// All readers.
  package static let all: [FuzzReader] = dataReaders + textReaders

  /// The reader of a name.
  package static func named(_ name: String) -> FuzzReader? { all.first { $0.name == name } }
}
