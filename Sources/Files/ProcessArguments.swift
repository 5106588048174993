import Foundation

/// The words of this process's command line.
public enum ProcessArguments {
  /// All words, the program's name first; nil where the system does not tell them.
  ///
  /// The standard library reads them from `/proc/self/cmdline`. Where `/proc` is not mounted, or no
  /// descriptor is left, it finds none, and a command would do what it does without options: run
  /// everything. The C library remembers where they lie.
  public static let all: [String]? = {
    let words = CommandLine.arguments
    if !words.isEmpty { return words }
    #if canImport(Glibc)
      // Not declared in any header; absent from other C libraries.
      guard let symbol = dlsym(nil, "_dl_argv") else { return nil }
      let pointer = symbol.assumingMemoryBound(
        to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self
      ).pointee
      var found: [String] = []
      while let pointer, let word = pointer[found.count] { found.append(String(cString: word)) }
      return found.isEmpty ? nil : found
    #else
      return nil
    #endif
  }()

  /// The first word that is not UTF-8, as it is read all the same; nil where all are.
  ///
  /// Strings repair such words, and a path would become that of another file.
  public static var notUTF8: String? {
    let words = CommandLine.unsafeArgv
    for index in 0..<Int(CommandLine.argc) {
      guard let word = words[index], String(validatingCString: word) == nil else { continue }
      return String(cString: word)
    }
    return nil
  }

  /// Whether the path of the folder that the process works in is UTF-8, or is not told.
  public static var worksInUTF8: Bool {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard getcwd(&path, path.count) != nil else { return true }
    return path.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { String(validatingCString: $0) } != nil
    }
  }
}
