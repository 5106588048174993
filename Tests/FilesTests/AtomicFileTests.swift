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
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write("text", to: folder.path("target"))
    }
    #expect(error?.kind == .isFolder)
    #expect(error?.message.contains(folder.path("target")) == true)
    #expect(try folder.names() == ["target"])
    #expect(try folder.names(in: "target") == ["inside"])
  }

  @Test("A folder that cannot be made is named")
  func noFolder() throws {
    let file = try folder.write([1], to: "file")
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write("text", to: file + "/below/it")
    }
    #expect(error?.kind == .missingFolder)
    #expect(error?.message.contains("/file/below") == true)
  }

  // MARK: - Links, devices, pipes

  @Test("A symbolic link stays, and its target is written, whether it was there or not")
  func links() throws {
    let target = try folder.write([1], to: "real/target")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path("absolute"), withDestinationPath: target)
    try files.createSymbolicLink(atPath: folder.path("relative"), withDestinationPath: "absolute")
    try files.createSymbolicLink(
      atPath: folder.path("dangling"), withDestinationPath: "real/later")
    try AtomicFile.write("through", to: folder.path("relative"))
    try AtomicFile.write("new", to: folder.path("dangling"))
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "through")
    #expect(try String(contentsOfFile: folder.path("real/later"), encoding: .utf8) == "new")
    #expect(try files.destinationOfSymbolicLink(atPath: folder.path("relative")) == "absolute")
    #expect(try folder.names(in: "real") == ["later", "target"])
    #expect(try folder.names() == ["absolute", "dangling", "real", "relative"])
  }

  @Test("Links in a circle are an error, not an endless search")
  func circle() throws {
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path("a"), withDestinationPath: "b")
    try files.createSymbolicLink(atPath: folder.path("b"), withDestinationPath: "a")
    #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder.path("a")) }
    #expect(try folder.names() == ["a", "b"])
  }

  @Test("A device is written through and stays a device")
  func device() throws {
    try AtomicFile.write("nothing", to: "/dev/null")
    let file = try AtomicFile(path: "/dev/null")
    try file.commit()
    var status = stat()
    #expect(stat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
    let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: "/dev/full") }
    #expect(error?.kind == .noSpace)
  }

  @Test("A FIFO passes on what is written, in one piece or through a temporary file")
  func fifo() throws {
    let path = folder.path("fifo")
    #expect(mkfifo(path, 0o600) == 0)
    // Open for both, so that nobody waits for the other end.
    let reader = open(path, O_RDWR | O_NONBLOCK)
    #expect(reader >= 0)
    defer { close(reader) }
    try AtomicFile.write("ab", to: path)
    let file = try AtomicFile(path: path)
    try Data("cd".utf8).write(to: URL(fileURLWithPath: file.temporaryPath))
    try file.commit()
    var bytes = [UInt8](repeating: 0, count: 8)
    #expect(read(reader, &bytes, 8) == 4)
    #expect(bytes.prefix(4) == ArraySlice("abcd".utf8))
    #expect(try folder.names() == ["fifo"])
  }

  // MARK: - Names and leftovers

  @Test("The longest name is written; one byte more is a sentence")
  func longNames() throws {
    let name = String(repeating: "n", count: 255)
    try AtomicFile.write("x", to: folder.path(name))
    #expect(try folder.names() == [name])
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write("x", to: folder.path(name + "n"))
    }
    #expect(error?.kind == .nameTooLong)
  }

  @Test("A value that goes away takes its temporary file along")
  func dropped() throws {
    do {
      let file = try AtomicFile(path: folder.path("file"))
      #expect(try folder.names() == [URL(fileURLWithPath: file.temporaryPath).lastPathComponent])
      #expect(file.temporaryPath.contains("/.file.\(getpid())-"))
      #expect(file.temporaryPath.hasSuffix(".partial"))
    }
    #expect(try folder.names().isEmpty)
  }

  @Test("The sweep takes what dead processes and old days have left, and nothing else")
  func sweep() throws {
    let mine = try AtomicFile(path: folder.path("mine"))
    let own = URL(fileURLWithPath: mine.temporaryPath).lastPathComponent
    let tag = try #require(own.split(separator: "-").last)
    // No process has so large a number (the kernel's limit is 2^22).
    let dead = try folder.write([1], to: ".dead.json.99999999-\(tag)")
    let otherMachine = ".other.json.99999999-zzzz"
    _ = try folder.write([1], to: otherMachine)
    let away = tag.hasPrefix("0000") ? "1111" : "0000"
    let foreign = try folder.write([1], to: ".foreign.99999999-\(away)12345678.partial")
    let old = try folder.write([1], to: ".old.1-\(tag)")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: old)
    _ = try folder.write([1], to: "kept.partial")
    let tree = folder.path(".tree.99999999-\(tag)")
    _ = try folder.write([1], to: ".tree.99999999-\(tag)/class/image.png")
    let removed = AtomicFile.sweepStale(in: folder.path)
    #expect(removed == [dead, old, tree])
    #expect(!FileManager.default.fileExists(atPath: tree))
    #expect(FileManager.default.fileExists(atPath: foreign))
    #expect(FileManager.default.fileExists(atPath: mine.temporaryPath))
    #expect(try folder.names().contains("kept.partial"))
    #expect(try folder.names().contains(otherMachine))
    #expect(AtomicFile.sweepStale(in: folder.path("absent")).isEmpty)
  }
}
