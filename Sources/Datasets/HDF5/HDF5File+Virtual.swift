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
      let names = (
        file: virtualText(creation, index, H5Pget_virtual_filename),
        array: virtualText(creation, index, H5Pget_virtual_dsetname)
      )
      let file = Self.numbered(names.file, 0)
      if paths[file] == nil { paths[file] = try sourcePath(file, of: name) }
      let first = VirtualMapping(
        index: index, path: paths[file] ?? nil, array: Self.numbered(names.array, 0))
      mappings.append(first)
      // One entry of the list may stand for a row of sources: as many as there are.
      for number in 1..<Self.mostNumberedSources {
        let next = VirtualMapping(
          index: index, path: numberedPath(names.file, number),
          array: Self.numbered(names.array, number))
        guard next.path != first.path || next.array != first.array, isPresent(next) else { break }
        mappings.append(next)
      }
    }
    return mappings
  }

  private static var mostNumberedSources: Int { 100_000 }

  /// The name of the source of that number: "%b" stands for the number, "%%" for a percent sign, as
  /// `H5Pset_virtual` has it.
  private static func numbered(_ name: String, _ number: Int) -> String {
    name.components(separatedBy: "%%").map { $0.replacing("%b", with: "\(number)") }
      .joined(separator: "%")
  }

  /// The path of a numbered source's file: nil where it is this file, "" where there is none.
  private func numberedPath(_ file: String, _ number: Int) -> String? {
    file == "." ? nil : present(companions(Self.numbered(file, number)), path: { $0 }) ?? ""
  }

  /// Whether a numbered source is there; the first that is not ends the row.
  private func isPresent(_ mapping: VirtualMapping) -> Bool {
    guard mapping.path != "" else { return false }
    // What is there and cannot be opened is said by whoever looks into it.
    guard let file = try? sourceFile(of: mapping) else { return true }
    return (try? file.contains(mapping.array)) ?? true
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
    if let covered = coveredValues(creation), covered < total {
      throw unexpected(
        name, "is made of other arrays that give only \(covered) of its \(total) values",
        remedy: "map all of them")
    }
    return bytes
  }

  /// The number of values that some part gives, each counted once; nil where a part gives all, or has no
  /// end.
  private func coveredValues(_ creation: borrowing HDF5Identifier) -> Int? {
    var count = 0
    guard H5Pget_virtual_count(creation.rawValue, &count) >= 0,
      let union = HDF5Identifier(H5Pget_virtual_vspace(creation.rawValue, 0))
    else { return 0 }
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
    if H5Sget_select_type(space.rawValue) == H5S_SEL_ALL {
      return try requireCount(of: mapping, shape, creation, name)
    }
    // A selection without end takes what there is.
    guard Int(H5Sget_select_npoints(space.rawValue)) > 0 else { return }
    let rank = Int(H5Sget_simple_extent_ndims(space.rawValue))
    var first = [hsize_t](repeating: 0, count: 32)
    var last = [hsize_t](repeating: 0, count: 32)
    guard (1...32).contains(rank), H5Sget_select_bounds(space.rawValue, &first, &last) >= 0
    else { return }
    let wanted = last.prefix(rank).map { Int(clamping: $0) }
    guard shape.count == rank, zip(wanted, shape).allSatisfy({ $0 < $1 }) else {
      throw otherShape(mapping, shape, of: name, takes: "values up to position \(wanted)")
    }
  }

  /// The error of a source that has not what a part of an array takes of it.
  private func otherShape(
    _ mapping: VirtualMapping, _ shape: [Int], of name: String, takes wanted: String
  ) -> DatasetError {
    DatasetError(
      .unexpectedContents,
      "'\(name)' in the HDF5 file \(path) takes \(wanted) from '\(mapping.array)' in "
        + "\(mapping.path ?? path), which has the shape \(shape): put the whole source there, or write "
        + "the values into one file.")
  }

  /// Requires that a source that is taken as a whole has as many values as its part of the array: such a
  /// selection is kept without its extents.
  private func requireCount(
    of mapping: VirtualMapping, _ shape: [Int], _ creation: borrowing HDF5Identifier,
    _ name: String
  ) throws(DatasetError) {
    guard let part = HDF5Identifier(H5Pget_virtual_vspace(creation.rawValue, mapping.index))
    else { throw malformed(name, "has no readable list of sources") }
    var wanted = Int(H5Sget_select_npoints(part.rawValue))
    // A selection without end has no number of points.
    if wanted < 0 {
      let rank = Int(H5Sget_simple_extent_ndims(part.rawValue))
      var counts = [hsize_t](repeating: 1, count: 32)
      var blocks = [hsize_t](repeating: 1, count: 32)
      guard (1...32).contains(rank),
        H5Sget_regular_hyperslab(part.rawValue, nil, nil, &counts, &blocks) >= 0
      else { return }
      // Each source fills one block of it.
      wanted = zip(counts, blocks).prefix(rank).reduce(1) { product, part in
        let count = part.0 == hsize_t.max ? 1 : Int(clamping: part.0)
        return product.multipliedReportingOverflow(by: count).partialValue
          .multipliedReportingOverflow(by: Int(clamping: part.1)).partialValue
      }
    }
    let values = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard values == wanted else {
      throw otherShape(mapping, shape, of: name, takes: "\(wanted) values")
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
    return text(buffer)
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
