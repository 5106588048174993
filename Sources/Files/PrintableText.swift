/// Texts of others, such as records and logs hold, as a terminal may show them.
public enum PrintableText {
  /// The most characters of a sentence that are shown: those of the longest paths and of lists that
  /// people read, and far fewer than a value that somebody pasted by mistake can have.
  static let mostCharacters = 12_000
  /// How many characters of a longer one are shown at either end, where it names the thing and the remedy.
  static let shownCharacters = 1_000

  /// The text on one line and without characters that steer a terminal.
  public static func line(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\r", "\t", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}": result += " "
      case _ where scalar.properties.generalCategory == .control: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text; of one that nobody reads to its end, such as a sentence that quotes a value of a million
  /// digits, both ends and how much is left out between them.
  public static func shortened(_ text: String) -> String {
    // Bytes are counted at once, characters are not; no text has fewer bytes than characters.
    guard text.utf8.count > mostCharacters, text.count > mostCharacters else { return text }
    let left = text.count - 2 * shownCharacters
    return "\(text.prefix(shownCharacters)) ... (\(left) characters are left out here) ... "
      + "\(text.suffix(shownCharacters))"
  }
}
