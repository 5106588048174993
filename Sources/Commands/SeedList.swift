import ArgumentParser

/// Seeds as a user writes them: `7`, `0,1,2` or `0...4` (both ends included).
package struct SeedList: Sendable, Equatable, ExpressibleByArgument {
  /// The seeds in the order written.
  package let seeds: [UInt64]

  /// At most as many as anybody has meant: a mistyped range must not exhaust memory.
  private static let limit = 10_000

  /// The seeds of a text; nil if it has another form, an empty or a decreasing range.
  package init?(argument: String) {
    guard let list = try? SeedList(parsing: argument) else { return nil }
    self = list
  }

  /// The seeds of a text.
  ///
  /// - Throws: `ValidationError` that says what is wrong with which part.
  package init(parsing text: String) throws {
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let seed = UInt64(part) {
        seeds.append(seed)
        continue
      }
      guard let dots = part.firstRange(of: "..."),
        let first = UInt64(part[..<dots.lowerBound]), let last = UInt64(part[dots.upperBound...])
      else {
        throw ValidationError(
          "\"\(part)\" is no seed; write whole numbers from 0, as in 7, 0,1,2 or 0...4.")
      }
      guard first <= last else {
        throw ValidationError(
          "The range \(part) goes down; write the smaller seed first: \(last)...\(first).")
      }
      guard last - first < UInt64(Self.limit) else { throw Self.tooMany }
      seeds.append(contentsOf: first...last)
    }
    guard seeds.count <= Self.limit else { throw Self.tooMany }
    self.seeds = seeds
  }

  private static var tooMany: ValidationError {
    ValidationError("There are more than \(limit) seeds; give fewer in one command.")
  }

  /// The text of the default in help.
  package var defaultValueDescription: String { seeds.map(String.init).joined(separator: ",") }
}
