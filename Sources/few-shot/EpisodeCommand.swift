import ArgumentParser
import Commands
import Datasets
import Experiments
import FewShotLearning
import Files
import Foundation

/// Draws one episode as a picture: what the network is shown, as a person sees it.
struct EpisodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "episode",
    abstract: "Draw one episode as a PNG picture.",
    discussion: """
      One row per class: the labelled images on the left, those to classify on the right. The same \
      protocol, seed, part and number give the same picture, and the episode that a run with that \
      seed sees.
      """)

  @Option(name: .customLong("protocol"), help: "Protocol; see the subcommand list.")
  var protocolName = FewShotProtocol.icml2020.rawValue
  @Option(help: "The protocol's budget: smoke (synthetic data), short or paper (real data).")
  var budget = Budget.smoke
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp("YAML file whose keys override the defaults.", valueName: "file"))
  var configurationFile: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("One key of the configuration; may be repeated.", valueName: "key=value"))
  var overrides: [String] = []
  @OptionGroup var data: DataFolderOption
  @Option(parsing: .unconditional, help: "Seed of the run whose episode it is.")
  var seed: UInt64 = 0
  @Option(help: "Whose classes: training, validation or test.") var part = FewShotData.Part.training
  @Option(parsing: .unconditional, help: "The episode's number.") var number = 0
  @Option(parsing: .unconditional, help: "Rows and columns that a pixel becomes.")
  var magnification = 2
  @Option(help: ArgumentHelp("The picture to write.", valueName: "file")) var output: String

  func validate() throws {
    guard number >= 0 else {
      throw ValidationError("The option --number wants at least 0 but was given \(number).")
    }
    guard (1...32).contains(magnification) else {
      throw ValidationError(
        "The option --magnification wants a number from 1 to 32 but was given \(magnification).")
    }
  }

  /// The keys that say what is on the picture, or how they begin.
  private static let readKeys = [
    "data.", "split.", "task.ways", "task.shots", "task.queries", "task.supportRecurs",
  ]

  /// Pixels of a picture at most.
  private static var mostPixels: Double { 1e8 }

  /// Refuses a picture that nobody could look at, before any image is read.
  private func requirePicture(of settings: FewShotSettings) throws {
    let task = settings.task
    let cell = Double(settings.data.side) * Double(magnification)
    let pixels = Double(task.ways) * (Double(task.shots) + Double(task.queries)) * cell * cell
    guard pixels <= Self.mostPixels else {
      throw ValidationError(
        "The picture of \(task.ways) classes with \(task.shots) + \(task.queries) images would have "
          + "\(String(format: "%.0f", pixels / 1e6)) million pixels, more than "
          + "\(String(format: "%.0f", Self.mostPixels / 1e6)) million: give a smaller --magnification, or "
          + "task.ways, task.shots or task.queries.")
    }
  }

  func run() throws {
    let console = Console()
    try console.report {
      Interruption.installEndingAtOnce(
        saying: "Interrupted: nothing unfinished was kept; run the same command again.")
      let preset = try FewShotProtocol.named(protocolName).settings(budget)
      let configuration = try Configuration.resolve(
        defaults: preset, file: configurationFile.map { URL(fileURLWithPath: $0) },
        settings: overrides)
      let settings = configuration.settings
      // A picture of the task computes with none of them.
      try settings.validate(in: .double)
      try requirePicture(of: settings.own)
      let unread = configuration.tree.differences(from: Configuration(preset).tree).map(\.0)
        .filter { key in
          !Self.readKeys.contains(where: key.hasPrefix) || !settings.hasEffect(key)
        }
      console.show(ignored: unread, "which a picture of an episode does not read")
      let tree = try FewShotData.tree(settings.own, folder: data.folder)
      let images = FewShotData.path(settings.own, folder: data.folder)
      let read =
        [images] + [ImageTreeDescription.fileName, ClassSplit.fileName].map { "\(images)/\($0)" }
        + (configurationFile.map { [$0] } ?? [])
      try KeptInputs(following: read).require(keptBy: [output])
      let sampler = try FewShotData(settings.own, tree: tree)
        .sampler(part, settings.own, seed: seed)
      let picture = EpisodePicture(
        episode: sampler.episode(number), isNegative: settings.data.inverts,
        magnification: magnification)
      try AtomicFile.write(try picture.image.encoded(), to: output)
      console.show(result: output)
    }
  }
}

extension FewShotData.Part: ExpressibleByArgument {}
