import Files

extension OwnOutput {
  /// An HDF5 file that names a command as its maker, in the attribute `tool`.
  package static func hdf5(_ path: String, tool: String) -> OwnOutput {
    OwnOutput(path) { path in
      guard let file = try? HDF5File.open(path) else { return false }
      return (try? file.string("tool")) == tool
    }
  }
}
