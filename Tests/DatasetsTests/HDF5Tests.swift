import CHDF5
import Datasets
import Foundation
import TestSupport
import Testing

@Suite("HDF5")
struct HDF5Tests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func written(_ write: (HDF5Writer) throws -> Void) throws -> HDF5File {
    let path = folder.path("file.h5")
    let writer = try HDF5Writer(path: path)
    try write(writer)
    try writer.finish()
    return try HDF5File.open(path)
  }

  private func check<Element: HDF5Element & Equatable>(_ values: [Element]) throws {
    let file = try written { writer in
      try writer.write(values, shape: [2, 2], to: "a/b/plain")
      try writer.write(values, shape: [4], to: "packed", layout: .chunked([3], shuffles: true))
      try writer.write(scalar: values[0], to: "scalar")
      try writer.write([] as [Element], shape: [0, 3], to: "empty", layout: .chunked([1, 3]))
    }
    #expect(try file.read("a/b/plain") == HDF5Array(shape: [2, 2], values: values))
    #expect(try file.read("/packed") == HDF5Array(shape: [4], values: values))
    #expect(try file.read("scalar") == HDF5Array(shape: [], values: [values[0]]))
    #expect(try file.read("empty") == HDF5Array(shape: [0, 3], values: [Element]()))
    #expect(try file.shape(of: "a/b/plain") == [2, 2])
    #expect(try file.members() == ["a", "empty", "packed", "scalar"])
    #expect(try file.members(of: "a") == ["b"])
    let found = try ["a/b/plain", "a", "a/x/plain"].map { try file.contains($0) }
    #expect(found == [true, true, false])
  }

  @Test func everyElementTypeComesBack() throws {
    try check([0, -1.5, .infinity, Float.leastNonzeroMagnitude])
    try check([0, -1.5, 1e300, Double.pi])
    try check([0, 1, 2, UInt8.max])
    try check([0, 1, Int8.min, Int8.max])
    try check([0, 1, 2, UInt16.max])
    try check([0, 1, Int16.min, Int16.max])
    try check([0, 1, 2, UInt32.max])
    try check([0, 1, Int32.min, Int32.max])
    try check([0, 1, 2, UInt64.max])
    try check([0, 1, Int64.min, Int64.max])
  }

  @Test func attributesComeBack() throws {
    let values: [(String, HDF5Attribute)] = [
      ("text", .string("gr\u{fc}n")), ("empty", .string("")),
      ("texts", .strings(["a", "", "bcd"])),
      ("none", .strings([])), ("number", .integer(-7)), ("numbers", .integers([1, 2, 3])),
      ("real", .real(0.1)), ("reals", .reals([1, .infinity])),
    ]
    let file = try written { writer in
      try writer.write([1] as [Float], shape: [1], to: "group/array")
      for (name, value) in values {
        try writer.setAttribute(name, value)
        try writer.setAttribute(name, value, of: "group/array")
      }
    }
    for object in ["/", "group/array"] {
      for (name, value) in values { #expect(try file.attribute(name, of: object) == value) }
      #expect(try file.attributeNames(of: object) == values.map(\.0).sorted())
      #expect(try file.attribute("absent", of: object) == nil)
    }
    #expect(try file.string("text") == "gr\u{fc}n" && file.integer("number") == -7)
    let error = datasetError { _ = try file.string("number") }
    #expect(error?.message.contains("'/@number'") == true)
  }

  /// Types that other programs store: written through the C library, big-endian among them.
  @Test func foreignTypesAreConverted() throws {
    let path = folder.path("foreign.h5")
    let file = H5Fcreate(path, bda_truncate(), 0, accessWithoutLocks())
    func store(_ name: String, _ type: hid_t, _ values: [Double]) {
      let count = [hsize_t(values.count)]
      let space = H5Screate_simple(1, count, nil)
      let array = H5Dcreate2(file, name, type, space, 0, 0, 0)
      #expect(H5Dwrite(array, bda_native_double(), 0, 0, 0, values) >= 0)
      H5Dclose(array)
      H5Sclose(space)
    }
    let bigFloat = H5Tcopy(bda_stored_double())
    H5Tset_order(bigFloat, H5T_ORDER_BE)
    let bigInteger = H5Tcopy(bda_stored_int32())
    H5Tset_order(bigInteger, H5T_ORDER_BE)
    // IEEE half precision, as NumPy's float16 is stored.
    let half = H5Tcopy(bda_stored_float())
    H5Tset_fields(half, 15, 10, 5, 0, 10)
    H5Tset_size(half, 2)
    H5Tset_ebias(half, 15)
    store("big", bigFloat, [1.5, -2])
    store("integer", bigInteger, [3, -4])
    store("half", half, [0.5, 2048])
    store("wide", bda_stored_uint64(), [5, 6])
    H5Fclose(file)

    let opened = try HDF5File.open(path)
    #expect(try opened.read("big", as: Float.self).values == [1.5, -2])
    #expect(try opened.read("integer", as: Double.self).values == [3, -4])
    #expect(try opened.read("half", as: Float.self).values == [0.5, 2048])
    #expect(try opened.readIntegers("integer").values == [3, -4])
  }

  @Test func integersAreReadWithoutLoss() throws {
    let file = try written { writer in
      try writer.write([1, 2.5] as [Double], shape: [2], to: "fraction")
      try writer.write([1, .nan] as [Float], shape: [2], to: "nan")
      try writer.write([1, 1e30] as [Double], shape: [2], to: "huge")
      try writer.write([1, .max] as [UInt64], shape: [2], to: "unsigned")
      try writer.write([1, 12] as [UInt8], shape: [2], to: "label")
      try writer.write([0, 9] as [Float], shape: [2], to: "right")
    }
    #expect(try file.readIntegers("right", in: 0...9).values == [0, 9])
    for (name, sentence) in [
      ("fraction", "holds 2.5 at position 1"), ("nan", "holds nan at position 1"),
      ("huge", "holds 1e+30 at position 1"), ("unsigned", "holds 18446744073709551615"),
      ("label", "holds 12 at position 1, which is outside 0...9"),
    ] {
      let error = datasetError { _ = try file.readIntegers(name, in: 0...9) }
      #expect(error?.message.contains(sentence) == true, "\(error?.message ?? name)")
      #expect(error?.kind == .unexpectedContents)
    }
  }

  @Test func whatCannotBeReadSaysWhy() throws {
    let path = folder.path("odd.h5")
    let file = H5Fcreate(path, bda_truncate(), 0, accessWithoutLocks())
    let one = H5Screate_simple(1, [1], nil)
    let huge = H5Screate_simple(2, [1 << 40, 1 << 40], nil)
    let wide = H5Screate_simple(1, [1 << 36], nil)
    let chunked = H5Pcreate(bda_dataset_creation())
    H5Pset_chunk(chunked, 2, [1024, 1024])
    let text = H5Tcopy(bda_c_string())
    H5Tset_size(text, 4)
    let pair = H5Tcreate(H5T_COMPOUND, 8)
    H5Tinsert(pair, "left", 0, bda_native_float())
    H5Dclose(H5Dcreate2(file, "texts", text, one, 0, 0, 0))
    H5Dclose(H5Dcreate2(file, "pairs", pair, one, 0, 0, 0))
    H5Dclose(H5Dcreate2(file, "huge", bda_stored_float(), huge, 0, chunked, 0))
    H5Dclose(H5Dcreate2(file, "wide", bda_stored_float(), wide, 0, 0, 0))
    H5Dclose(H5Dcreate2(file, "unwritten", bda_stored_float(), one, 0, 0, 0))
    H5Dclose(H5Dcreate2(file, "null", bda_stored_float(), H5Screate(H5S_NULL), 0, 0, 0))
    H5Gclose(H5Gcreate2(file, "group", 0, 0, 0))
    H5Lcreate_soft("/nowhere", file, "dangling", 0, 0)
    H5Fclose(file)

    let opened = try HDF5File.open(path)
    for (name, sentence) in [
      ("texts", "holds texts, not numbers"), ("pairs", "holds compound records"),
      ("huge", "declares the shape"), ("wide", "declares the shape"),
      ("unwritten", "stores no values"), ("null", "declared without any data"),
      ("group", "is a group, not an array"), ("dangling", "is a link that leads nowhere"),
      ("absent", "has no object named 'absent'"), ("absent/deep", "has no object named"),
    ] {
      let error = datasetError { _ = try opened.read(name, as: Float.self) }
      #expect(error?.message.contains(sentence) == true, "\(name): \(error?.message ?? "none")")
      #expect(error.map { isSentence($0.message) && $0.message.contains(path) } == true)
      #expect(error?.exitCode == 65)
    }
    // Whether it is there cannot be answered by "no" where somebody meant it to be.
    let error = datasetError { _ = try opened.contains("dangling") }
    #expect(error?.message.contains("leads nowhere") == true)
    let isThere = try opened.contains("absent")
    #expect(!isThere)
  }

  @Test func filesThatAreNotHDF5SayWhatTheyAre() throws {
    let empty = try folder.write([], to: "empty.h5")
    let text = try folder.write(Array("hello, this is no HDF5".utf8), to: "text.h5")
    for (path, sentence, code) in [
      (empty, "is empty (0 bytes)", 65), (text, "is not an HDF5 file", 65),
      (folder.path("absent.h5"), "does not exist", 66), (folder.path, "is a folder", 66),
    ] as [(String, String, Int32)] {
      let error = datasetError { _ = try HDF5File.open(path) }
      #expect(error?.message.contains(sentence) == true, "\(error?.message ?? path)")
      #expect(error.map { isSentence($0.message) } == true)
      #expect(error?.exitCode == code)
    }
  }

  @Test(.enabled(if: geteuid() != 0, "The superuser may read every file."))
  func anUnreadableFileSaysSo() throws {
    let path = try folder.write([1, 2, 3], to: "secret.h5")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    let error = datasetError { _ = try HDF5File.open(path) }
    #expect(error?.exitCode == 66 && error?.message.contains("permissions") == true)
  }

  @Test func anUnfinishedWriterLeavesTheOldFile() throws {
    let path = folder.path("kept.h5")
    let first = try HDF5Writer(path: path)
    try first.write(scalar: 1.0, to: "value")
    try first.finish()
    do {
      let second = try HDF5Writer(path: path)
      try second.write(scalar: 2.0, to: "value")
      #expect(try folder.names().count == 2)
    }
    #expect(try folder.names() == ["kept.h5"])
    #expect(try HDF5File.open(path).read("value", as: Double.self).values == [1])
  }

  @Test func anUnwritableFolderSaysSo() throws {
    let file = try folder.write([1], to: "file")
    let error = datasetError { _ = try HDF5Writer(path: "\(file)/below/out.h5") }
    #expect(error?.kind == .unwritable && error?.exitCode == 1)
    #expect(error.map { isSentence($0.message) } == true)
  }

  @Test func openFilesMayBeReadFromManyThreads() async throws {
    let file = try written { writer in
      for index in 0..<8 { try writer.write(scalar: Double(index), to: "v\(index)") }
    }
    let sums = try await withThrowingTaskGroup(of: Double.self) { group in
      for index in 0..<64 {
        group.addTask { try file.read("v\(index % 8)", as: Double.self).values[0] }
      }
      return try await group.reduce(0, +)
    }
    #expect(sums == 8 * 28)
  }
}
