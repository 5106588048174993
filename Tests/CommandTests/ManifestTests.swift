import Foundation
import TestSupport
import Testing

/// A target is not rebuilt when a module changes that it imports but does not declare: the executable is
/// only linked again and goes on with the old layout of its types, silently. A module that comes along
/// with an imported one, and whose code is inlined, is no different.
@Suite("The manifest")
struct ManifestTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Modules of the toolchain, which need no declaration.
  private static let system: Set<String> = [
    "Dispatch", "Foundation", "FoundationNetworking", "Synchronization", "Testing",
    "Glibc",
  ]

  /// One target as its folder shows it.
  struct Target: Sendable, CustomTestStringConvertible {
    let name: String
    let folder: URL
    var testDescription: String { name }
  }

  /// Every folder of sources: each is a target of that name.
  static let targets: [Target] = ["Sources", "Tests"].flatMap { parent -> [Target] in
    let folder = root.appendingPathComponent(parent)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().map { Target(name: $0, folder: folder.appendingPathComponent($0)) }
      .filter { !imports(in: $0.folder).isEmpty || $0.name == "Files" }
  }

  /// The modules that the Swift files below a folder import.
  private static func imports(in folder: URL) -> Set<String> {
    var found: Set<String> = []
    let files = FileManager.default.enumerator(atPath: folder.path)
    while let name = files?.nextObject() as? String {
      guard name.hasSuffix(".swift"),
        let text = try? String(
          contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      else { continue }
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        guard let index = words.firstIndex(of: "import"), words.count > index + 1,
          words[..<index].allSatisfy({
            $0.hasPrefix("@") || ["public", "package", "internal", "private"].contains($0)
          })
        else { continue }
        // `import struct Module.Type` names a kind first.
        let kinds = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
        let module = kinds.contains(words[index + 1]) ? words.last ?? "" : words[index + 1]
        // Other languages in string literals import with commas and semicolons.
        guard module.wholeMatch(of: /[A-Za-z_0-9.]+/) != nil else { continue }
        found.insert(String(module.prefix { $0 != "." }))
      }
    }
    return found
  }

  /// A module and those that it exports again (`@_exported import`).
  private static func comingAlong(with module: String) -> Set<String> {
    var found: Set<String> = []
    var next = [module]
    while let module = next.popLast() {
      guard found.insert(module).inserted else { continue }
      let folder = root.appendingPathComponent("Sources/\(module)")
      let files = FileManager.default.enumerator(atPath: folder.path)
      while let name = files?.nextObject() as? String {
        guard name.hasSuffix(".swift") else { continue }
        let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        next += (text ?? "").matches(of: /@_exported import (\w+)/).map { String($0.1) }
      }
    }
    return found
  }

  @Test("Modules that come along with others are found")
  func comingAlong() {
    #expect(Self.comingAlong(with: "Bilevel") == ["Bilevel", "Autodiff", "Tensors"])
    #expect(Self.comingAlong(with: "Tensors") == ["Tensors"])
  }

  /// What the manifest declares for a target: every quoted name in its declaration, and in the
  /// declarations of the lists that it mentions.
  ///
  /// The text is read instead of asking the package manager, which would want its lock while it runs
  /// these tests.
  static func declared(for target: String, in manifest: String) -> Set<String>? {
    guard let start = manifest.firstRange(of: "name: \"\(target)\"") else { return nil }
    var depth = 1
    let rest = manifest[start.upperBound...]
    let body = rest.prefix { character in
      if character == "(" || character == "[" { depth += 1 }
      if character == ")" || character == "]" { depth -= 1 }
      return depth > 0
    }
    var names = quoted(body)
    if body.contains("argumentParser") { names.insert("ArgumentParser") }
    if body.contains("yams") { names.insert("Yams") }
    if body.contains("backendDependencies") { names.insert("COneDNN") }
    if body.contains("experimentDependencies"),
      let list = manifest.firstRange(of: "let experimentDependencies")
    {
      let text = manifest[list.upperBound...]
      let items = text.drop { $0 != "=" }.prefix { $0 != "]" }
      names.formUnion(quoted(items))
      if items.contains("argumentParser") { names.insert("ArgumentParser") }
    }
    return names
  }

  private static func quoted(_ text: Substring) -> Set<String> {
    Set(text.matches(of: /"([A-Za-z0-9-]+)"/).map { String($0.1) })
  }

  @Test("All targets are found")
  func found() {
    let names = Set(Self.targets.map(\.name))
    #expect(
      names.isSuperset(of: [
        "Files", "Commands", "Tensors", "Results", "Experiments", "report", "few-shot",
        "CommandTests", "TestSupport",
      ]))
  }

  @Test("declares every module that a target imports", arguments: targets)
  func declaresImports(target: Target) throws {
    let manifest = try String(
      contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    let declared = try #require(
      Self.declared(for: target.name, in: manifest), "The manifest has no target \(target.name).")
    // Executables are imported under names without hyphens.
    let modules = Set(declared.map { $0.replacing("-", with: "_") })
    let missing = Self.imports(in: target.folder).subtracting(Self.system)
      .reduce(into: Set<String>()) { $0.formUnion(Self.comingAlong(with: $1)) }
      .subtracting(modules)
    #expect(
      missing.isEmpty,
      "Package.swift does not declare \(missing.sorted()) for \(target.name); add them.")
  }

  @Test("is read as it is written: a dependency that is left out is noticed")
  func reader() {
    let manifest = """
      .target(name: "Other", dependencies: ["One"]),
      let experimentDependencies: [Target.Dependency] = ["Two", argumentParser]
      .executableTarget(
        name: "some-thing", dependencies: experimentDependencies + ["Three"], settings: x(["y"])),
      .target(name: "Last", dependencies: ["Four"]),
      """
    #expect(Self.declared(for: "Other", in: manifest) == ["One"])
    #expect(
      Self.declared(for: "some-thing", in: manifest) == ["Two", "ArgumentParser", "Three", "y"])
    #expect(Self.declared(for: "Absent", in: manifest) == nil)
  }
}
