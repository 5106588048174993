internal import CHDF5
import Files
import Foundation

/// Where the values of an array lie: in chunks behind filters, in other files (external storage), or
/// in arrays of other files (virtual arrays). All of it runs inside `HDF5Library.synchronized`.
///
/// The library fills with zeros what it does not find in other files, so they are looked for first.
extension HDF5File {
  /// The properties an array was created with.
  func creation(
    of array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) -> HDF5Identifier {
    guard let creation = HDF5Identifier(H5Dget_create_plist(array.rawValue)) else {
      throw malformed(name, "has no readable properties")
    }
    return creation
  }

  /// The bytes that hold the values of an array, those in other files included; each other file
  /// must be there.
  func storedBytes(
    of array: borrowing HDF5Identifier, _ name: String, depth: Int = 0
  ) throws(DatasetError) -> Int {
    let creation = try creation(of: array, name)
    switch H5Pget_layout(creation.rawValue) {
    case H5D_VIRTUAL:
      return try virtualBytes(creation, of: array, name, depth: depth)
    case H5D_CHUNKED:
      let stored = Int(clamping: H5Dget_storage_size(array.rawValue))
      try requireModestChunks(creation, of: array, name, stored: stored)
      try requireFill(creation, of: array, name)
      return stored
    default:
      try requireExternalFiles(creation, of: array, name)
      return Int(clamping: H5Dget_storage_size(array.rawValue))
    }
  }

