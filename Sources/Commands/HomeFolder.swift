import Foundation

/// The home folder in the words of a command line.
///
/// A shell replaces `~/` where a word begins with it, and bash not behind the `=` of `--output=~/runs`.
/// Of what is left Foundation replaces some and the system none, so that one file would be made in one
/// place and looked for in another: it is replaced here, once, for everybody.
enum HomeFolder {
  /// The word with the home folder in place of the `~` of a value that begins with `~/`.
  static func expanding(
    _ word: String, home: String? = ProcessInfo.processInfo.environment["HOME"]
  ) -> String {
    var (name, value) = ("", word[...])
    if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
      name = String(word[...equals])
      value = word[word.index(after: equals)...]
    }
    guard value.hasPrefix("~/") else { return word }
    let named = home.flatMap { $0.isEmpty ? nil : $0 }
    guard let home = named ?? getpwuid(getuid()).map({ String(cString: $0.pointee.pw_dir) }) else {
      return word
    }
    return name + home + value.dropFirst()
  }
}
