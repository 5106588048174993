import ArgumentParser
import Commands
import Experiments
import LabelCleaning

extension CleanMethod: ExpressibleByArgument {}

/// The options of `hyper-cleaning clean`.
struct CleanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The data whose labels are doubted: an HDF5 file, a folder <class>/<image>.png, or a data set of "
        + "the suite such as mnist-train.", valueName: "data"))
  var train: String

  @Option(
    help: ArgumentHelp(
      "Samples whose labels somebody checked, in the same form, none of them in --train.",
      valueName: "data"))
  var checked: String

  @Option(
    help: ArgumentHelp("Samples to measure the accuracy of trained models on.", valueName: "data"))
  var test: String?

  @Option(help: ArgumentHelp("Folder to write the results to.", valueName: "folder"))
  var output: String

  @Option(
    help: "auto, validation-only, self-confidence, self-filtered, filtered or rhg (see below).")
  var method = CleanMethod.auto

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Share of the training samples to keep in clean.h5, the best ranked. (default: all but the "
        + "suspects)", valueName: "share"))
  var keep: Double?

  @Flag(
    help:
      "Keep the others in clean.h5, too, with the predicted label, which is another than the given one for suspects alone."
  )
  var relabel = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many of the most suspicious samples the page shows.", valueName: "n"))
  var show = 50

  @Option(parsing: .unconditional, help: "Seed of the folds.")
  var seed: UInt64 = 0

  @OptionGroup var data: DataFolderOption
  @OptionGroup var threads: ThreadsOption

  @Option(help: "Colour: auto (honours NO_COLOR), always or never.")
  var color: ColorChoice = .auto

  @Flag(name: .shortAndLong, help: "Only results, warnings and errors.")
  var quiet = false

  /// Checks what the parser cannot: the messages name the option, what was given and what is valid.
  func validate() throws {
    if let keep, !(keep > 0 && keep <= 1) {
      throw ValidationError(
        "The option --keep wants a share above 0 and at most 1 but was given \(keep).")
    }
    guard (0...10_000).contains(show) else {
      throw ValidationError(
        "The option --show wants a number from 0 to 10000 but was given \(show).")
    }
  }
}
