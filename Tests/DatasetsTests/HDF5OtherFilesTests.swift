import CHDF5
import Datasets
import Files
import Foundation
import TestSupport
import Testing

/// Values that lie in other files: behind links, in external storage, in the sources of virtual arrays.
@Suite("HDF5 files that lead to others")
struct HDF5OtherFilesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A part of a virtual array: of which array of which file, and the places from and to which values go.
  private struct Part {
    var file: String
    var array = "d"
    var from: Range<hsize_t>
    var to: hsize_t
    var extent: hsize_t = 4
  }

  /// A file whose array "a" of four bytes is made of parts.
  private func virtual(_ name: String, array: String = "a", _ parts: [Part]) -> String {
    folder.foreign(name) { file in
      let space = H5Screate_simple(1, [4], nil)
      let creation = H5Pcreate(bda_dataset_creation())
      for part in parts {
        let source = H5Screate_simple(1, [part.extent], nil)
        let count = hsize_t(part.from.count)
        H5Sselect_hyperslab(source, H5S_SELECT_SET, [part.from.lowerBound], nil, [count], nil)
        H5Sselect_hyperslab(space, H5S_SELECT_SET, [part.to], nil, [count], nil)
        H5Pset_virtual(creation, space, part.file, part.array, source)
        H5Sclose(source)
      }
      H5Sselect_all(space)
      H5Dclose(H5Dcreate2(file, array, bda_stored_uint8(), space, 0, creation, 0))
      H5Pclose(creation)
    }
  }

  private func linked(
    _ name: String, to file: String, _ object: String = "a", as link: String = "a"
  )
    -> String
  {
    folder.foreign(name) { H5Lcreate_external(file, object, $0, link, 0, 0) }
  }

  /// An array of two bytes of each of `part0.h5`, `part1.h5`, ... that is there.
  private func numbered(_ name: String, file: String = "part%b.h5", array: String = "d") -> String {
    folder.foreign(name) { foreign in
      let space = H5Screate_simple(1, [2], [hsize_t.max])
      let source = H5Screate_simple(1, [2], nil)
      let creation = H5Pcreate(bda_dataset_creation())
      H5Sselect_hyperslab(space, H5S_SELECT_SET, [0], [2], [hsize_t.max], [2])
      H5Pset_virtual(creation, space, file, array, source)
      H5Sselect_all(space)
      H5Dclose(H5Dcreate2(foreign, "a", bda_stored_uint8(), space, 0, creation, 0))
      H5Pclose(creation)
    }
  }

  @Test("One entry of a virtual array may stand for a row of sources, and each is looked at")
  func numberedSources() throws {
    let parts = (0..<3).map { index in
      folder.foreign("part\(index).h5") { store("d", [2], in: $0) }
    }
    let file = try HDF5File.open(numbered("all.h5"))
    #expect(try file.sources(of: ["a"]) == parts && file.sources() == parts)
    #expect(try file.read("a", as: UInt8.self).values == [1, 2, 1, 2, 1, 2])
    // A percent sign before a "b" is no number.
    let percent = folder.foreign("50%b.h5") { store("d", [4], in: $0) }
    let one = virtual("one.h5", [Part(file: "50%%b.h5", from: 0..<4, to: 0)])
    #expect(try HDF5File.open(one).sources() == [percent])
    // Of one file, several arrays.
    let several = folder.foreign("several.h5") { file in
      for index in 0..<2 { store("d\(index)", [2], in: file) }
    }
    let arrays = try HDF5File.open(numbered("arrays.h5", file: "several.h5", array: "d%b"))
    #expect(arrays.sources() == [several])
    #expect(try arrays.read("a", as: UInt8.self).values == [1, 2, 1, 2])
    // The library gives what is behind a source that has become shorter.
    _ = folder.foreign("part2.h5") { store("d", [1], in: $0) }
    let error = datasetError {
      _ = try HDF5File.open(folder.path + "/all.h5").read("a", as: UInt8.self)
    }
    #expect(error?.message.contains("part2.h5") == true, "\(error?.message ?? "none")")
  }

  @Test func virtualArraysAreReadAndTheirSourcesNamed() throws {
    let source = folder.foreign("part.h5") { store("d", [4], in: $0) }
    func virtual(_ name: String, points: hsize_t) -> String {
      folder.foreign(name) { file in
        let space = H5Screate_simple(1, [4], nil)
        let part = H5Screate_simple(1, [4], nil)
        H5Sselect_hyperslab(space, H5S_SELECT_SET, [0], nil, [points], nil)
        H5Sselect_hyperslab(part, H5S_SELECT_SET, [0], nil, [points], nil)
        let creation = H5Pcreate(bda_dataset_creation())
        H5Pset_virtual(creation, space, "part.h5", "d", part)
        H5Sselect_all(space)
        H5Dclose(H5Dcreate2(file, "a", bda_stored_uint8(), space, 0, creation, 0))
        H5Pclose(creation)
      }
    }
    let whole = virtual("whole.h5", points: 4)
    #expect(try HDF5File.open(whole).read("a", as: UInt8.self).values == [1, 2, 3, 4])
    refusal(virtual("gaps.h5", points: 3), 65, "give only 3 of its 4 values")
    try FileManager.default.removeItem(atPath: source)
    refusal(whole, 66, "The file \(source)", "takes values", "does not exist")
    let itself = folder.foreign("part.h5") { file in
      let space = H5Screate_simple(1, [4], nil)
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_virtual(creation, space, "part.h5", "d", space)
      for name in ["a", "d"] {
        H5Dclose(H5Dcreate2(file, name, bda_stored_uint8(), space, 0, creation, 0))
      }
      H5Pclose(creation)
    }
    refusal(itself, 65, "too deep")
  }

  @Test func externalStorageIsReadBesideTheFile() throws {
    func external(_ name: String, _ file: String) -> String {
      folder.foreign(name) { id in
        let space = H5Screate_simple(1, [4], nil)
        let creation = H5Pcreate(bda_dataset_creation())
        H5Pset_external(creation, file, 1, 4)
        H5Dclose(H5Dcreate2(id, "a", bda_stored_uint8(), space, 0, creation, 0))
        H5Pclose(creation)
      }
    }
    let path = external("outside.h5", "values.raw")
    refusal(path, 66, "values.raw", "does not exist")
    _ = try folder.write([9, 5, 6, 7, 8], to: "values.raw")
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values == [5, 6, 7, 8])
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("linked"), withDestinationPath: folder.path)
    let linked = folder.path("linked/outside.h5")
    #expect(try HDF5File.open(linked).read("a", as: UInt8.self).values == [5, 6, 7, 8])
    _ = try folder.write([9, 5, 6, 7], to: "values.raw")
    refusal(path, 65, "values.raw", "ends before them")
    refusal(external("device.h5", "/dev/zero"), 65, "/dev/zero", "is not a regular file")
  }

  @Test func linksIntoOtherFilesNameThem() throws {
    let path = folder.foreign("links.h5") { file in
      H5Lcreate_external("gone.h5", "a", file, "a", 0, 0)
    }
    refusal(path, 66, folder.path("gone.h5"), "does not exist")
    #expect(mkfifo(folder.path("gone.h5"), 0o600) == 0)
    refusal(path, 65, "is not a regular file")
    #expect(unlink(folder.path("gone.h5")) == 0)
    _ = folder.foreign("gone.h5") { store("a", [2], in: $0) }
    #expect(try HDF5File.open(path).read("a", as: UInt8.self).values == [1, 2])
  }

  @Test("A source that has become shorter is not read on: neither what lies behind it nor zeros")
  func shortSources() {
    let path = virtual("whole.h5", [Part(file: "part.h5", from: 0..<4, to: 0)])
    _ = folder.foreign("part.h5") { store("d", [4], in: $0) }
    refusal(
      virtual("other.h5", [Part(file: "part.h5", from: 1..<5, to: 0, extent: 5)]), 65,
      "up to position [4]", "which has the shape [4]")
    _ = folder.foreign("part.h5") { file in
      store("d", [2], in: file)
      store("secret", [64], in: file)
    }
    refusal(path, 65, "up to position [3]", "part.h5, which has the shape [2]")
    _ = folder.foreign("part.h5") { file in
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 1, [2])
      store("d", [2], in: file, creation)
      H5Pclose(creation)
    }
    refusal(path, 65, "up to position [3]")
    _ = folder.foreign("part.h5") { store("d", [2, 2], in: $0) }
    refusal(path, 65, "which has the shape [2, 2]")
  }

  @Test("Parts that overlap do not count twice, and a source without values is none")
  func gaps() {
    _ = folder.foreign("part.h5") { store("d", [4], in: $0) }
    let half = Part(file: "part.h5", from: 0..<2, to: 0)
    refusal(virtual("twice.h5", [half, half]), 65, "give only 2 of its 4 values")
    let other = Part(file: "empty.h5", from: 2..<4, to: 2)
    _ = folder.foreign("empty.h5") { file in
      let space = H5Screate_simple(1, [4], nil)
      H5Dclose(H5Dcreate2(file, "d", bda_stored_uint8(), space, 0, 0, 0))
      H5Sclose(space)
    }
    refusal(virtual("unwritten.h5", [half, other]), 65, "stores no values", "empty.h5")
  }

  @Test("Files behind several links are named as sources, each of them")
  func severalHops() throws {
    _ = folder.foreign("end.h5") { store("a", [4], in: $0) }
    _ = linked("middle.h5", to: "end.h5")
    let far = linked("far.h5", to: "middle.h5")
    let soft = folder.foreign("soft.h5") { file in
      H5Lcreate_external("end.h5", "/", file, "other", 0, 0)
      H5Lcreate_soft("/other/a", file, "a", 0, 0)
    }
    _ = virtual("inner.h5", array: "d", [Part(file: "end.h5", array: "a", from: 0..<4, to: 0)])
    let nested = virtual("nested.h5", [Part(file: "inner.h5", from: 0..<4, to: 0)])
    for (path, sources) in [
      (far, ["end.h5", "middle.h5"]), (soft, ["end.h5"]), (nested, ["end.h5", "inner.h5"]),
    ] {
      let file = try HDF5File.open(path)
      #expect(try file.read("a", as: UInt8.self).values == [1, 2, 3, 4])
      #expect(try file.sources(of: ["a", "b"]) == sources.map { folder.path($0) }, "\(path)")
      // Whatever the command reads from the file, none of them is written over.
      let kept = KeptInputs(following: [path])
      for source in sources {
        #expect(throws: FileError.self) { try kept.require(keptBy: [folder.path(source)]) }
      }
      #expect(throws: Never.self) { try kept.require(keptBy: [folder.path("new.h5")]) }
    }
  }

  @Test("Members of a group behind a link are listed, and those that it lacks are lacking")
  func groupsBehindLinks() throws {
    _ = folder.foreign("end.h5") { file in
      H5Gclose(H5Gcreate2(file, "g", 0, 0, 0))
      store("g/a", [4], in: file)
    }
    let path = folder.foreign("linked.h5") { file in
      H5Lcreate_external("end.h5", "/g", file, "far", 0, 0)
      H5Lcreate_soft("far", file, "near", 0, 0)
      H5Lcreate_soft("far/b", file, "dangling", 0, 0)
    }
    let file = try HDF5File.open(path)
    for group in ["far", "near"] {
      #expect(try file.members(of: group) == ["a"])
      #expect(try file.contains("\(group)/a") && !file.contains("\(group)/b"))
      #expect(try file.read("\(group)/a", as: UInt8.self).values == [1, 2, 3, 4])
    }
    let error = datasetError { _ = try file.contains("dangling") }
    #expect(error?.message.contains("'/dangling'") == true, "\(error?.message ?? "none")")
  }

  @Test(
    "Every object is visited once, though groups hold themselves and many links lead to one file")
  func largeFiles() throws {
    _ = folder.foreign("end.h5") { store("a", [4], in: $0) }
    let path = folder.foreign("large.h5") { file in
      for name in ["g", "g/h"] { H5Gclose(H5Gcreate2(file, name, 0, 0, 0)) }
      for index in 0..<8 { H5Lcreate_hard(file, "g", file, "g/h/\(index)", 0, 0) }
      for index in 0..<5_000 { H5Lcreate_external("end.h5", "/a", file, "e\(index)", 0, 0) }
    }
    let begin = Date()
    #expect(try HDF5File.open(path).sources() == [folder.path("end.h5")])
    #expect(Date().timeIntervalSince(begin) < 5)
  }

  @Test("A virtual array may have almost as many sources as files can be open")
  func manySources() throws {
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    // Each once where it is looked at and once where it is read, never both at a time.
    let count = 120
    let path = folder.foreign("many.h5") { file in
      let space = H5Screate_simple(1, [hsize_t(count)], nil)
      let part = H5Screate_simple(1, [1], nil)
      let creation = H5Pcreate(bda_dataset_creation())
      for index in 0..<count {
        _ = folder.foreign("s\(index).h5") { store("d", [1], in: $0) }
        H5Sselect_hyperslab(space, H5S_SELECT_SET, [hsize_t(index)], nil, [1], nil)
        H5Pset_virtual(creation, space, "s\(index).h5", "d", part)
      }
      H5Sselect_all(space)
      H5Dclose(H5Dcreate2(file, "a", bda_stored_uint8(), space, 0, creation, 0))
      H5Pclose(creation)
    }
    let file = try HDF5File.open(path)
    #expect(try file.sources(of: ["a"]).count == count && file.sources().count == count)
    // Looking at them keeps none open.
    let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    #expect(after < open + count / 2, "\(after) descriptors after \(open)")
    #expect(try file.read("a", as: UInt8.self).values == [UInt8](repeating: 1, count: count))
  }

  @Test("Links are followed to where they end: a pipe, a damaged file, a circle")
  func ends() throws {
    let pipe = linked("far.h5", to: "middle.h5")
    _ = linked("middle.h5", to: "pipe.h5")
    #expect(mkfifo(folder.path("pipe.h5"), 0o600) == 0)
    refusal(pipe, 65, "pipe.h5", "is not a regular file")
    let circle = folder.foreign("circle.h5") { file in
      H5Lcreate_soft("/b", file, "a", 0, 0)
      H5Lcreate_soft("/a", file, "b", 0, 0)
    }
    refusal(circle, 65, "leads nowhere")
    _ = linked("one.h5", to: "two.h5")
    refusal(linked("two.h5", to: "one.h5"), 65, "leads nowhere")
    // The first block says where the rest lies: far behind the end.
    let whole = folder.foreign("damaged.h5") { store("a", [4], in: $0) }
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
    for index in 64..<72 { bytes[index] = 0xee }
    _ = try folder.write(bytes, to: "damaged.h5")
    refusal(linked("link.h5", to: "damaged.h5"), 65, "damaged.h5 is damaged")
  }

  @Test("Many small chunks behind a link are as good as before it")
  func chunksBehindALink() throws {
    _ = folder.foreign("end.h5") { file in
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 2, [1, 4])
      store("a", [2_000, 4], in: file, creation)
      H5Pclose(creation)
    }
    let values = try HDF5File.open(linked("link.h5", to: "end.h5")).read("a", as: UInt8.self)
    #expect(values.shape == [2_000, 4])
  }

  @Test("Chunks that were never written, and that nothing stands for, are not what memory held")
  func unfilledChunks() {
    for isUndefined in [false, true] {
      let path = folder.foreign("unfilled.h5") { file in
        let creation = H5Pcreate(bda_dataset_creation())
        H5Pset_chunk(creation, 1, [2])
        H5Pset_fill_time(creation, isUndefined ? H5D_FILL_TIME_IFSET : H5D_FILL_TIME_NEVER)
        if isUndefined { H5Pset_fill_value(creation, bda_native_uint8(), nil) }
        let space = H5Screate_simple(1, [4], nil)
        let array = H5Dcreate2(file, "a", bda_stored_uint8(), space, 0, creation, 0)
        let part = H5Screate_simple(1, [2], nil)
        H5Sselect_hyperslab(space, H5S_SELECT_SET, [0], nil, [2], nil)
        #expect(H5Dwrite(array, bda_native_uint8(), part, space, 0, [UInt8(7), 8]) >= 0)
        H5Dclose(array)
        H5Pclose(creation)
      }
      refusal(path, 65, "lacks chunks")
    }
    let whole = folder.foreign("whole.h5") { file in
      let creation = H5Pcreate(bda_dataset_creation())
      H5Pset_chunk(creation, 1, [2])
      H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER)
      store("a", [4], in: file, creation)
      H5Pclose(creation)
    }
    #expect((try? HDF5File.open(whole).read("a", as: UInt8.self).values) == [1, 2, 3, 4])
  }

  @Test("An attribute that cannot be read is not an attribute that is not there")
  func damagedAttributes() throws {
    let path = folder.foreign("attribute.h5") { file in
      store("a", [4], in: file)
      let space = H5Screate(H5S_SCALAR)
      let attribute = H5Acreate2(file, "contentDigest", bda_stored_uint8(), space, 0, 0)
      H5Awrite(attribute, bda_native_uint8(), [UInt8(1)])
      H5Aclose(attribute)
      H5Sclose(space)
    }
    #expect(try HDF5File.open(path).attribute("contentDigest") == .integer(1))
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let name = Array("contentDigest".utf8)
    let at = try #require(
      bytes.indices.first {
        $0 + name.count <= bytes.count && bytes[$0..<$0 + name.count] == name[...]
      })
    bytes[at - 8] = 0x81
    _ = try folder.write(bytes, to: "attribute.h5")
    let error = datasetError { _ = try HDF5File.open(path).attribute("contentDigest") }
    #expect(
      error?.exitCode == 65 && error?.message.contains("attributes") == true, "\(error as Any)")
  }
}
