/// Paths of HDF5 files by their endings.
package enum HDF5Path {
  /// Whether a path ends as those of HDF5 files do, in whatever case: `.h5`, `.hdf5`.
  package static func isOne(_ path: String) -> Bool {
    let path = path.lowercased()
    return path.hasSuffix(".h5") || path.hasSuffix(".hdf5")
  }
}