  /// A chunk is unpacked as a whole and the library believes what it declares, so that must be what its
  /// bytes can be: no larger than the array may become, and no more chunks than bytes. Nor is an array
  /// larger than it may become, which the library does not look at: it lists all chunks before it reads one.
  private func requireModestChunks(
    _ creation: borrowing HDF5Identifier, of array: borrowing HDF5Identifier, _ name: String,
    stored: Int
  ) throws(DatasetError) {
    var extents = [hsize_t](repeating: 0, count: 32)
    var limits = [hsize_t](repeating: 0, count: 32)
    var chunk = [hsize_t](repeating: 0, count: 32)
    let rank = Int(H5Pget_chunk(creation.rawValue, 32, &chunk))
    guard rank > 0, let type = HDF5Identifier(H5Dget_type(array.rawValue)),
      let space = HDF5Identifier(H5Dget_space(array.rawValue)),
      Int(H5Sget_simple_extent_dims(space.rawValue, &extents, &limits)) == rank
    else { throw malformed(name, "has no readable chunks") }
    let size = max(1, Int(clamping: H5Tget_size(type.rawValue)))
    var bytes = size
    var count = 1
    for (side, (extent, limit)) in zip(chunk, zip(extents, limits)).prefix(rank) {
      guard side > 0, limit == bda_unlimited() || side <= limit else {
        throw malformed(name, "declares chunks of \(chunk.prefix(rank)), larger than the array")
      }
      guard limit == bda_unlimited() || extent <= limit else {
        throw malformed(name, "has \(extent) entries along a side of at most \(limit)")
      }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: Int(clamping: side))
      let along = Int(clamping: extent / side + (extent % side == 0 ? 0 : 1))
      let (chunks, tooMany) = count.multipliedReportingOverflow(by: along)
      guard !overflow, product <= maximumArrayBytes, !tooMany else {
        throw tooLarge(name, "\(chunk.prefix(rank)) a chunk")
      }
      bytes = product
      count = chunks
    }
    guard bytes < 64 << 20 || Double(bytes) <= 2048 * 8 * Double(stored) else {
      throw tooLarge(name, "\(chunk.prefix(rank)) a chunk with only \(stored) bytes stored")
    }
    try requireSoundFilters(creation, name, values: bytes / size, size: size)
    // Some chunks may be left out, as long as they are few. No more bytes are stored than the file has.
    let most = min(stored, FileBytes.size(path) ?? stored)
    guard stored == 0 || count <= max(1024, most) else {
      throw tooLarge(name, "\(extents.prefix(rank)) with only \(stored) bytes stored")
    }
  }

  /// Chunks that are left out are read as the value to fill with, so there must be one: without, the
  /// library gives whatever was in memory.
  private func requireFill(
    _ creation: borrowing HDF5Identifier, of array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) {
    var time = H5D_FILL_TIME_IFSET
    var fill = H5D_FILL_VALUE_DEFAULT
    guard H5Pget_fill_time(creation.rawValue, &time) >= 0,
      H5Pfill_value_defined(creation.rawValue, &fill) >= 0
    else { throw malformed(name, "has no readable properties") }
    guard time == H5D_FILL_TIME_NEVER || fill == H5D_FILL_VALUE_UNDEFINED else { return }
    guard bda_has_all_chunks(array.rawValue, creation.rawValue) != 0 else {
      throw unexpected(
        name, "lacks chunks, and has no value that stands for what is missing",
        remedy: "write all of its values")
    }
  }

  /// The error for values that could not be read: a filter that is missing, else damage.
  func unreadable(
    _ array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) -> DatasetError {
    let reasons = HDF5Library.errors()
    if let missing = try missingFilter(try creation(of: array, name)) {
      return DatasetError(
        .unsupported,
        "'\(name)' in the HDF5 file \(path) is packed by the filter \(missing), which is not "
          + "installed here: save it again without, for example with `h5repack -f NONE OLD NEW` where "
          + "the filter is, or with h5py's create_dataset without compression, or install the filter's "
          + "plugin and name its folder in HDF5_PLUGIN_PATH.")
    }
    if Self.isAboutVersions(reasons) {
      return Self.newer("'\(name)' in the HDF5 file \(path) has a part", reasons)
    }
    // That these files are long enough has been seen: it is the system that refused, of which the
    // library does not say why.
    if let reason = reasons.first, reason.contains("external raw data file") {
      return DatasetError(
        .unreadable,
        "The values of '\(name)' in the HDF5 file \(path) could not be read from the files that "
          + "hold them (\(reason)): check these files and their disk, then run the command again.")
    }
    return malformed(name, "cannot be read (\(reasons.first ?? "no reason given"))")
  }

  // MARK: - External storage

  /// A file of values, and the part of it that is used.
  private struct ExternalFile {
    var name: String
    var offset: Int
    var size: Int?
  }

  private func externalFiles(_ creation: borrowing HDF5Identifier) -> [ExternalFile] {
    (0..<UInt32(max(0, H5Pget_external_count(creation.rawValue)))).map { index in
      var name = [CChar](repeating: 0, count: 4096)
      var offset: off_t = 0
      var size: hsize_t = 0
      guard
        H5Pget_external(creation.rawValue, index, name.count - 1, &name, &offset, &size) >= 0
      else { return ExternalFile(name: "", offset: 0, size: 0) }
      return ExternalFile(
        name: text(name), offset: Int(offset),
        size: size == bda_unlimited() ? nil : Int(clamping: size))
    }
  }

  /// Before which the names of an array's files are put: its own folder when the first lies there,
  /// nil where all is as the library has it.
  func externalPrefix(of creation: borrowing HDF5Identifier) -> String? {
    guard let first = externalFiles(creation).first, !first.name.hasPrefix("/") else { return nil }
    return present(folders.filter { $0 != "" }) { $0 + first.name }
  }

  /// The files of external storage, none for other arrays.
  func externalPaths(_ creation: borrowing HDF5Identifier) -> [String] {
    let prefix = externalPrefix(of: creation) ?? ""
    return externalFiles(creation).map { $0.name.hasPrefix("/") ? $0.name : prefix + $0.name }
  }

  private func requireExternalFiles(
    _ creation: borrowing HDF5Identifier, of array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) {
    let files = externalFiles(creation)
    guard !files.isEmpty else { return }
    let prefix = externalPrefix(of: creation) ?? ""
    var missing = Int(clamping: H5Dget_storage_size(array.rawValue))
    for file in files where missing > 0 {
      let path = file.name.hasPrefix("/") ? file.name : prefix + file.name
      let role = "which holds values of '\(name)' in the HDF5 file \(self.path)"
      var status = stat()
      guard stat(path, &status) == 0 else {
        let code = errno
        guard PathState.isAbsence(code) else {
          throw DataFile.unreachable(path, code, remedy: "put it there")
        }
        throw DatasetError(
          .missing,
          "The file \(path), \(role), does not exist: put it there, or write the values into the HDF5 "
            + "file.")
      }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw DatasetError(
          .unsupported,
          "\(path), \(role), is not a regular file: write the values into the HDF5 file.")
      }
      guard access(path, R_OK) == 0 else {
        throw DatasetError(errno, reading: path)
      }
      let used = min(file.size ?? missing, missing)
      guard file.offset >= 0, used <= Int(status.st_size) - file.offset else {
        throw DatasetError(
          .malformed,
          "The file \(path), \(role), ends before them: copy it again whole, or write the values "
            + "into the HDF5 file.")
      }
      missing -= used
    }
  }

  // MARK: - Where other files lie

  /// The folders beside this file: that of its name and, through a symbolic link, that of its bytes;
  /// each with a slash at its end, "" for the folder of the process.
  var folders: [String] {
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let found = [path, real].map { name in
      name.lastIndex(of: "/").map { String(name[...$0]) } ?? ""
    }
    return DataFile.linkTarget(path) == nil ? [found[0]] : found
  }

  /// The first place with something at its path; else the first where that cannot be told, so that
  /// the reason is met in opening it.
  func present(_ places: [String], path: (String) -> String) -> String? {
    places.first { FileManager.default.fileExists(atPath: path($0)) }
      ?? places.first { !DataFile.isAbsent(path($0)) }
  }

  /// Where the library looks for another file that this one names, in its order.
  func companions(_ name: String) -> [String] {
    if name.hasPrefix("/") {
      return [name] + folders.map { "\($0)\(name.split(separator: "/").last ?? "")" }
    }
    return folders.prefix(1).map { $0 + name } + [name] + folders.dropFirst().map { $0 + name }
  }
}
