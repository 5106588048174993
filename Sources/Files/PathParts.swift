/// The folder and the name that a path is made of, as the system reads it.
///
/// `..` is left where it is: behind a symbolic link it leads to another folder than the text says, and what
/// is made for a file must be where the file is.
public enum PathParts {
  /// All before the last name: "." where there is none, "/" of a name at the root.
  public static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: separator) else { return "." }
    var end = slash
    while end > path.utf8.startIndex, path.utf8[path.utf8.index(before: end)] == separator {
      end = path.utf8.index(before: end)
    }
    return end == path.utf8.startIndex ? "/" : String(path[..<end])
  }

  /// The last name.
  public static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: separator) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// The path of another name in the folder of a path.
  public static func sibling(of path: String, named name: String) -> String {
    guard let slash = path.utf8.lastIndex(of: separator) else { return name }
    return String(path[...slash]) + name
  }

  private static let separator = UInt8(ascii: "/")
}
