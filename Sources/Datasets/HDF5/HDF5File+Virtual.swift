internal import CHDF5
import Files
import Foundation

/// Virtual arrays: those whose values lie in other arrays, mostly of other files. Inside the lock.
extension HDF5File {
  /// One part of a virtual array.
  struct VirtualMapping {
    /// Its number in the array's list.
    let index: Int
    /// The file of the source, nil where it is the array's own.
    let path: String?
    /// The source.
    let array: String
  }

  /// The parts of a virtual array; their files are there.
  ///
  /// - Parameter depth: how many virtual arrays lead to this one.
  func virtualMappings(
    _ creation: borrowing HDF5Identifier, _ name: String, depth: Int
  ) throws(DatasetError) -> [VirtualMapping] {
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
    var mappings: [VirtualMapping] = []
    var paths: [String: String?] = [:]
    for index in 0..<count {
      let file = virtualText(creation, index, H5Pget_virtual_filename)
      if paths[file] == nil { paths[file] = try sourcePath(file, of: name) }
      mappings.append(
        VirtualMapping(
          index: index, path: paths[file] ?? nil,
          array: virtualText(creation, index, H5Pget_virtual_dsetname)))
    }
    return mappings
  }

  /// The bytes that hold the values of a virtual array, in all of its sources together.
  ///
  /// The library gives zeros, or what lies behind, for all that a source does not have: so each source
  /// must be there, hold values, and reach as far as it is used, and together they must give every value.
  func virtualBytes(
    _ creation: borrowing HDF5Identifier, of array: borrowing HDF5Identifier, _ name: String,
    depth: Int
  ) throws(DatasetError) -> Int {
    let mappings = try virtualMappings(creation, name, depth: depth)
    var bytes = 0
    var seen: [String: (stored: Int, shape: [Int])] = [:]
    var readers: [String: DataReader] = [:]
    for mapping in mappings {
      let key = "\(mapping.path ?? "")\n\(mapping.array)"
      let source: (stored: Int, shape: [Int])
      if let known = seen[key] {
        source = known
      } else {
        source = try sourceExtent(mapping, of: name, depth: depth)
        seen[key] = source
        if let path = mapping.path, readers[path] == nil {
          readers[path] = try DataReader(path, remedy: "put it there")
        }
      }
      try requireReach(of: mapping, source.shape, creation, name)
      bytes = bytes.addingReportingOverflow(source.stored).partialValue
      guard bytes >= 0 else { throw tooLarge(name, "\(mappings.count) sources") }
    }
    try requireDescriptors(beside: readers)
    let total = try shape(of: array, name).reduce(1) { $0.multipliedReportingOverflow(by: $1).0 }
    if let covered = coveredValues(creation, mappings.count), covered < total {
      throw unexpected(
        name, "is made of other arrays that give only \(covered) of its \(total) values",
        remedy: "map all of them")
    }
    return bytes
  }

  /// The number of values that some part gives, each counted once; nil where a part gives all, or has no
  /// end.
  private func coveredValues(_ creation: borrowing HDF5Identifier, _ count: Int) -> Int? {
    guard let union = HDF5Identifier(H5Pget_virtual_vspace(creation.rawValue, 0)) else {
      return 0
    }
    var sum = 0
    var isUnion = true
    for index in 0..<count {
      guard let part = HDF5Identifier(H5Pget_virtual_vspace(creation.rawValue, index)) else {
        continue
      }
      // A selection without end has no number of points.
      let points = Int(H5Sget_select_npoints(part.rawValue))
      guard points >= 0, H5Sget_select_type(part.rawValue) != H5S_SEL_ALL else { return nil }
      sum = sum.addingReportingOverflow(points).partialValue
      isUnion = isUnion && bda_add_selection(union.rawValue, part.rawValue) >= 0
    }
    return isUnion ? Int(H5Sget_select_npoints(union.rawValue)) : sum
  }

  /// Requires that a source has all that a part takes of it.
  private func requireReach(
    of mapping: VirtualMapping, _ shape: [Int], _ creation: borrowing HDF5Identifier,
    _ name: String
  ) throws(DatasetError) {
    guard let space = HDF5Identifier(H5Pget_virtual_srcspace(creation.rawValue, mapping.index))
    else { throw malformed(name, "has no readable list of sources") }
    // A selection without end takes what there is.
    guard Int(H5Sget_select_npoints(space.rawValue)) > 0 else { return }
    let rank = Int(H5Sget_simple_extent_ndims(space.rawValue))
    var first = [hsize_t](repeating: 0, count: 32)
    var last = [hsize_t](repeating: 0, count: 32)
    guard (1...32).contains(rank), H5Sget_select_bounds(space.rawValue, &first, &last) >= 0
    else { return }
    let wanted = last.prefix(rank).map { Int(clamping: $0) }
    guard shape.count == rank, zip(wanted, shape).allSatisfy({ $0 < $1 }) else {
      throw DatasetError(
        .unexpectedContents,
        "'\(name)' in the HDF5 file \(path) takes values up to position \(wanted) from "
          + "'\(mapping.array)' in \(mapping.path ?? path), which has the shape \(shape): put the whole "
          + "source there, or write the values into one file.")
    }
  }

  /// Stored bytes and extents of one source, which must be there, hold values and be readable.
  private func sourceExtent(
    _ mapping: VirtualMapping, of name: String, depth: Int
  ) throws(DatasetError) -> (stored: Int, shape: [Int]) {
    let place = try sourceFile(of: mapping).existing(mapping.array)
    let array = try place.file.openArray(place.name)
    let stored = try place.file.storedBytes(of: array, place.name, depth: depth + 1)
    let shape = try place.file.shape(of: array, place.name)
    guard stored > 0 || shape.contains(0) else {
      throw place.file.unexpected(
        place.name, "stores no values, which '\(name)' of \(path) is made of",
        remedy: "write its values")
    }
    let creation = try place.file.creation(of: array, place.name)
    if let missing = try place.file.missingFilter(creation) {
      // The library reports no error for a source that it cannot unpack in every version.
      throw DatasetError(
        .unsupported,
        "'\(place.name)' in the HDF5 file \(place.file.path) is packed by the filter \(missing), which is not "
          + "installed here: save it again without, for example with `h5repack -f NONE OLD NEW`.")
    }
    return (stored, shape)
  }

  /// The file of a source, opened for a look: an array may have more of them than can be open beside those
  /// that the library opens when it reads.
  func sourceFile(of mapping: VirtualMapping) throws(DatasetError) -> HDF5File {
    guard let path = mapping.path else { return self }
    return try HDF5File.open(path, maximumArrayBytes: maximumArrayBytes)
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
}
