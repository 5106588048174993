import CHDF5
import Datasets
import Foundation
import TestSupport
import Testing

/// Files that the library refuses, or reads as zeros: the reason is said, and "damaged" only of what is.
@Suite("HDF5 files with a reason")
struct HDF5RefusalTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    "The library's own filters get no parameters that contradict the array",
    arguments: [
      (false, 2, 1 << 24), (false, 4, Int(UInt32.max)), (false, 6, 99), (false, 3, 2),
      (true, 2, 1 << 24), (true, 4, (1 << 31) - 1),
    ])
  func parametersOfFilters(isScaled: Bool, index: Int, value: Int) throws {
    let count = 96
    let path = folder.foreign("packed.h5") { file in
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 1, [hsize_t(count)])
      if isScaled { H5Pset_scaleoffset(creation, H5Z_SO_INT, 0) } else { H5Pset_nbit(creation) }
      store("a", [hsize_t(count)], in: file, creation)
      H5Pclose(creation)
    }
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values == (1...96).map { UInt8($0) })
    // As the library stores them: values of a chunk third, then a class of types and the size of a value.
    func bytes(_ numbers: [Int]) -> [UInt8] {
      numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    }
    var file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let known = bytes(isScaled ? [2, 0, count, 0, 1] : [8, 1, count, 1, 1])
    let place = try #require(
      (0..<file.count - known.count).first { file[$0...].starts(with: known) }, "no parameters")
    let start = place + 4 * index
    file.replaceSubrange(start..<start + 4, with: bytes([value]))
    try Data(file).write(to: URL(fileURLWithPath: path))
    refusal(path, 65, "'a'", "parameters contradict its type or its chunks")
  }

  @Test func aLockedFileIsInUse() throws {
    let path = folder.foreign("locked.h5") { store("a", [3], in: $0) }
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    refusal(path, 66, "is in use by another program", "wait")
    flock(descriptor, LOCK_UN)
    close(descriptor)
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values == [1, 2, 3])
  }

  @Test func aFileThatIsMarkedOpenIsNotCalledDamaged() throws {
    let access = accessWithoutLocks()
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110)
    let path = folder.path("open.h5")
    let copy = folder.path("copy.h5")
    let file = H5Fcreate(path, bda_truncate(), 0, access)
    store("a", [3], in: file)
    // Single writer, many readers: only then does the mark reach the disk while the file is open.
    H5Fstart_swmr_write(file)
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    H5Fclose(file)
    refusal(copy, 66, "is marked as open for writing", "h5clear -s")
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values == [1, 2, 3])
  }

  @Test(arguments: [
    (32_000, "lzf"), (32_001, "blosc"), (32_008, "bitshuffle"), (32_015, "zstd"),
    (40_123, "someone's own"),
  ])
  func aMissingFilterIsNamedWithItsIdentifier(id: Int, name: String) throws {
    let text = strdup(name)
    defer { free(text) }
    let path = folder.foreign("packed.h5") { file in
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 1, [3])
      // Registered for the time of writing only.
      var filter = H5Z_class2_t()
      filter.version = H5Z_CLASS_T_VERS
      filter.id = H5Z_filter_t(id)
      filter.encoder_present = 1
      filter.decoder_present = 1
      filter.filter = { _, _, _, size, _, _ in size }
      // The library keeps the pointer until the filter goes.
      filter.name = UnsafePointer(text)
      #expect(H5Zregister(&filter) >= 0)
      H5Pset_filter(creation, H5Z_filter_t(id), 0, 0, nil)
      store("a", [3], in: file, creation)
      H5Pclose(creation)
    }
    #expect(H5Zunregister(H5Z_filter_t(id)) >= 0)
    refusal(path, 65, "is packed by the filter \(name) (id \(id))", "h5repack -f NONE")
  }

  @Test func whatANewerLibraryWroteSaysSo() throws {
    let path = folder.foreign("layout.h5") { store("a", [3], in: $0) }
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    // The message of the layout: version 3, class 1 (contiguous), address, size 3.
    let layout = try #require(
      bytes.indices.first { at in
        at + 18 <= bytes.count && bytes[at..<at + 2] == [3, 1]
          && bytes[(at + 10)..<(at + 18)] == [3, 0, 0, 0, 0, 0, 0, 0]
      })
    bytes[layout] = 5
    refusal(
      try folder.write(bytes, to: "newer-layout.h5"), 65, "does not know", "libver",
      hdf5LibraryVersion())
    bytes[layout] = 3
    bytes[8] = 9
    refusal(
      try folder.write(bytes, to: "newer-block.h5"), 65, "begins with a block of version 9",
      "libver")
  }

  @Test func pipesDevicesAndCirclesAreNoFiles() throws {
    #expect(mkfifo(folder.path("pipe.h5"), 0o600) == 0)
    refusal(folder.path("pipe.h5"), 65, "is a named pipe")
    refusal("/dev/null", 65, "is a device")
    let (one, two) = (folder.path("one.h5"), folder.path("two.h5"))
    try FileManager.default.createSymbolicLink(atPath: one, withDestinationPath: two)
    refusal(one, 66, "leads to \(two), which does not exist")
    try FileManager.default.createSymbolicLink(atPath: two, withDestinationPath: one)
    refusal(one, 66, "leads round in a circle")
    refusal(try folder.write([0xff, 0xd8, 0xff, 0xe0], to: "photo.h5"), 65, "a JPEG image")
  }

  @Test func booleansAreNumbersAndTruthValues() throws {
    let path = folder.foreign("booleans.h5") { file in
      let boolean = H5Tenum_create(bda_stored_int8())
      for (name, value) in [("FALSE", Int8(0)), ("TRUE", 1)] {
        var value = value
        H5Tenum_insert(boolean, name, &value)
      }
      let space = H5Screate_simple(1, [3], nil)
      let array = H5Dcreate2(file, "a", boolean, space, 0, 0, 0)
      #expect(H5Dwrite(array, boolean, 0, 0, 0, [1, 0, 1] as [Int8]) >= 0)
      H5Dclose(array)
      let scalar = H5Screate(H5S_SCALAR)
      let attribute = H5Acreate2(file, "synthetic", boolean, scalar, 0, 0)
      #expect(H5Awrite(attribute, boolean, [1] as [Int8]) >= 0)
      H5Aclose(attribute)
    }
    let file = try HDF5File.open(path)
    #expect(try file.boolean("synthetic") == true && file.integer("synthetic") == 1)
    #expect(try file.read("a", as: UInt8.self).values == [1, 0, 1])
    #expect(try file.readIntegers("a", in: 0...1).values == [1, 0, 1])
    let writer = try HDF5Writer(path: folder.path("words.h5"))
    for (name, value) in [
      ("no", .integer(0)), ("yes", .string("True")), ("two", .integer(2)), ("real", .real(0.5)),
    ] as [(String, HDF5Attribute)] { try writer.setAttribute(name, value) }
    try writer.finish()
    let words = try HDF5File.open(folder.path("words.h5"))
    #expect(try words.boolean("no") == false && words.boolean("yes") == true)
    #expect(try words.boolean("absent") == nil)
    for name in ["two", "real"] {
      let error = datasetError { _ = try words.boolean(name) }
      #expect(error?.message.contains("neither true nor false") == true)
    }
  }

  /// A continuation that leads nowhere ends the process inside the library, were it not found before.
  @Test func headersThatLeadOutsideAreFoundBeforeTheLibrarySeesThem() throws {
    let path = folder.path("many.h5")
    let writer = try HDF5Writer(path: path)
    try writer.write([1, 2] as [UInt8], shape: [2], to: "a")
    for index in 0..<12 { try writer.setAttribute("name \(index)", .string("some words")) }
    try writer.finish()
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    // A message of type 16 and 16 bytes, in the header at 96 that the root has.
    let place = try #require(
      stride(from: 112, to: 400, by: 8).first {
        bytes[$0..<$0 + 4] == [0x10, 0, 0x10, 0]
      })
    for address in [UInt64.max, UInt64(bytes.count) - 8, 1 << 62, UInt64(Int.max)] {
      var damaged = bytes
      for index in 0..<8 {
        damaged[place + 8 + index] = UInt8(truncatingIfNeeded: address >> UInt64(8 * index))
      }
      refusal(
        try folder.write(damaged, to: "leads-outside.h5"), 65, "damaged or cut short",
        "the continuation of a header leads outside of it")
    }
    #expect(try HDF5File.open(path).string("name 11") == "some words")
  }

  /// What looks like a damaged heap is one only where something lies in it: the rest is somebody's values.
  @Test func valuesThatLookLikeADamagedHeapAreRead() throws {
    // A heap of 64 bytes whose first object, of the index 1, has the size 0 and is followed by nothing.
    // It does not lie where the array begins, whose address is in the file.
    let heap = Array("GCOL".utf8) + [1, 0, 0, 0, 64] + [UInt8](repeating: 0, count: 55)
    let looks = [UInt8](1...16) + heap
    let path = folder.path("looks.h5")
    let writer = try HDF5Writer(path: path)
    try writer.write(looks, shape: [looks.count], to: "a")
    try writer.write([UInt8](repeating: 255, count: 8), shape: [8], to: "b")
    try writer.finish()
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values == looks)

    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    func place(of part: [UInt8]) throws -> Int {
      try #require(
        bytes.indices.dropLast(part.count).first { bytes[$0..<$0 + part.count].elementsEqual(part) }
      )
    }
    let address = try place(of: heap)
    // "b" is all ones, as an absent address is: its values are the last such bytes.
    let ones = [UInt8](repeating: 255, count: 8)
    let values = try #require(
      bytes.indices.dropLast(8).last { bytes[$0..<$0 + 8].elementsEqual(ones) })
    for index in 0..<8 { bytes[values + index] = UInt8(truncatingIfNeeded: address >> (8 * index)) }
    refusal(
      try folder.write(bytes, to: "heap.h5"), 65,
      "a heap at byte \(address) has an object whose sizes cannot be")
  }

  /// Chunks that are larger than the array, and more chunks than bytes, which the library would take
  /// at their word: the first is read beyond its memory, the second takes minutes.
  @Test func chunksMustBeWhatTheirBytesCanBe() throws {
    let path = folder.foreign("chunks.h5") { file in
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 1, [515])
      H5Pset_deflate(creation, 9)
      store("a", [519], in: file, creation)
    }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    func changed(_ old: [UInt8], _ new: [UInt8]) throws -> String {
      var bytes = bytes
      for at in bytes.indices.dropLast(old.count)
      where bytes[at..<at + old.count].elementsEqual(old) {
        bytes.replaceSubrange(at..<at + new.count, with: new)
      }
      return try folder.write(bytes, to: "changed.h5")
    }
    // The side of a chunk is followed by the size of an element; extents have 8 bytes.
    refusal(
      try changed([3, 2, 0, 0, 1, 0, 0, 0], [3, 2, 0, 0x10]), 65, "larger than the array")
    refusal(try changed([7, 2, 0, 0, 0, 0, 0, 0], [7, 2, 0, 3]), 65, "bytes stored")
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values.count == 519)
  }

  @Test func absurdExtentsEndInSentences() throws {
    let path = folder.foreign("absurd.h5") { file in
      let nothing = H5Screate_simple(3, [1 << 40, 1 << 40, 0], nil)
      H5Dclose(H5Dcreate2(file, "empty", bda_stored_float(), nothing, 0, 0, 0))
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 2, [1 << 16, 1 << 15])
      H5Pset_deflate(creation, 9)
      let wide = H5Screate_simple(2, [1 << 20, 1 << 20], nil)
      H5Dclose(H5Dcreate2(file, "a", bda_stored_uint8(), wide, 0, creation, 0))
      let text = H5Tcopy(bda_c_string())
      H5Tset_size(text, 60_000)
      let many = H5Screate_simple(1, [1], nil)
      H5Aclose(H5Acreate2(file, "text", text, many, 0, 0))
    }
    let wide = folder.foreign("wide.h5") { file in
      let type = H5Tcopy(bda_stored_int64())
      H5Tset_size(type, 1 << 30)
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE)
      let one = H5Screate_simple(1, [1], nil)
      H5Dclose(H5Dcreate2(file, "a", type, one, 0, creation, 0))
    }
    refusal(wide, 65, "holds numbers of 1073741824 bytes each")
    let file = try HDF5File.open(path)
    #expect(try file.read("empty", as: Float.self).shape == [1 << 40, 1 << 40, 0])
    refusal(path, 65, "declares the shape")
    #expect(try file.attribute("text") == .strings([""]))
  }
}
