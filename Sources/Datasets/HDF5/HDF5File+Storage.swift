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

  // MARK: - Virtual arrays

  private func virtualBytes(
    _ creation: borrowing HDF5Identifier, of array: borrowing HDF5Identifier, _ name: String,
    depth: Int
  ) throws(DatasetError) -> Int {
    // A virtual array of virtual arrays that come back to itself would exhaust the stack.
    guard depth < 4 else {
      throw unexpected(
        name, "is made of arrays of other files that are made so in turn, too deep",
        remedy: "write the values into one file")
    }
    var count = 0
    guard H5Pget_virtual_count(creation.rawValue, &count) >= 0 else {
      throw malformed(name, "has no readable list of sources")
    }
    var bytes = 0
    var seen: [String: Int] = [:]
    var covered: Int? = 0
    var sources: [String: DataReader] = [:]
    for index in 0..<count {
      let file = virtualText(creation, index, H5Pget_virtual_filename)
      let source = virtualText(creation, index, H5Pget_virtual_dsetname)
      let key = "\(file)\n\(source)"
      if seen[key] == nil {
        let path = try sourcePath(file, of: name)
        seen[key] = try sourceBytes(path, source, depth: depth)
        if let path, sources[path] == nil {
          sources[path] = try DataReader(path, remedy: "put it there")
        }
      }
      bytes = bytes.addingReportingOverflow(seen[key] ?? 0).partialValue
      guard bytes >= 0 else { throw tooLarge(name, "\(count) sources") }
      if let space = HDF5Identifier(H5Pget_virtual_vspace(creation.rawValue, index)) {
        let points = Int(H5Sget_select_npoints(space.rawValue))
        // A selection without end has no number of points.
        covered = points > 0 ? covered.map { $0 &+ points } : nil
      }
    }
    try requireDescriptors(beside: sources)
    let total = try shape(of: array, name).reduce(1) { $0.multipliedReportingOverflow(by: $1).0 }
    if let covered, covered < total {
      throw unexpected(
        name, "is made of other arrays that give only \(covered) of its \(total) values",
        remedy: "map all of them")
    }
    return bytes
  }

  /// The other files that hold values of an array, as external storage or as sources of a virtual one.
  func filesOfValues(
    of array: borrowing HDF5Identifier, _ name: String
  ) throws(DatasetError) -> [String] {
    let creation = try creation(of: array, name)
    guard H5Pget_layout(creation.rawValue) == H5D_VIRTUAL else {
      let prefix = externalPrefix(of: creation) ?? ""
      return externalFiles(creation).map { $0.name.hasPrefix("/") ? $0.name : prefix + $0.name }
    }
    var count = 0
    guard H5Pget_virtual_count(creation.rawValue, &count) >= 0 else {
      throw malformed(name, "has no readable list of sources")
    }
    var files: Set<String> = []
    for index in 0..<count {
      let file = virtualText(creation, index, H5Pget_virtual_filename)
      if let path = try sourcePath(file, of: name) { files.insert(path) }
    }
    return files.sorted()
  }

  private func virtualText(
    _ creation: borrowing HDF5Identifier, _ index: Int,
    _ get: (hid_t, Int, UnsafeMutablePointer<CChar>?, Int) -> Int
  ) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    guard get(creation.rawValue, index, &buffer, buffer.count) > 0 else { return "" }
    // Sources numbered by "%b" begin with 0.
    return text(buffer).replacing("%b", with: "0").replacing("%%", with: "%")
  }

  /// Throws unless some more files can be opened while all sources are.
  ///
  /// The library opens them all at once, and reads zeros from those that it cannot open.
  private func requireDescriptors(beside sources: [String: DataReader]) throws(DatasetError) {
    var spare = Array(sources.values)
    for _ in 0..<4 where !sources.isEmpty {
      spare.append(try DataReader(path, remedy: "put it there"))
    }
  }

  /// The path of a file with sources, nil where it is this file.
  private func sourcePath(_ file: String, of name: String) throws(DatasetError) -> String? {
    if file == "." { return nil }
    guard let found = present(companions(file), path: { $0 }) else {
      throw DatasetError(
        .missing,
        "The file \(companions(file).first ?? file), from which '\(name)' in the HDF5 file \(path) "
          + "takes values, does not exist: put it there, or write the values into one file.")
    }
    return found
  }

  /// The stored bytes of one source, which must be there and be readable.
  ///
  /// - Parameter path: the file that it lies in, nil for this one.
  private func sourceBytes(
    _ path: String?, _ source: String, depth: Int
  ) throws(DatasetError) -> Int {
    guard let path else {
      return try storedBytes(of: try openArray(source), source, depth: depth + 1)
    }
    let opened = try HDF5File.open(path, maximumArrayBytes: maximumArrayBytes)
    let array = try opened.openArray(source)
    let stored = try opened.storedBytes(of: array, source, depth: depth + 1)
    guard let missing = try opened.missingFilter(try opened.creation(of: array, source)) else {
      return stored
    }
    // The library reports no error for a source that it cannot unpack in every version.
    throw DatasetError(
      .unsupported,
      "'\(source)' in the HDF5 file \(path) is packed by the filter \(missing), which is not "
        + "installed here: save it again without, for example with `h5repack -f NONE OLD NEW`.")
  }

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
  private func present(_ places: [String], path: (String) -> String) -> String? {
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
