import ArgumentParser
import Foundation

/// Options that are given twice where only one value is meant.
///
/// The argument parser keeps the last of them, so that `--alpha 0.3 --alpha 0.6` would silently be
/// 0.6. Whether an option takes several is asked of the parser's own description of the command,
/// which costs some milliseconds and is made only when some name occurs twice.
enum RepeatedOptions {
  /// Returns when no option that takes one value is given twice.
  /// - Throws: `ValidationError` that names the option.
  static func check(_ arguments: [String], of root: any ParsableCommand.Type) throws {
    let names = arguments.prefix { $0 != "--" }.compactMap(name)
    let hasShort = names.contains { !$0.hasPrefix("--") }
    guard hasShort || Set(names).count < names.count else { return }
    let description = Data(root._dumpHelp().utf8)
    guard let tool = try? JSONDecoder().decode(Tool.self, from: description) else { return }
    for argument in tool.command.chosen(
      by: arguments, default: root.configuration.defaultSubcommand?._commandName
    )
    .arguments ?? []
    where argument.kind == "option" && !argument.isRepeating {
      let own = Set((argument.names ?? []).map(\.text))
      let uses = names.filter(own.contains)
      guard uses.count > 1 else { continue }
      let spellings = uses[0] == uses[1] ? uses[0] : "\(uses[0]) (also spelt \(uses[1]))"
      throw ValidationError(
        "The option \(spellings) is given \(uses.count == 2 ? "twice" : "\(uses.count) times"), but "
          + "takes one value; give it once.")
    }
  }

  /// The option that an argument names: `--x` of `--x` and `--x=1`; nil for values.
  private static func name(_ argument: String) -> String? {
    guard argument.hasPrefix("-") else { return nil }
    let name = String(argument.prefix { $0 != "=" })
    if name.hasPrefix("--") { return name.count > 2 ? name : nil }
    guard name.count == 2, let letter = name.last, letter.isLetter else { return nil }
    return name
  }

  // MARK: - The parser's description of a command

  private struct Tool: Decodable {
    var command: Command
  }

  private struct Command: Decodable {
    var commandName: String
    var aliases: [String]?
    var subcommands: [Command]?
    var defaultSubcommand: String?
    var arguments: [Argument]?

    /// The command that the first arguments name, the default one where they name none.
    /// - Parameter name: the default's name where the description does not tell, since it is derived
    ///   from the name of its type.
    func chosen(by arguments: [String], default name: String? = nil) -> Command {
      let children = subcommands ?? []
      if let first = arguments.first,
        let child = children.first(where: {
          $0.commandName == first || ($0.aliases ?? []).contains(first)
        })
      {
        return child.chosen(by: Array(arguments.dropFirst()))
      }
      return children.first { $0.commandName == (defaultSubcommand ?? name) } ?? self
    }
  }

  private struct Argument: Decodable {
    var kind: String
    var isRepeating: Bool
    var names: [Name]?
  }

  private struct Name: Decodable {
    var kind: String
    var name: String

    var text: String { (kind == "long" ? "--" : "-") + name }
  }
}
