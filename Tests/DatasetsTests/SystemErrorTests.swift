import CHDF5
import Datasets
import Foundation
import TestSupport
import Testing

/// What the system refuses is neither damage nor absence: of the bytes nothing is known, and who is
/// told to create a file again loses a good one.
@Suite("Errors of the system")
struct SystemErrorTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A regular file that the system refuses to read, on machines that have one: nobody can say at
  /// what speed a machine is connected to itself.
  static let refused: String? = [
    "/sys/class/net/lo/speed", "/sys/class/net/lo/duplex",
  ].first { path in
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    var byte: UInt8 = 0
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && status.st_size >= 4 && pread(descriptor, &byte, 1, 0) < 0
  }

  /// Checks that the error is the system's, with its words, and that it costs nobody a file.
  private func check(_ error: DatasetError?, _ words: String...) {
    let message = error?.message ?? "no error"
    for part in words { #expect(message.contains(part), "\(message)") }
    #expect(error?.kind == .unreadable && error?.exitCode == 66, "\(message)")
    #expect(isSentence(message), "\(message)")
    for part in [
      "damaged", "does not exist", "again whole", "no object", "leads nowhere", "create",
    ] {
      #expect(!message.contains(part), "\(message)")
    }
  }

  /// A file written through the C library, as other programs do; `write` gets its identifier.
  private func foreign(_ name: String, _ write: (hid_t) -> Void) -> String {
    let path = folder.path(name)
    writeForeign(path, write)
    return path
  }

  // MARK: - Sentences

  @Test(arguments: [
    (EIO, "check the disk"), (EACCES, "check its permissions"), (EPERM, "check its permissions"),
    (EMFILE, "raise the limit of open files"), (ENFILE, "close programs"),
    (ENOMEM, "free some memory"), (EAGAIN, "wait until no other program"),
    (ESTALE, "check the connection"), (EINVAL, "check the disk"),
  ])
  func everyErrorHasItsWordsAndARemedy(code: Int32, remedy: String) {
    let words = String(cString: strerror(code))
    check(
      DatasetError(code, reading: "/data/a.h5"),
      "The file /data/a.h5 could not be read (\(words)):", remedy, "then run the command again")
    check(
      DatasetError(code, reaching: "/data/a.h5"), "/data/a.h5 could not be reached (\(words)):",
      "then run the command again")
  }

  @Test func foldersOnTheWayAreMeantWhereAFileCannotBeReached() {
    check(DatasetError(EACCES, reaching: "/data/a.h5"), "make the folders on the way readable")
    check(DatasetError(ENAMETOOLONG, reaching: "/data/a.h5"), "shorten the path")
  }

  // MARK: - What the library says

  /// As HDF5 1.10 describes a read that the system refused, the deepest first.
  private func reading(_ file: String, _ code: Int32) -> [String] {
    [
      "file read failed: time = Fri Nov 27 17:50:04 2026\n, filename = '\(file)', file descriptor "
        + "= 3, errno = \(code), error message = '\(String(cString: strerror(code)))', buf = 0x7f, "
        + "total read size = 8, bytes this sub-read = 8, bytes actually read = 18446744073709551615"
        + ", offset = 0",
      "driver read request failed", "unable to load B-tree node", "path doesn't exist",
    ]
  }

  /// As it describes a file that could not be opened.
  private func opening(_ file: String, _ code: Int32) -> [String] {
    [
      "unable to open file: name = '\(file)', errno = \(code), error message = "
        + "'\(String(cString: strerror(code)))', flags = 0, o_flags = 0",
      "open failed", "unable to open file",
    ]
  }

  @Test func theSystemsNumberIsFoundAmongTheLibrarysWords() {
    let failures: [([String], Int32, String?)] = [
      (reading("/data/a.h5", EIO), EIO, "/data/a.h5"),
      (reading("version, errno = 2.h5", ESTALE), ESTALE, "version, errno = 2.h5"),
      (reading("it's here.h5", EIO), EIO, "it's here.h5"),
      (opening("/data/a.h5", EMFILE), EMFILE, "/data/a.h5"),
      (
        [
          "unable to fstat file, errno = 5, error message = 'Input/output error'", "open failed",
          "unable to open file: time = Fri Nov 27 17:50:05 2026\n, name = 'a.h5', tent_flags = 0",
        ], EIO, "a.h5"
      ),
      (
        [
          "unable to lock file, errno = \(ENOLCK), error message = 'No locks available'",
          "driver lock request failed", "unable to lock the file", "unable to open file",
        ], ENOLCK, nil
      ),
    ]
    for (descriptions, code, file) in failures {
      let failure = HDF5Failure(descriptions: descriptions)
      #expect(failure.code == code && failure.file == file, "\(failure)")
      let named = file ?? "/data/main.h5"
      check(failure.error(reading: "/data/main.h5"), "The file \(named) could not be read (")
    }
  }

  @Test func whatAFileCausesItselfIsNotTheSystems() {
    for descriptions in [
      opening("gone.h5", ENOENT), opening("a.h5/b.h5", ENOTDIR), opening("circle.h5", ELOOP),
      ["inflate() failed", "filter returned failure during read"],
      ["bad object header version number", "unable to load object header"],
      [
        "truncated file: eof = 96, sblock->base_addr = 0, stored_eof = 2072", "unable to open file",
      ],
      ["no error: errno = 0, error message = 'Success'"], [],
    ] {
      let failure = HDF5Failure(descriptions: descriptions)
      #expect(failure.code == nil && failure.error(reading: "a.h5") == nil, "\(failure)")
    }
  }

  @Test func reasonsHaveNoParticulars() {
    func reasons(_ descriptions: [String]) -> [String] {
      HDF5Failure(descriptions: descriptions).reasons
    }
    let words = String(cString: strerror(EIO))
    // A path with "version" in it has said that the file was of a newer one.
    #expect(
      reasons(reading("/version 9/a.h5", EIO)) == [
        "file read failed: \(words)", "driver read request failed", "unable to load B-tree node",
        "path doesn't exist",
      ])
    #expect(reasons(opening("version.h5", EIO)).first == "unable to open file: \(words)")
    #expect(
      reasons([
        "unable to open file, file name = 'version.h5', temp_file_name = 'version.h5'",
        "unable to open external file, external link file name = 'version.h5'",
        "truncated file: eof = 96, stored_eof = 2072",
      ]) == [
        "unable to open file", "unable to open external file",
        "truncated file: eof = 96, stored_eof = 2072",
      ])
  }

  // MARK: - Files

  @Test func aNameThatIsTooLongIsNotMissing() {
    let path = folder.path(String(repeating: "x", count: 300) + ".h5")
    check(datasetError { _ = try HDF5File.open(path) }, "could not be reached", "shorten the path")
    check(datasetError { _ = try PNGImage.read(path) }, "could not be reached", "shorten the path")
  }

  @Test(.enabled(if: geteuid() != 0, "The superuser may enter every folder."))
  func aFolderWithoutPermissionHidesNothing() throws {
    let path = try folder.write([1, 2, 3], to: "closed/a.h5")
    let closed = folder.path("closed")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: closed)
    }
    check(datasetError { _ = try HDF5File.open(path) }, "could not be reached", "folders")
    check(datasetError { _ = try PNGImage.read(path) }, "could not be reached", "folders")
    let link = foreign("link.h5") { H5Lcreate_external("closed/a.h5", "a", $0, "a", 0, 0) }
    check(datasetError { _ = try HDF5File.open(link).contains("a") }, "closed/a.h5", "folders")
  }

  @Test(.enabled(if: geteuid() != 0, "The superuser may read every file."))
  func anotherFileWithoutPermissionIsNamed() throws {
    let secret = foreign("secret.h5") { H5Gclose(H5Gcreate2($0, "a", 0, 0, 0)) }
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: secret)
    let link = foreign("link.h5") { H5Lcreate_external("secret.h5", "a", $0, "a", 0, 0) }
    check(
      datasetError { _ = try HDF5File.open(link).contains("a") }, "The file \(secret) could not",
      "check its permissions")
  }

  @Test func aLinkIntoACircleIsSaid() throws {
    let (one, two) = (folder.path("one.h5"), folder.path("two.h5"))
    try FileManager.default.createSymbolicLink(atPath: one, withDestinationPath: two)
    try FileManager.default.createSymbolicLink(atPath: two, withDestinationPath: one)
    let link = foreign("link.h5") { H5Lcreate_external("one.h5", "a", $0, "a", 0, 0) }
    check(
      datasetError { _ = try HDF5File.open(link).read("a", as: Float.self) }, one,
      "leads round in a circle")
  }

  @Test(.enabled(if: Self.refused != nil, "This machine has no file that cannot be read."))
  func aReadThatIsRefusedIsNoDamage() throws {
    let refused = try #require(Self.refused)
    let sentence = "The file \(refused) could not be read ("
    check(datasetError { _ = try HDF5File.open(refused) }, sentence)
    check(datasetError { _ = try PNGImage.read(refused) }, sentence)

    let link = foreign("link.h5") { H5Lcreate_external(refused, "a", $0, "a", 0, 0) }
    check(
      datasetError { _ = try HDF5File.open(link).read("a", as: UInt8.self) }, sentence)
    check(datasetError { _ = try HDF5File.open(link).contains("a") }, refused)
    check(datasetError { _ = try HDF5File.open(link).string("name", of: "a") }, refused)

    let outside = foreign("outside.h5") { file in
      let space = H5Screate_simple(1, [4], nil)
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_external(creation, refused, 0, 4)
      H5Dclose(H5Dcreate2(file, "a", bda_stored_uint8(), space, 0, creation, 0))
      H5Pclose(creation)
    }
    check(
      datasetError { _ = try HDF5File.open(outside).read("a", as: UInt8.self) }, outside,
      "check these files")

    let parts = foreign("parts.h5") { file in
      let space = H5Screate_simple(1, [4], nil)
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_virtual(creation, space, refused, "a", space)
      H5Dclose(H5Dcreate2(file, "a", bda_stored_uint8(), space, 0, creation, 0))
      H5Pclose(creation)
    }
    check(
      datasetError { _ = try HDF5File.open(parts).read("a", as: UInt8.self) }, sentence)
  }

  /// The reason of what is damage, which the release of a handle had taken away.
  @Test func damageHasItsReason() throws {
    let path = folder.path("whole.h5")
    let writer = try HDF5Writer(path: path)
    try writer.write([UInt8](repeating: 7, count: 1000), shape: [1000], to: "a")
    try writer.finish()
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let cut = try folder.write(Array(bytes.dropLast(500)), to: "cut.h5")
    let error = datasetError { _ = try HDF5File.open(cut) }
    #expect(error?.kind == .malformed && error?.exitCode == 65)
    #expect(error?.message.contains("truncated file") == true, "\(error?.message ?? "none")")
    // A failure leaves nothing behind for the next file.
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values.count == 1000)
    #expect(try HDF5File.open(path).contains("b") == false)
  }
}
