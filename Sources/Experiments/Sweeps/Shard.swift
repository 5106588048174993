import ArgumentParser

/// A part of a sweep, `2/8`: every eighth cell, beginning with the second.
package struct Shard: Sendable, Equatable, ExpressibleByArgument {
  /// Which part, from 1.
  package let part: Int
  /// Of how many.
  package let parts: Int

  /// The part that a text names; nil for anything but i/n with 1 <= i <= n.
  package init?(argument: String) {
    let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let part = numbers[0], let parts = numbers[1], part >= 1,
      parts >= part
    else { return nil }
    (self.part, self.parts) = (part, parts)
  }

  /// Whether a cell of that number, from 0, is in it.
  package func holds(_ number: Int) -> Bool { number % parts == part - 1 }
}
