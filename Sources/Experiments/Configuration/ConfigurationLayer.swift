import Commands
import Files
import Foundation
import Yams

/// One source of overrides, a file or a `--set` option, with what its error sentences need.
struct ConfigurationLayer {
  /// Where the overrides come from.
  enum Origin {
    case file(String)
    case option(String)
    case named(String)
  }

  let origin: Origin
  /// The overriding mapping; nil for a file of nothing but comments.
  let node: Node?

  /// The overrides in a YAML file.
  init(file: URL) throws(ConfigurationError) {
    let name = file.relativePath
    let state = PathState(file.path)
    if let refusal = state.refusal(of: name) { throw ConfigurationError(.missing, refusal) }
    guard state != .nothing else {
      throw ConfigurationError(
        .missing,
        "The configuration file \(name) does not exist; check the path given with --config.")
    }
    guard state != .folder else {
      throw ConfigurationError(
        .missing,
        "The configuration \(name) is a folder; name one of the YAML files in it with --config.")
    }
    guard let bytes = Self.bytes(of: file.path) else {
      throw ConfigurationError(
        .missing,
        "The configuration file \(name) cannot be read; check its permissions.")
    }
    guard bytes.count <= Self.mostBytes else {
      throw ConfigurationError(
        .invalidFile,
        "The configuration file \(name) has more than the \(Self.mostBytes >> 20) MB that such a file "
          + "can have; check what it is.")
    }
    guard let text = String(bytes: bytes, encoding: .utf8) else {
      throw ConfigurationError(
        .invalidFile,
        "The configuration file \(name) is not UTF-8 text; save it as UTF-8 YAML.")
    }
    // Comments alone are a template nobody has filled in; nothing at all is a file cut short.
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw ConfigurationError(
        .invalidFile,
        "The configuration file \(name) is empty; write the keys to override into it, or leave "
          + "--config out to use the defaults.")
    }
    origin = .file(name)
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw ConfigurationError(
        .invalidFile, Self.syntaxSentence("The configuration file \(name)", error))
    }
    if let node, node.mapping == nil {
      throw ConfigurationError(
        .invalidFile,
        "The configuration file \(name) holds no named values at its top level; write lines of the "
          + "form key: value.")
    }
  }

  /// The most bytes that a file of settings or a sweep may have.
  static let mostBytes = 16 << 20

  /// The bytes of a file, of a pipe (`--config /dev/stdin`) or of whatever else can be read, up to a few
  /// more than a configuration can have; nil where it cannot be read.
  static func bytes(of path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= mostBytes {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      if count > 0 { bytes += piece.prefix(count) } else if errno != EINTR { return nil }
    }
    return bytes
  }

  /// The overrides in a text that some file holds, JSON or YAML.
  init(text: String, named name: String) throws(ConfigurationError) {
    origin = .file(name)
    do { node = try Yams.compose(yaml: text) } catch {
      throw ConfigurationError(
        .invalidFile, Self.syntaxSentence("The configuration in \(name)", error))
    }
    guard node?.mapping != nil else {
      throw ConfigurationError(
        .invalidFile, "The configuration in \(name) holds no named values; write the file again.")
    }
  }

  /// The override of one option, `outer.learningRate=0.1`; the value is YAML.
  init(setting: String) throws(ConfigurationError) {
    guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
      throw ConfigurationError(
        .invalidOption, "The option --set wants key=value but was given \"\(setting)\".")
    }
    origin = .option(setting)
    let text = String(setting[setting.index(after: equals)...])
    let value: Node
    do {
      value = try Yams.compose(yaml: text) ?? Node("", Tag(.null))
    } catch {
      throw ConfigurationError(
        .invalidOption, Self.syntaxSentence("The value of the option --set \(setting)", error))
    }
    let path = setting[..<equals].split(separator: ".", omittingEmptySubsequences: false)
    // Each part is a level of a tree, which whoever walks it keeps on the stack.
    guard path.count <= 16 else {
      throw ConfigurationError(
        .invalidOption,
        "The option --set names a key of \(path.count) parts, and no setting has more than a few; "
          + "correct it.")
    }
    node = path.reversed().reduce(value) { inner, key in Node([(Node(String(key)), inner)]) }
  }

  /// The override of a typed option such as `--alpha`: its value is what was typed, never read as
  /// YAML.
  init(_ override: SettingOverride) {
    origin = .named(override.option)
    node = override.key.split(separator: ".").reversed().reduce(override.value.node) { inner, key in
      Node([(Node(String(key)), inner)])
    }
  }

  /// The start of a sentence about a place in this layer: `The configuration file a.yaml, line 3,`.
  func subject(at path: [String]) -> String {
    switch origin {
    case .option(let text): return "The option --set \(text)"
    case .named(let option): return "The option \(option)"
    case .file(let name):
      guard let line = line(of: path) else { return "The configuration file \(name)" }
      return "The configuration file \(name), line \(line),"
    }
  }

  /// The kind of an error about this layer's content.
  var errorKind: ConfigurationError.Kind {
    switch origin {
    case .file: .invalidFile
    case .option, .named: .invalidOption
    }
  }

  /// The line of the deepest part of a path that the file contains; lines are counted from 1.
  private func line(of path: [String]) -> Int? {
    guard var current = node else { return nil }
    var line: Int?
    for name in path {
      if let index = Int(name), case .sequence(let items) = current, items.indices.contains(index) {
        current = items[index]
        line = current.mark?.line ?? line
      } else if let pair = current.mapping?.first(where: { $0.key.string == name }) {
        current = pair.value
        line = pair.key.mark?.line ?? line
      } else {
        break
      }
    }
    return line
  }

  /// What is wrong with the YAML of a subject, in one sentence.
  static func syntaxSentence(_ subject: String, _ error: any Error) -> String {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _),
      YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      guard !problem.contains("another document") else {
        return
          "\(subject) holds several YAML documents, the second from line \(mark.line) on, and one is "
          + "expected; keep one of them."
      }
      guard !problem.contains("nesting level") else {
        return
          "\(subject) has values within values more than a thousand deep at line \(mark.line), and "
          + "none is so deep that anything reads; correct that place."
      }
      return
        "\(subject) is not valid YAML at line \(mark.line), column \(mark.column) (\(problem)); "
        + "correct that place."
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      return
        "\(subject) has the key \(Spelling.list(duplicates.sorted())) more than once, first near "
        + "line \(context.mark.line); keep one of them."
    case YamlError.reader(let problem, _, _, _):
      return "\(subject) is not valid YAML (\(problem)); save it as UTF-8 text."
    default:
      return "\(subject) is not valid YAML (\(error)); correct it."
    }
  }
}
