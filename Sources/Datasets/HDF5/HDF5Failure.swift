import Files
import Foundation

/// What the library says of one of its calls that failed.
///
/// A read that the system refuses and bytes that are wrong fail alike, and the library goes on to
/// call either "path doesn't exist" or "unable to open file". Only the deepest of its descriptions
/// tells them apart: it has the system's error number in it, with one exception.
package struct HDF5Failure: Sendable, Equatable {
  /// The descriptions, the deepest first, without what tells people nothing: times, descriptors,
  /// addresses of buffers.
  package let reasons: [String]
  /// The number of the system's error, nil where the system had no part in it, or refused only what
  /// a damaged file can ask for.
  package let code: Int32?
  /// The file that was opened or read, nil where no description names one.
  package let file: String?

  /// - Parameter descriptions: the library's own, the deepest first.
  package init(descriptions: [String]) {
    reasons = descriptions.map { Self.plain($0) }
    code = descriptions.lazy.compactMap { Self.code(in: $0) }.first
      .flatMap { Self.causedByContents.contains($0) ? nil : $0 }
    file = descriptions.lazy.compactMap { Self.file(in: $0) }.first
  }

  /// The error of reading `path`, nil where the system had no part in the failure.
  ///
  /// The file that the library names is meant, since `path` may lead into others.
  package func error(reading path: String) -> DatasetError? {
    if let code { return DatasetError(code, reading: file ?? path) }
    guard isRefusal, let reason = reasons.first else { return nil }
    return DatasetError(
      .unreadable,
      "The file \(file ?? path) could not be read (\(reason)): check the disk, then run the "
        + "command again.")
  }

  /// What the library says, without a number, of a call of the system that failed for a file which
  /// it has opened just before.
  private static let withoutNumber = "stat info"

  /// Whether the system refused something.
  var isRefusal: Bool {
    code != nil || reasons.first.map { $0.contains(Self.withoutNumber) } ?? false
  }

  /// Whether the deepest reason is that there was no memory.
  var isAboutMemory: Bool {
    reasons.first.map { $0.contains("memory allocation") } ?? false
  }

  /// What the names of other files in a file can lead to, true names and damaged ones.
  private static let causedByContents: Set<Int32> = [
    0, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EOVERFLOW,
  ]

  /// The number in "errno = 5"; the last, since the name of a file comes before it.
  private static func code(in description: String) -> Int32? {
    guard let start = description.range(of: "errno = ", options: .backwards) else { return nil }
    return Int32(description[start.upperBound...].prefix { $0.isASCII && $0.isNumber })
  }

  /// The name in "name = 'x'" and "filename = 'x'".
  private static func file(in description: String) -> String? {
    guard let start = description.range(of: "name = '") else { return nil }
    let rest = description[start.upperBound...]
    let end =
      ["errno", "file descriptor", "tent_flags", "temp_file_name"]
      .compactMap { rest.range(of: "', \($0) = ")?.lowerBound }.min() ?? rest.lastIndex(of: "'")
    return end.map { String(rest[..<$0]) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func plain(_ description: String) -> String {
    let particulars = [
      ": time = ", ", time = ", ": name = ", ", name = ", ", filename = ", ", file name = ",
      ", external link file name = ", ", errno = ",
    ]
    let end = particulars.compactMap { description.range(of: $0)?.lowerBound }.min()
    let words = String(description[..<(end ?? description.endIndex)])
    return code(in: description).map { "\(words): \(SystemError.text(of: $0))" } ?? words
  }
}
