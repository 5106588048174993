import ArgumentParser
import Commands
import Experiments

/// Lists what can be named: protocols, methods, combinations and schedules, each with its source.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List protocols, methods, combinations and schedules with their sources.")

  func run() throws {
    let console = Console()
    try console.report { console.show(result: Self.text) }
  }

  private static var text: String {
    let catalogue = MethodCatalogue()
    var lines = ["Protocols (--protocol):"]
    for preset in RepresentationProtocol.allCases {
      lines += catalogue.entry(preset.rawValue, preset.summary, preset.source)
    }
    lines += ["", "Methods (--method):"]
    lines += catalogue.presets
    lines += [""] + catalogue.parts
    return lines.joined(separator: "\n")
  }
}
