internal import CHDF5
import Foundation

/// Opening, and the reasons why the library refuses to.
extension HDF5File {
  /// The identifier of the opened file, or the reason in a sentence. Runs inside the lock.
  ///
  /// - Parameter remedy: what to do where the file is absent, or no HDF5 file.
  static func openIdentifier(
    _ path: String, size: Int, remedy: String
  ) throws(DatasetError) -> HDF5Identifier {
    let superblock = try examined(path, size: size, remedy: remedy)
    if let identifier = try openIdentifier(path, locks: true) { return identifier }
    // The library locks what it reads. Some file systems, mostly of networks, have no locks at all;
    // then nobody can hold one, and the file is read without.
    switch lockState(path) {
    case .held:
      throw DatasetError(
        .unreadable,
        "The HDF5 file \(path) is in use by another program that writes to it: wait until that "
          + "program has closed it, and run the command again.")
    case .impossible:
      HDF5Library.forgetFailures()
      if let identifier = try openIdentifier(path, locks: false) { return identifier }
    case .free:
      break
    }
    throw refusal(path, superblock, HDF5Library.errors())
  }

  /// The first block of a file, nil where it lies far behind, once everything has been asked of the
  /// file that can be before the library opens it.
  ///
  /// It is read here first: what the system refuses then has the system's words. The descriptor is
  /// closed before the library has one, since closing any of them may release the locks of all.
  private static func examined(
    _ path: String, size: Int, remedy: String
  ) throws(DatasetError) -> Superblock? {
    let reader = try DataReader(path, remedy: remedy)
    let superblock = try firstBlock(reader)
    guard H5Fis_hdf5(path) > 0 else { throw try notHDF5(path, reader, superblock, remedy) }
    if let superblock,
      let fault = try HDF5Structure.fault(in: reader, size: size, superblock: superblock.offset)
    {
      // A file that is cut short ends in the middle of headers, which is said in the same words.
      throw damaged(path, fault)
    }
    let base = superblock?.offset ?? 0
    if let fault = try HDF5Heaps.fault(in: reader, size: size, superblock: base) {
      throw damaged(path, fault)
    }
    return superblock
  }

  /// Why the library does not take a file for one of its own.
  private static func notHDF5(
    _ path: String, _ reader: DataReader, _ superblock: Superblock?, _ remedy: String
  ) throws(DatasetError) -> DatasetError {
    if let refused = HDF5Library.refusal?.error(reading: path) { return refused }
    guard superblock == nil else {
      return DatasetError(
        .unreadable,
        "The HDF5 library could not look at \(path) (\(HDF5Library.deepestError())): check the "
          + "disk, then run the command again.")
    }
    let head = try reader.bytes(at: 0, upTo: FileKind.headBytes)
    let kind = FileKind.name(of: head).map { ", but \($0)" } ?? ""
    return DatasetError(
      .malformed,
      "The file \(path) is not an HDF5 file\(kind): \(remedy).")
  }

  private static func openIdentifier(
    _ path: String, locks: Bool
  ) throws(DatasetError) -> HDF5Identifier? {
    guard let access = HDF5Identifier(H5Pcreate(bda_file_access())),
      bda_set_locking(access.rawValue, locks ? 1 : 0) >= 0
    else {
      throw DatasetError(
        .unreadable, "The HDF5 library could not prepare to open \(path): free some memory.")
    }
    return HDF5Identifier(H5Fopen(path, bda_read_only(), access.rawValue))
  }

  private enum LockState { case free, held, impossible }

  /// Whether a lock for reading can be had, asked for with the call that the library uses.
  private static func lockState(_ path: String) -> LockState {
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .free }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
      flock(descriptor, LOCK_UN)
      return .free
    }
    return errno == EWOULDBLOCK ? .held : .impossible
  }

  /// Why a file that no one locks was refused, from its first block and the library's words.
  private static func refusal(
    _ path: String, _ superblock: Superblock?, _ reasons: [String]
  ) -> DatasetError {
    if let superblock, superblock.version > newestSuperblock {
      return newer(
        "The HDF5 file \(path) begins with a block of version \(superblock.version)", reasons)
    }
    // Bit 0 of the marks of a version 3 block: a writer has the file open, or died with it open.
    if let superblock, superblock.version == 3, superblock.marks & 1 == 1 {
      return DatasetError(
        .unreadable,
        "The HDF5 file \(path) is marked as open for writing: wait until the program that writes it "
          + "has closed it, or, when none does any more, take the mark off a copy of it with "
          + "`h5clear -s COPY` and read the copy.")
    }
    if isAboutVersions(reasons) { return newer("The HDF5 file \(path) has a part", reasons) }
    let reason = reasons.first ?? "no reason given"
    if HDF5Library.lacksMemory {
      return DatasetError(
        .malformed, "The HDF5 file \(path) could not be opened (\(reason)): \(memoryRemedy).")
    }
    return damaged(path, reason)
  }

  /// What to do where there is no memory for what a file declares, be it large or damaged.
  static let memoryRemedy =
    "free some memory and run the command again, or copy the file again whole if that does not help"

  private static func damaged(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(
      .malformed,
      "The HDF5 file \(path) is damaged or cut short (\(reason)): copy it again whole, or create it "
        + "again.")
  }

  /// The newest first block that the library in use reads.
  private static let newestSuperblock = 3

  /// Place, version and marks of the first block.
  private struct Superblock {
    var offset: Int
    var version: Int
    var marks: Int
  }

  /// The first block, nil where there is none; it lies at 0, 512, 1024, ...
  private static func firstBlock(_ reader: DataReader) throws(DatasetError) -> Superblock? {
    var offset = 0
    while offset < 1 << 20 {
      guard let bytes = try reader.whole(at: offset, count: 12) else { return nil }
      if bytes[..<8] == [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] {
        return Superblock(offset: offset, version: Int(bytes[8]), marks: Int(bytes[11]))
      }
      offset = offset == 0 ? 512 : 2 * offset
    }
    return nil
  }

  /// Whether the library's words say that it does not know the version of something.
  static func isAboutVersions(_ reasons: [String]) -> Bool {
    reasons.first.map { $0.contains("version") } ?? false
  }

  /// The error for what only a newer library reads; `subject` begins the sentence.
  static func newer(_ subject: String, _ reasons: [String]) -> DatasetError {
    DatasetError(
      .unsupported,
      "\(subject) that HDF5 \(hdf5LibraryVersion()), in use here, does not know "
        + "(\(reasons.first ?? "no reason given")), as files written with libver=\"latest\" by a newer "
        + "library have: write it again without libver, or with h5py's libver=(\"earliest\", "
        + "\"v110\").")
  }
}
