import Datasets
import Foundation
import TestSupport
import Testing

@Suite("A full disk")
struct DiskFullTests {
  /// More bytes than the disk has, and such that do not compress.
  private func fill(_ writer: HDF5Writer) throws {
    var state: UInt64 = 1
    let values = (0..<200_000).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
    try writer.write(values, shape: [values.count], to: "a/values", layout: .chunked([10_000]))
    try writer.setAttribute("name", .string("x"))
  }

  @Test(.enabled(if: DiskInMemory.isAvailable, DiskInMemory.reason))
  func isASentenceAndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let disk = try DiskInMemory(folder.path("small"), kilobytes: 64)
    let path = "\(disk.path)/out.h5"
    let small = try HDF5Writer(path: path)
    try small.write(scalar: 1.0, to: "value")
    try small.finish()
    for _ in 0..<3 {
      let error = datasetError {
        let writer = try HDF5Writer(path: path)
        try fill(writer)
        try writer.finish()
      }
      #expect(error?.kind == .unwritable && error?.exitCode == 1)
      #expect(error?.message.contains("No space left") == true, "\(error?.message ?? "none")")
      #expect(error.map { isSentence($0.message) && $0.message.contains(path) } == true)
      // What was there stays, and nothing temporary does.
      #expect(try folder.names(in: "small") == ["out.h5"])
    }
    #expect(try HDF5File.open(path).read("value", as: Double.self).values == [1])
  }

  @Test func bytesAreWrittenOnceComplete() throws {
    let folder = try TemporaryFolder()
    let writer = try HDF5Writer(path: folder.path("out.h5"))
    try fill(writer)
    // Nothing but the reserved name is on the disk while the library works.
    let names = try folder.names()
    #expect(names.count == 1 && names[0].hasSuffix(".partial"))
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(names[0]))
    #expect(attributes[.size] as? Int == 0)
    try writer.finish()
    #expect(try folder.names() == ["out.h5"])
    #expect(try HDF5File.open(folder.path("out.h5")).shape(of: "a/values") == [200_000])
  }
}
