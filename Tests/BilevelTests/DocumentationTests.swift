import Bilevel
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
      let types = "struct|class|enum|protocol|typealias"
      let members = "func|var|let|case|enum|struct"
      // Doc comments link to members of their own type without its name.
      let keywords = index == 0 && name.first?.isUppercase == true ? types : members
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

  @Test("Doc comments link to what exists")
  func comments() throws {
    let sources = try Self.text(withExtension: "swift")
    let all = sources.values.joined()
    for (name, text) in sources {
      for link in Self.links(in: text) {
        #expect(Self.isDeclared(link, in: all), "\(name) links to \(link)")
      }
    }
    #expect(!Self.isDeclared("stationaryLimits", in: all), "The check can fail.")
  }

  @Test("Articles show snippets that exist, and every snippet is shown")
  func snippets() throws {
    let folder = Self.module.appendingPathComponent("../../Snippets").standardizedFileURL
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(6)) }
    #expect(!files.isEmpty)
    let shown = try Self.text(withExtension: "md").values.flatMap { text in
      text.matches(of: /@Snippet\(path: "bilevel-descent-aggregation\/Snippets\/([A-Za-z]+)"\)/)
        .map { String($0.output.1) }
    }
    #expect(Set(shown) == Set(files))
    for file in files {
      let text = try String(contentsOf: folder.appending(path: file + ".swift"), encoding: .utf8)
      #expect(text.hasPrefix("//! ") && text.contains("precondition("), "\(file) asserts nothing.")
    }
  }

  @Test("Names of methods in the table of switches are in the catalogue")
  func switches() throws {
    let text = try #require(try Self.text(withExtension: "md")["FromBOMLToThisSuite.md"])
    let names = text.matches(of: /(?m)\| `([a-z-]+)`[^|]*\|$/).map { String($0.output.1) }
    #expect(names.contains("rhg") && names.contains("maml"))
    for name in names { _ = try MethodCatalogue.standard.method(named: name) }
  }
}
