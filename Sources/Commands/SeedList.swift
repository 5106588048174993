import ArgumentParser

/// Seeds as a user writes them: `7`, `0,1,2` or `0...4` (both ends included).
package struct SeedList: Sendable, Equatable, ExpressibleByArgument {
  /// The seeds in the order written.
  package let seeds: [UInt64]

  /// At most as many as anybody has meant: a mistyped range must not exhaust memory.
  private static let limit = 10_000

  /// The seeds of a text; nil if it has another form, an empty or a decreasing range.
  package init?(argument: String) {
    var seeds: [UInt64] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      if let seed = UInt64(part) {
        seeds.append(seed)
        continue
      }
      guard let dots = part.firstRange(of: "..."),
        let first = UInt64(part[..<dots.lowerBound]), let last = UInt64(part[dots.upperBound...]),
        first <= last, last - first < UInt64(Self.limit)
      else { return nil }
      seeds.append(contentsOf: first...last)
    }
    guard seeds.count <= Self.limit else { return nil }
    self.seeds = seeds
  }

  /// The text of the default in help.
  package var defaultValueDescription: String { seeds.map(String.init).joined(separator: ",") }
}
