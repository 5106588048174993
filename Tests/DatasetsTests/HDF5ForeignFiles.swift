import CHDF5
import Datasets
import Foundation
import TestSupport
import Testing

extension TemporaryFolder {
  /// A file written through the C library, as other programs do; `write` gets its identifier.
  func foreign(_ name: String, _ write: (hid_t) -> Void) -> String {
    let path = path(name)
    writeForeign(path, write)
    return path
  }
}

/// An array of the bytes 1, 2, 3, ... with the given creation properties.
func store(_ name: String, _ shape: [hsize_t], in file: hid_t, _ creation: hid_t = 0) {
  let space = H5Screate_simple(Int32(shape.count), shape, nil)
  let array = H5Dcreate2(file, name, bda_stored_uint8(), space, 0, creation, 0)
  let values = (0..<Int(shape.reduce(1, *))).map { UInt8(truncatingIfNeeded: $0 + 1) }
  #expect(H5Dwrite(array, bda_native_uint8(), 0, 0, 0, values) >= 0)
  H5Dclose(array)
  H5Sclose(space)
}

/// The sentence with which reading the array "a" of the file ends.
func refusal(_ path: String, _ code: Int32, _ words: String...) {
  let error = datasetError { _ = try HDF5File.open(path).read("a", as: UInt8.self) }
  let message = error?.message ?? "no error"
  for part in words { #expect(message.contains(part), "\(message)") }
  #expect(isSentence(message) && error?.exitCode == code, "\(message)")
  #expect(!message.contains("delete"), "\(message)")
}
