import Files
import Foundation

/// A new empty folder that is removed, with everything in it, when the value goes away.
public final class TemporaryFolder: Sendable {
  /// Where the folder is.
  public let url: URL

  /// Creates a folder with a unique name in the system's temporary directory.
  public init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("bda-tests-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of the folder.
  public var path: String { url.path }

  /// The path of a file in the folder, which need not exist.
  public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// The path of a new file in the folder with the given bytes; folders on the way are created.
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  /// The path of a new program of the shell in the folder.
  ///
  /// Another program writes it: where this process does, a test beside it that starts a child in that
  /// moment gives the child a copy of the descriptor, and until the child has closed it the system refuses to run
  /// what is "busy".
  public func program(_ lines: String, named name: String) throws -> String {
    let path = path(name)
    let place = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let child = try ChildProcess(
      running: "/bin/sh",
      ["-c", "mkdir -p \"$1\" && cat > \"$0\" && chmod 755 \"$0\"", path, place],
      reading: Array("#!/bin/sh\n\(lines)\n".utf8))
    precondition(
      child.exitCode == 0, "'\(path)' could not be written: \(String(describing: child.exitCode))")
    return path
  }

  /// The names in the folder, hidden ones included, sorted.
  public func names(in subfolder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(subfolder)).sorted()
  }
}
