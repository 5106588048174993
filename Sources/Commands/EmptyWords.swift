import ArgumentParser

/// Refuses words of a command line that are empty texts, which is what `--output "$UNSET"` gives: an empty
/// path is the root of the file system to some commands and the working folder to others.
enum EmptyWords {
  /// Returns when no word is empty, and no long option ends with its `=`.
  ///
  /// - Throws: `ValidationError` that names the option.
  static func check(_ arguments: [String]) throws {
    // A shell asks for completions with the word that is not yet there.
    if arguments.first == "---completion" { return }
    for (index, word) in arguments.enumerated() {
      if word.isEmpty {
        let before = index > 0 ? arguments[index - 1] : ""
        throw ValidationError(
          before.hasPrefix("-")
            ? "The option \(before) was given an empty text; give it a value, or leave it out."
            : "A word of the command line is an empty text; give a value, or leave it out.")
      }
      let parts = word.split(separator: "=", omittingEmptySubsequences: false)
      if word.hasPrefix("--"), parts.count == 2, parts[1].isEmpty {
        throw ValidationError(
          "The option \(parts[0]) was given an empty text; give it a value, or leave it out.")
      }
    }
  }
}
