import ArgumentParser
import Commands
import Foundation

/// The options every experiment understands, in the same words.
package struct SharedOptions: ParsableArguments {
  /// Seeds as written, one list per use of the option.
  @Option(
    name: .customLong("seed"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Seed of all randomness: 7, or 0,1,2, or 0...4; may be repeated. (default: the budget's)",
      valueName: "seed"), transform: { try SeedList(parsing: $0) })
  package var seedLists: [SeedList] = []

  /// How much the run may cost.
  @Option(help: "How much the run may cost: smoke (synthetic data), short or paper (real data).")
  package var budget: Budget = .smoke

  /// The methods to run, by name; empty means the usual ones of the budget.
  @Option(
    name: .customLong("method"),
    help: ArgumentHelp(
      "Method to run; may be repeated. (default: the usual ones of the experiment and budget, which "
        + "--dry-run shows)",
      valueName: "name"))
  package var methods: [String] = []

  /// The file whose keys override the defaults.
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "YAML file whose keys override the defaults; unknown keys are errors.", valueName: "file"))
  package var configurationFile: String?

  /// Single keys, overriding the file.
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One key of the configuration, overriding the file: --set outer.learningRate=0.1; may be "
        + "repeated.", valueName: "key=value"))
  package var settings: [String] = []

  /// Where data sets are.
  @OptionGroup package var data: DataFolderOption

  /// The folder that records are written to.
  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("Folder to write records to.", valueName: "folder"))
  package var outputFolder: String = "results/runs"

  /// How many threads compute.
  @OptionGroup package var threads: ThreadsOption

  /// The scalar type of the computation.
  @Option(help: "Scalar type of the computation: float or double.")
  package var scalar: ScalarChoice = .float

  /// How progress is shown.
  @Option(help: "Progress on standard error: auto, bar, plain or none.")
  package var progress: ProgressMode = .auto

  /// When diagnostics are coloured.
  @Option(help: "Colour: auto (honours NO_COLOR), always or never.")
  package var color: ColorChoice = .auto

  /// Whether notes and progress are left out.
  @Flag(name: .shortAndLong, help: "Only results, warnings and errors.")
  package var quiet = false

  /// Seconds between checkpoints.
  @Option(
    name: .customLong("checkpoint-seconds"), parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds between checkpoints of an unfinished run; 0 writes one after every outer iteration.",
      valueName: "seconds"))
  package var checkpointSeconds: Double = Self.usualCheckpointSeconds

  /// Seconds between checkpoints where none are given.
  package static let usualCheckpointSeconds: Double = 30

  /// Whether unfinished runs are started over.
  @Flag(help: "Start unfinished runs over instead of continuing them.")
  package var fresh = false

  /// Whether complete runs are skipped.
  @Flag(
    name: .customLong("skip-completed"),
    help: "Skip runs whose record is there, completed, with the same configuration and data.")
  package var skipCompleted = false

  /// Whether only the resolved configuration is printed.
  @Flag(help: "Print the resolved configuration as YAML and stop.")
  package var dryRun = false

  /// The options' defaults.
  package init() {}

  /// Checks what the parser cannot: the messages name the option, what was given and what is valid.
  package func validate() throws {
    if methods.contains(where: { $0.isEmpty }) {
      throw ValidationError("The option --method wants the name of a method but was given none.")
    }
    for setting in settings {
      guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
        throw ValidationError(
          "The option --set wants key=value, such as inner.steps=100, but was given \"\(setting)\"."
        )
      }
    }
    try Self.require(checkpointSeconds: checkpointSeconds)
    var named: Set<String> = []
    for method in methods where !named.insert(method).inserted {
      throw ValidationError(
        "The method \(method) is named twice; its two runs would be the same, so name it once.")
    }
    var seen: Set<UInt64> = []
    for seed in seedLists.flatMap(\.seeds) where !seen.insert(seed).inserted {
      throw ValidationError(
        "The seed \(seed) is named twice; its two runs would be the same, so name it once.")
    }
  }

  /// The seeds named on the command line, or the given ones where none is.
  package func seeds(default seeds: [UInt64]) -> [UInt64] {
    let named = seedLists.flatMap(\.seeds)
    return named.isEmpty ? seeds : named
  }

  /// The console these options describe.
  package func makeConsole() -> Console {
    Console(isQuiet: quiet, terminal: Terminal(descriptor: STDERR_FILENO, color: color))
  }

  /// Applies what concerns the whole process: the number of threads, and listening to interrupts.
  package func prepareProcess() {
    threads.apply()
    Interruption.install()
  }

  /// Throws what is wrong with a number of seconds between checkpoints, the sweeps' as well.
  package static func require(checkpointSeconds seconds: Double) throws {
    guard seconds >= 0, seconds.isFinite else {
      throw ValidationError(
        "The option --checkpoint-seconds wants a finite number of at least 0 but was given "
          + "\(seconds).")
    }
  }
}
