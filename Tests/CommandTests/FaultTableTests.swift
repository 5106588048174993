import Foundation
import Testing

/// `Tests/FAULTS.md` and `datasets/README.md` name tests: they exist.
@Suite("Table of faults")
struct FaultTableTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All test sources in one text, and the names of their files.
  private func sources() throws -> (text: String, files: Set<String>) {
    let folder = Self.root.appendingPathComponent("Tests").path
    let names = (FileManager.default.enumerator(atPath: folder)?.allObjects ?? [])
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
    let text = try names.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
    let files = names.map {
      URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent
    }
    return (text.joined(), Set(files))
  }

  @Test("Every test that is named exists", arguments: ["Tests/FAULTS.md", "datasets/README.md"])
  func named(document: String) throws {
    let text = try String(
      contentsOf: Self.root.appendingPathComponent(document), encoding: .utf8)
    let sources = try sources()
    var count = 0
    for line in text.split(separator: "\n") where line.hasPrefix("|") {
      let column = line.split(separator: "|").last ?? ""
      for name in column.matches(of: /`(\w+Tests)(?:\.(\w+))?`/) {
        count += 1
        let isSuite = sources.text.contains("struct \(name.1)")
        #expect(isSuite || sources.files.contains(String(name.1)), "\(name.1)")
        if let function = name.2 {
          #expect(sources.text.contains("func \(function)("), "\(name.0)")
        }
      }
    }
    #expect(count > 10)
  }
}
