import Files
import Foundation

/// The git checkout a binary was built in: its commit, and whether tracked files differ from it.
package struct SourceCheckout: Sendable, Equatable, Codable {
  /// The commit's full hash.
  package let commit: String
  /// Whether tracked files were changed since.
  package let dirty: Bool

  /// The checkout of this package around a folder.
  ///
  /// Nil, never an error, outside a checkout, without git, or in a checkout of something else (a
  /// binary copied into another project must not borrow that project's commit).
  package init?(around folder: URL) {
    guard
      let root = Self.git(["rev-parse", "--show-toplevel"], in: folder),
      let manifest = try? String(contentsOfFile: root + "/Package.swift", encoding: .utf8),
      manifest.contains("\"bilevel-descent-aggregation\""),
      let commit = Self.git(["rev-parse", "HEAD"], in: folder),
      let changes = Self.git(["status", "--porcelain", "--untracked-files=no"], in: folder)
    else { return nil }
    self.commit = commit
    dirty = !changes.isEmpty
  }

  /// The checkout this process's executable lies in, asked for once.
  package static let ofThisProcess: SourceCheckout? = {
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return SourceCheckout(around: executable.deletingLastPathComponent())
  }()

  private static func git(_ arguments: [String], in folder: URL) -> String? {
    guard
      let result = try? ChildProcess(running: "git", arguments, in: folder.path),
      result.exitCode == 0
    else { return nil }
    return String(bytes: result.output, encoding: .utf8)?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
