import Foundation
import Testing

/// Every symbol that the articles link to is declared in the module.
@Suite("The documentation catalogue")
struct DocumentationTests {
  static let module = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/Bilevel").standardizedFileURL

  static func text(withExtension name: String) throws -> [String: String] {
    let files = FileManager.default.enumerator(at: module, includingPropertiesForKeys: nil)
    var result: [String: String] = [:]
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == name else { continue }
      result[file.lastPathComponent] = try String(contentsOf: file, encoding: .utf8)
    }
    return result
  }

  /// The names between double backticks.
  static func links(in text: String) -> [Substring] {
    text.matches(of: /``([A-Za-z][^`]*)``/).map(\.output.1)
  }

  /// Whether the type is declared and, for a link to a member, a member of that name.
  static func isDeclared(_ link: Substring, in sources: String) -> Bool {
    let parts = link.split(separator: "/").map { $0.prefix { $0 != "(" } }
    return zip(parts.indices, parts).allSatisfy { index, name in
      let keywords = index == 0 ? "struct|class|enum|protocol|typealias" : "func|var|let|case|enum"
      guard
        let pattern = try? Regex("\\b(\(keywords)) ([a-zA-Z]+, )*\(name)\\b")
      else { return false }
      return sources.contains(pattern)
    }
  }

  @Test("Articles link to what exists")
  func articles() throws {
    let sources = try Self.text(withExtension: "swift").values.joined()
    let articles = try Self.text(withExtension: "md")
    #expect(articles.count >= 4)
    for (name, text) in articles {
      let links = Self.links(in: text)
      #expect(!links.isEmpty, "\(name)")
      for link in links where link != "Bilevel" {
        #expect(Self.isDeclared(link, in: sources), "\(name) links to \(link)")
      }
      for target in text.matches(of: /<doc:([A-Za-z]+)>/).map(\.output.1) {
        #expect(articles["\(target).md"] != nil, "\(name) links to the article \(target)")
      }
    }
    #expect(!Self.isDeclared("ConjugateGradients", in: sources), "The check can fail.")
    #expect(!Self.isDeclared("ConjugateGradient/maximum", in: sources), "The check can fail.")
  }
}
