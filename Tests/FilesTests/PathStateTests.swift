import Files
import Foundation
import TestSupport
import Testing

/// What lies under a path, and what cannot be known.
@Suite("What lies under a path")
struct PathStateTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test("Folders, files, devices and nothing are told apart, links followed")
  func kinds() throws {
    let file = try folder.write([1], to: "below/file")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "below")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("dangling"), withDestinationPath: "nowhere")
    #expect(PathState(folder.path("below")) == .folder && PathState(folder.path("link")) == .folder)
    #expect(PathState(file) == .file && PathState("/dev/null") == .other)
    for name in ["nothing", "nothing/at/all", "below/file/more", "dangling"] {
      #expect(PathState(folder.path(name)) == .nothing)
      #expect(PathState(folder.path(name)).refusal(of: name) == nil)
    }
  }

  @Test("What cannot be looked at is not called absent")
  func unreachable() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("circle"), withDestinationPath: "circle")
    let state = PathState(folder.path("circle"))
    #expect(state == .unreachable(ELOOP))
    #expect(state.refusal(of: "circle")?.contains("'circle' cannot be reached (") == true)
  }

  @Test("Two folders change places in one step; where one is missing nothing changes")
  func exchange() throws {
    _ = try folder.write([1], to: "first/a")
    _ = try folder.write([2], to: "second/b")
    guard FileExchange.exchange(folder.path("first"), folder.path("second")) else {
      print("Not tested: the file system cannot exchange names.")
      return
    }
    #expect(try folder.names(in: "first") == ["b"] && folder.names(in: "second") == ["a"])
    #expect(!FileExchange.exchange(folder.path("first"), folder.path("third")))
    #expect(try folder.names() == ["first", "second"])
  }
}
