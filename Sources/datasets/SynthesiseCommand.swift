import ArgumentParser
import Datasets

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
  }

  @Option(help: "What to generate: digits (28 x 28, ten classes).")
  var kind = Kind.digits
  @Option(help: ArgumentHelp("Images in the training split.", valueName: "n"))
  var trainCount = 10_000
  @Option(help: ArgumentHelp("Images in the test split.", valueName: "n"))
  var testCount = 10_000
  @Option(help: "The seed.")
  var seed: UInt64 = 0
  @OptionGroup var data: DataOptions
  @Flag(help: "Write the files again even when the same ones are there.")
  var force = false

  func validate() throws {
    for (name, count) in [("train", trainCount), ("test", testCount)] where count < 1 {
      throw ValidationError("--\(name)-count must be at least 1, not \(count).")
    }
  }

  func run() throws {
    // What the images depend on, and not how it was typed: equal images are then equal files.
    let command = "datasets synthesise --kind \(kind.rawValue) --seed \(seed)"
    for (split, count) in [("train", trainCount), ("test", testCount)] {
      let path = data.folder.readyPath(name: SyntheticDigits.name, split: split)
      if !force, let present = try? ImageDataset.load(path), present.count == count,
        present.provenance.command == command
      {
        print("ready     \(path)  \(count) images, seed \(seed)")
        continue
      }
      let dataset = try SyntheticDigits.dataset(
        count: count, split: split, seed: seed, command: command)
      try dataset.save(path)
      print("generated \(path)  \(count) images, seed \(seed)")
    }
  }
}
