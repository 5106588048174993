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

  @Test("A path is read as the system reads it: `..` behind a link leads to where the link does")
  func parentsBehindLinks() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: folder.path("else/deep"), withIntermediateDirectories: true)
    try manager.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "else/deep")
    try AtomicFile.write("text", to: folder.path("link/../new/a.txt"))
    #expect(try String(contentsOfFile: folder.path("else/new/a.txt"), encoding: .utf8) == "text")
    #expect(try folder.names() == ["else", "link"])
    #expect(try folder.names(in: "else/new") == ["a.txt"])
    // A folder on the way that is not there yet is made, as `mkdir -p` would.
    try AtomicFile.write("text", to: folder.path("absent/../b.txt"))
    #expect(try folder.names() == ["absent", "b.txt", "else", "link"])
    let lock = try FileLock(for: folder.path("link/../new/a.txt"))
    withExtendedLifetime(lock) {
      #expect(access(folder.path("else/new/.a.txt.lock"), F_OK) == 0)
    }
    for (path, parts) in [
      ("a", (".", "a")), ("/a", ("/", "a")), ("a/b", ("a", "b")), ("a//b", ("a", "b")),
      ("a/../b", ("a/..", "b")), ("//a", ("/", "a")),
    ] {
      #expect(
        PathParts.folder(of: path) == parts.0 && PathParts.name(of: path) == parts.1, "\(path)")
      #expect(PathParts.name(of: PathParts.sibling(of: path, named: "c")) == "c")
    }
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

  @Test("What the system shows of an open file is written through, by every name it has")
  func openFiles() throws {
    let path = try folder.write(Array("old ".utf8), to: "file")
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    #expect(descriptor >= 0)
    defer { close(descriptor) }
    var before = stat()
    #expect(fstat(descriptor, &before) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "/dev/fd/\(descriptor)")
    try AtomicFile.write("a", to: "/dev/fd/\(descriptor)")
    try AtomicFile.write("b", to: "/proc/self/fd/\(descriptor)")
    try AtomicFile.write("c", to: folder.path("link"))
    try AtomicFile.remove("/dev/fd/\(descriptor)")
    var after = stat()
    #expect(stat(path, &after) == 0)
    #expect(after.st_ino == before.st_ino)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old abc")
    #expect(try folder.names() == ["file", "link"])
    // A folder that is reached through /proc is a folder like others.
    try AtomicFile.write("new", to: "/proc/self/root" + folder.path("other"))
    #expect(try String(contentsOfFile: folder.path("other"), encoding: .utf8) == "new")
  }

  @Test("A link whose target is not UTF-8 is refused, and no other file is written")
  func notUTF8() throws {
    let target: [CChar] = [0x61, CChar(bitPattern: 0xff), 0]
    let code = symlink(target, folder.path("link"))
    #expect(code == 0)
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write("x", to: folder.path("link"))
    }
    #expect(error?.message.contains("that is not UTF-8") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(folder.path("link")) == true)
    #expect(try folder.names() == ["link"])
  }

  // MARK: - Permissions

  private func permissions(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  @Test(
    "A file that is replaced keeps its permissions, and so does one behind a link",
    arguments: [0o600, 0o640, 0o444, 0o755] as [mode_t])
  func keptPermissions(mode: mode_t) throws {
    let path = try folder.write([1], to: "file")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "file")
    #expect(chmod(path, mode) == 0)
    let file = try AtomicFile(path: folder.path("link"))
    // Nobody may read what will be there, not even for a moment.
    #expect(permissions(file.temporaryPath) == mode | 0o600)
    try file.commit([2, 3])
    #expect(permissions(path) == mode)
    try AtomicFile.write("text", to: path)
    #expect(permissions(path) == mode)
    #expect(FileManager.default.contents(atPath: path) == Data("text".utf8))
    #expect(try folder.names() == ["file", "link"])
  }

  @Test(
    "It keeps whose it is, so that its rights are given to nobody else",
    .enabled(if: geteuid() == 0, "Only the superuser may give files away."))
  func keptOwners() throws {
    let path = try folder.write([1], to: "file")
    #expect(chown(path, 1000, 1234) == 0 && chmod(path, 0o660) == 0)
    // A folder that gives its own group to what is made there.
    #expect(chown(folder.path, 0, 4321) == 0 && chmod(folder.path, 0o2775) == 0)
    try AtomicFile.write("text", to: path)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_uid == 1000 && status.st_gid == 1234 && permissions(path) == 0o660)
  }

  @Test("A new file has the permissions that the process gives")
  func newPermissions() throws {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Umask:") })
    let umask = try #require(line.split(whereSeparator: \.isWhitespace).last)
    let mask = try #require(mode_t(umask, radix: 8))
    try AtomicFile.write("text", to: folder.path("file"))
    #expect(permissions(folder.path("file")) == 0o666 & ~mask)
  }

  // MARK: - Files that belong together

  @Test("Where one of several files cannot be named, all stay as they were")
  func together() throws {
    let names = ["a", "b", "key"]
    for name in names { _ = try folder.write(Array("old".utf8), to: name) }
    func written() throws -> [AtomicFile] {
      try names.map { name in
        let file = try AtomicFile(path: folder.path(name))
        try file.fill(Array("new".utf8))
        return file
      }
    }
    func refuse() throws {
      let refused = try written()
      unlink(refused[1].temporaryPath)
      #expect(throws: FileError.self) {
        try AtomicFile.commit(Array(refused[..<2]), vouchedForBy: refused[2])
      }
    }
    try refuse()
    for name in names {
      #expect(try String(contentsOfFile: folder.path(name), encoding: .utf8) == "old")
    }
    #expect(try folder.names() == names, "what had another name for a while is gone")
    // Nor does a new file stay beside the older ones.
    unlink(folder.path("a"))
    try refuse()
    #expect(try folder.names() == ["b", "key"])
    let files = try written()
    _ = try folder.write([1], to: "outdated")
    try AtomicFile.commit(
      Array(files[..<2]), vouchedForBy: files[2], removing: [folder.path("outdated")])
    for name in names {
      #expect(try String(contentsOfFile: folder.path(name), encoding: .utf8) == "new")
    }
    #expect(PathState(folder.path("outdated")) == .nothing)
  }

  @Test("Two that name files in one folder leave those of one of them")
  func setsDoNotMix() throws {
    let names = ["a", "b", "c", "key"]
    let place = folder.path("set")
    for round in 0..<20 {
      DispatchQueue.concurrentPerform(iterations: 4) { writer in
        let files = names.compactMap { name -> AtomicFile? in
          let file = try? AtomicFile(path: "\(place)/\(name)")
          try? file?.fill(Array("\(writer)".utf8))
          return file
        }
        guard files.count == names.count else { return }
        try? AtomicFile.commit(Array(files.dropLast()), vouchedForBy: files[3])
      }
      let contents = try names.map { try String(contentsOfFile: "\(place)/\($0)", encoding: .utf8) }
      #expect(Set(contents).count == 1, "round \(round): \(contents)")
      #expect(try folder.names(in: "set") == names)
    }
  }

  @Test("Only a regular file is removed: links and pipes stay")
  func removed() throws {
    let files = FileManager.default
    #expect(mkfifo(folder.path("fifo"), 0o600) == 0)
    try files.createSymbolicLink(atPath: folder.path("pipe"), withDestinationPath: "fifo")
    _ = try folder.write([1], to: "file")
    try files.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "file")
    for name in ["fifo", "pipe", "link", "absent"] { try AtomicFile.remove(folder.path(name)) }
    #expect(try folder.names() == ["fifo", "link", "pipe"])
  }

  // MARK: - Names and leftovers

  @Test("A name that ends in a slash is refused before anything is written")
  func trailingSlash() throws {
    let code = symlink("absent/", folder.path("link"))
    #expect(code == 0)
    for path in [folder.path + "/out.csv/", folder.path + "/a/b/", folder.path("link")] {
      let error = #expect(throws: FileError.self) { _ = try AtomicFile(path: path) }
      #expect(error?.kind == .isFolder)
      #expect(error?.message.contains("give the name of a file") == true)
      #expect(error?.message.contains("'\(path)'") == true)
    }
    #expect(try folder.names() == ["link"])
  }

  @Test("The name of a temporary file tells for which one it is")
  func destinations() throws {
    for name in ["plain", "two.parts.gz", ".hidden"] {
      let file = try AtomicFile(path: folder.path(name))
      #expect(PartialName.destination(of: file.temporaryPath) == folder.path(name))
    }
    #expect(PartialName.destination(of: folder.path("x.partial")) == folder.path("x.partial"))
  }

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
