import Foundation
import TestSupport
import Testing

/// A system call of a command on a file of its results.
struct FaultCall: Equatable {
  /// The number of the call, from 1.
  let number: Int
  /// Its name: open, write, fsync, rename, link, unlink or mkdir.
  let name: String
  /// What it works on; what a rename makes.
  let path: String

  /// Whether it makes a file visible whose name ends so.
  func shows(_ ending: String) -> Bool { name == "rename" && path.hasSuffix(ending) }
}

/// Faults at exact system calls, by a library (`Tests/Preloaded/faults.c`) that is built with the
/// machine's C compiler and loaded before all others.
struct FaultPoints {
  /// Why there is none.
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  /// The library, built once, or why there is none.
  static let made = Result { try FaultPoints() }

  /// Whether there is one.
  static var areAvailable: Bool { (try? made.get()) != nil }

  /// What a skipped test says.
  static var reason: Comment {
    guard case .failure(let reason) = made else { return "" }
    return "Calls cannot be counted: \(reason)."
  }

  private let folder: TemporaryFolder
  private var library: String { folder.path("faults.so") }

  /// - Throws: ``Unavailable`` where the library cannot be built or loaded.
  init() throws {
    #if os(Linux)
      folder = try TemporaryFolder()
      let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Preloaded/faults.c").path
      for compiler in ["cc", "clang", "gcc"] {
        let words = [compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]
        if try CapturedOutput(of: "/usr/bin/env", words).code == 0 { return }
      }
      throw Unavailable(description: "no C compiler (cc, clang or gcc) builds \(source)")
    #else
      throw Unavailable(description: "libraries are not preloaded here")
    #endif
  }

  /// The environment in which calls below a folder are counted and, with `log`, listed.
  func counting(below output: String, log: String? = nil) -> [String: String] {
    var environment = ["LD_PRELOAD": library, "BDA_FAULT_FOLDER": output]
    environment["BDA_FAULT_LOG"] = log
    return environment
  }

  /// The environment in which something happens at a call: `before`, `after`, `half`, `short`,
  /// `errno:28`, `signal:15`.
  func acting(_ action: String, at call: Int, below output: String) -> [String: String] {
    counting(below: output).merging(
      ["BDA_FAULT_CALL": "\(call)", "BDA_FAULT_ACTION": action]
    ) { $1 }
  }

  /// The environment of a file system that has no locks.
  var withoutLocks: [String: String] { ["LD_PRELOAD": library, "BDA_FAULT_LOCKS": "none"] }

  /// The calls that a log lists.
  static func calls(in log: String) throws -> [FaultCall] {
    guard FileManager.default.fileExists(atPath: log) else { return [] }
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    return lines.enumerated().compactMap { index, line in
      guard let space = line.firstIndex(of: " ") else { return nil }
      return FaultCall(
        number: index + 1, name: String(line[..<space]),
        path: String(line[line.index(after: space)...]))
    }
  }

  /// How many points a test tries: `BDA_TEST_FAULTS` (a number, or `all`), or what is given.
  static func limit(_ usual: Int) -> Int {
    let text = ProcessInfo.processInfo.environment["BDA_TEST_FAULTS"] ?? ""
    return text == "all" ? .max : Int(text) ?? usual
  }

  /// Elements evenly spread over a list, its last one among them.
  static func spread<Element>(_ all: [Element], _ count: Int) -> [Element] {
    guard all.count > count, count > 0 else { return all }
    return (1...count).map { all[all.count * $0 / count - 1] }
  }
}
