import Commands
import Results

/// Where the records of many command lines' runs lie; what lines have in common is worked out once.
struct RunPlanner<Own: OwnRunOptions> {
  /// A command line that has been understood, and what it runs whatever the seed.
  private struct Line {
    let session: RunSession<Own.E>
    let output: String
    let runs: [PlannedRun<Own.E.Own>]

    func places(_ seeds: [UInt64]) throws -> [RunPlace] {
      try runs.flatMap { planned in
        try seeds.map { try session.run(planned, seed: $0).place(in: output) }
      }
    }
  }

  /// By the folder of data: it is digested once, however many runs use it.
  private var experiments: [String: Own.E] = [:]
  /// By the arguments without the seed's number. Most lines of a sweep differ in nothing else.
  private var understood: [[String]: Line] = [:]

  /// The runs that arguments of `run` stand for, in order.
  ///
  /// - Throws: what `run` throws for the same arguments before it computes.
  mutating func places(_ arguments: [String]) throws -> [RunPlace] {
    let seeded = Self.seed(of: arguments)
    if let seeded, let line = understood[seeded.others] { return try line.places([seeded.seed]) }
    let command = try RunCommand<Own>.parse(arguments)
    let folder = command.shared.folder
    let experiment = experiments[folder.path] ?? Own.E(folder: folder)
    experiments[folder.path] = experiment
    let preset = try Own.E.Preset.named(command.protocolName)
    let line = Line(
      session: RunSession(command.shared, experiment, console: Console(isQuiet: true)),
      output: command.shared.outputFolder, runs: try command.plan(experiment, preset))
    if let seeded { understood[seeded.others] = line }
    return try line.places(command.seeds(preset))
  }

  /// The one seed of arguments that name one, and the arguments with nothing in its place.
  private static func seed(of arguments: [String]) -> (seed: UInt64, others: [String])? {
    let places = arguments.indices.filter { arguments[$0] == "--seed" }
    guard places.count == 1, places[0] + 1 < arguments.count,
      arguments[places[0] + 1].allSatisfy({ $0.isASCII && $0.isNumber }),
      let seed = UInt64(arguments[places[0] + 1])
    else { return nil }
    var others = arguments
    others[places[0] + 1] = ""
    return (seed, others)
  }
}
