import Files
import Foundation
import TestSupport
import Testing

@Suite("The files of a tree of folders")
struct FolderWalkTests {
  @Test("Links are followed, each folder is entered once, and what leads nowhere is named")
  func links() throws {
    let folder = try TemporaryFolder()
    for name in ["a/1.json", "a/b/2.json", ".hidden/3.json", "a/.4.json"] {
      _ = try folder.write([1], to: name)
    }
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.path("a/b/up"), withDestinationPath: folder.path)
    try manager.createSymbolicLink(
      atPath: folder.path("a/gone.json"), withDestinationPath: folder.path("nowhere"))
    let walk = try FolderWalk(folder.path)
    #expect(walk.files == ["a/1.json", "a/b/2.json"].map(folder.path))
    #expect(walk.dangling == [folder.path("a/gone.json")])
    #expect(walk.repeated.map(\.folder) == [folder.path("a/b/up")])
    #expect(walk.repeated.map(\.first) == [folder.path])
    let all = try FolderWalk(folder.path, includingHidden: true)
    #expect(
      all.files == [".hidden/3.json", "a/.4.json", "a/1.json", "a/b/2.json"].map(folder.path))
  }

  @Test("What is no folder, or none that can be listed, is an error and not empty")
  func failures() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1], to: "file")
    for (path, words) in [
      (file, "could not be listed"), (folder.path("no"), "could not be looked at"),
    ] {
      let error = #expect(throws: FolderWalk.Failure.self) { try FolderWalk(path) }
      #expect(
        error?.description.contains("'\(path)' \(words)") == true, "\(error?.description ?? "")")
    }
  }
}
