import Files
import Foundation

import TestSupport
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("A file is created with its folders, and replaced, and nothing else stays")
  func writes() throws {
    let path = folder.path("a/b/file.json")
    try AtomicFile.write("first", to: path)
    try AtomicFile.write("second", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
    #expect(try folder.names(in: "a/b") == ["file.json"])
  }

  @Test("A failed write keeps what was there, removes its temporary file and says so")
  func failure() throws {
    // The target is a folder that is not empty, so the rename at the end cannot succeed.
    _ = try folder.write([1], to: "target/inside")
    let error = #expect(throws: ResultsError.self) {
      try AtomicFile.write("text", to: folder.path("target"))
    }
    #expect(error?.kind == .inputOutput)
    #expect(error?.exitCode == 1)
    #expect(error?.message.contains(folder.path("target")) == true)
    #expect(try folder.names() == ["target"])
    #expect(try folder.names(in: "target") == ["inside"])
  }

  @Test("A folder that cannot be made is named")
  func noFolder() throws {
    let file = try folder.write([1], to: "file")
    let error = #expect(throws: ResultsError.self) {
      try AtomicFile.write("text", to: file + "/below/it")
    }
    #expect(error?.message.contains("/file/below") == true)
  }
}
