import ArgumentParser
import Foundation

/// When diagnostics are coloured.
package enum ColorChoice: String, Sendable, CaseIterable, ExpressibleByArgument {
  /// On a terminal that can, unless `NO_COLOR` is set.
  case auto
  /// Always, whatever the environment says.
  case always
  /// Never.
  case never
}

/// What one output stream can show.
package struct Terminal: Sendable, Equatable {
  /// Whether the stream is a terminal.
  package let isTerminal: Bool
  /// Whether the cursor may be moved: a terminal, and not a dumb one (`TERM` unset or
  /// `dumb`). Colour is another matter.
  package let movesCursor: Bool
  /// Whether text may be coloured.
  package let usesColor: Bool
  /// The number of columns that does not change; nil asks the terminal each time.
  private let fixedColumns: Int?
  private let descriptor: Int32

  /// The capabilities of a stream.
  ///
  /// - Colour: `choice` wins; with `auto`, a terminal that is not dumb, and no `NO_COLOR` (non-empty,
  ///   whatever its value; see no-color.org).
  /// - Width: `COLUMNS` where it is a positive number, else the terminal's own, else 80.
  /// - Parameters:
  ///   - isTerminal: nil asks the operating system.
  package init(
    descriptor: Int32, color choice: ColorChoice = .auto, isTerminal: Bool? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    let terminal = isTerminal ?? (isatty(descriptor) == 1)
    // Whoever starts a process without TERM has no terminal in mind that understands escapes.
    let kind = environment["TERM"] ?? ""
    let dumb = kind.isEmpty || kind == "dumb"
    let refused = !(environment["NO_COLOR"] ?? "").isEmpty
    self.isTerminal = terminal
    self.descriptor = descriptor
    movesCursor = terminal && !dumb
    switch choice {
    case .always: usesColor = true
    case .never: usesColor = false
    case .auto: usesColor = terminal && !dumb && !refused
    }
    if let text = environment["COLUMNS"], let columns = Int(text), columns > 0 {
      fixedColumns = columns
    } else {
      fixedColumns = terminal ? nil : 80
    }
  }

  /// The width in columns, at this moment (users resize windows).
  package var columns: Int {
    if let fixedColumns { return fixedColumns }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// The text in a colour, or as it is where colours are not used.
  package func paint(_ text: String, _ color: Color) -> String {
    usesColor ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// The few colours diagnostics need, by their escape codes.
  package enum Color: Int, Sendable {
    /// Errors.
    case red = 31
    /// Progress and success.
    case green = 32
    /// Warnings.
    case yellow = 33
  }
}
