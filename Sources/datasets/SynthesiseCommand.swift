import ArgumentParser
import Datasets
import Files

/// `datasets synthesise`: seeded stand-ins for people without the data.
struct SynthesiseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesise",
    abstract: "Generate seeded stand-in images in the form of the real ones.",
    discussion: """
      The same seed gives the same images; image i of a split does not depend on how many are made. \
      Softmax regression finds the digits about as hard as MNIST's.
      """,
    aliases: ["synthesize"])

  /// What can be generated.
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    /// Digit-like images, 28 x 28, ten classes.
    case digits
    /// Omniglot-like characters of invented alphabets, 28 x 28, 1-bit PNG images.
    case alphabets
  }

  @Option(
    help: """
      What to generate: digits (28 x 28, ten classes, HDF5) or alphabets (characters by several \
      drawers, 28 x 28, PNG). (default: both)
      """)
  var kind: Kind?
  @Option(parsing: .unconditional, help: ArgumentHelp("Alphabets.", valueName: "n"))
  var alphabets = SyntheticAlphabets.Size().alphabets
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Characters of each alphabet.", valueName: "n"))
  var characters = SyntheticAlphabets.Size().characters
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Drawings of each character.", valueName: "n"))
  var drawers = SyntheticAlphabets.Size().drawers
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Images in the training split.", valueName: "n"))
  var trainCount = 10_000
  @Option(parsing: .unconditional, help: ArgumentHelp("Images in the test split.", valueName: "n"))
  var testCount = 10_000
  @Option(parsing: .unconditional, help: "The seed.")
  var seed: UInt64 = 0
  @OptionGroup var data: DataOptions
  @Flag(help: "Write the files again even when the same ones are there.")
  var force = false

  func validate() throws {
    for (name, count) in [("train", trainCount), ("test", testCount)]
    where !(1...SyntheticDigits.maximumCount).contains(count) {
      throw ValidationError(
        "--\(name)-count must be from 1 to \(SyntheticDigits.maximumCount), not \(count).")
    }
    for (name, count) in [
      ("alphabets", alphabets), ("characters", characters), ("drawers", drawers),
    ] where !(1...99).contains(count) {
      throw ValidationError("--\(name) must be from 1 to 99, not \(count).")
    }
  }

  func run() throws {
    data.sweep()
    if kind != .alphabets { try synthesiseDigits() }
    if kind != .digits { try synthesiseAlphabets() }
  }

  private func synthesiseAlphabets() throws {
    let path = data.folder.treePath(name: SyntheticAlphabets.name)
    let size = SyntheticAlphabets.Size(
      alphabets: alphabets, characters: characters, drawers: drawers)
    let command =
      "datasets synthesise --kind alphabets --alphabets \(alphabets) --characters \(characters) "
      + "--drawers \(drawers) --seed \(seed)"
    if !force, let present = try? ImageTreeDescription.read(path), present.command == command {
      Diagnostics.console.show(
        result: "ready     \(path)  \(Self.images(present.images)), seed \(seed)")
      return
    }
    let written = try SyntheticAlphabets.write(to: path, size, seed: seed, command: command)
    Diagnostics.console.show(
      result: "generated \(path)  \(Self.images(written.images)), seed \(seed)")
  }

  private func synthesiseDigits() throws {
    // What the images depend on, and not how it was typed: equal images are then equal files.
    let command = "datasets synthesise --kind digits --seed \(seed)"
    let parts = [("train", trainCount), ("test", testCount)].map { split, count in
      (split, count, data.folder.readyPath(name: SyntheticDigits.name, split: split))
    }
    func isReady(_ count: Int, _ path: String) -> Bool {
      guard !force, let present = try? ImageDataset.load(path) else { return false }
      return present.count == count && present.provenance.command == command
    }
    // Of two commands with different seeds the second one replaces both parts, not one of them.
    let isAllReady = parts.allSatisfy { isReady($0.1, $0.2) }
    let lock = isAllReady ? nil : try FileLock(for: parts[0].2)
    defer { withExtendedLifetime(lock) {} }
    for (split, count, path) in parts {
      if isReady(count, path) {
        Diagnostics.console.show(result: "ready     \(path)  \(Self.images(count)), seed \(seed)")
        continue
      }
      try ImageDataset.requireReplaceable(
        path, force: force, command: "datasets synthesise --force --kind digits")
      let dataset = try SyntheticDigits.dataset(
        count: count, split: split, seed: seed, command: command)
      try dataset.save(path)
      Diagnostics.console.show(result: "generated \(path)  \(Self.images(count)), seed \(seed)")
    }
  }

  private static func images(_ count: Int) -> String { "\(count) image\(count == 1 ? "" : "s")" }
}
