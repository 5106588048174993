import Commands
import Testing

@Suite("Terminal")
struct TerminalTests {
  /// One row of the colour matrix.
  struct ColorCase: Sendable, CustomTestStringConvertible {
    var choice: ColorChoice
    var isTerminal: Bool
    var environment: [String: String]
    var isColored: Bool
    var testDescription: String { "\(choice), terminal \(isTerminal), \(environment)" }
  }

  static let colors: [ColorCase] = [
    ColorCase(choice: .auto, isTerminal: true, environment: ["TERM": "xterm"], isColored: true),
    ColorCase(choice: .auto, isTerminal: false, environment: [:], isColored: false),
    ColorCase(
      choice: .auto, isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": "1"],
      isColored: false),
    ColorCase(
      choice: .auto, isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": "0"],
      isColored: false),
    ColorCase(
      choice: .auto, isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": ""],
      isColored: true),
    ColorCase(choice: .auto, isTerminal: true, environment: ["TERM": "dumb"], isColored: false),
    ColorCase(choice: .auto, isTerminal: true, environment: [:], isColored: false),
    ColorCase(choice: .auto, isTerminal: true, environment: ["TERM": "xterm"], isColored: true),
    ColorCase(
      choice: .always, isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": "1"],
      isColored: true),
    ColorCase(choice: .always, isTerminal: false, environment: [:], isColored: true),
    ColorCase(choice: .never, isTerminal: true, environment: [:], isColored: false),
  ]

  @Test("uses colour as NO_COLOR, TERM and --color say", arguments: colors)
  func color(row: ColorCase) {
    let terminal = Terminal(
      descriptor: -1, color: row.choice, isTerminal: row.isTerminal, environment: row.environment)
    #expect(terminal.usesColor == row.isColored)
    let painted = terminal.paint("x", .red)
    #expect(painted == (row.isColored ? "\u{1B}[31mx\u{1B}[0m" : "x"))
  }

  @Test("keeps the bar without colour, and loses it only when dumb or absent")
  func cursor() {
    func movesCursor(_ isTerminal: Bool, _ environment: [String: String]) -> Bool {
      Terminal(descriptor: -1, isTerminal: isTerminal, environment: environment).movesCursor
    }
    #expect(movesCursor(true, ["TERM": "xterm", "NO_COLOR": "1"]))
    #expect(!movesCursor(true, ["TERM": "dumb"]))
    #expect(!movesCursor(true, [:]))
    #expect(!movesCursor(false, [:]))
  }

  @Test(
    "takes its width from COLUMNS first",
    arguments: [("132", 132), ("0", 80), ("-3", 80), ("wide", 80), ("", 80)])
  func width(text: String, columns: Int) {
    let piped = Terminal(descriptor: -1, isTerminal: false, environment: ["COLUMNS": text])
    #expect(piped.columns == columns)
    // The descriptor is none: asking the terminal fails and must end at 80, too.
    let terminal = Terminal(descriptor: -1, isTerminal: true, environment: ["COLUMNS": text])
    #expect(terminal.columns == columns)
  }
}
