internal import CHDF5

/// The other files that values come from.
extension HDF5File {
  /// The files, beside this one, from which the values of the named arrays are read: through links into
  /// them, as external storage, or as sources of virtual arrays. Names that are not there are passed over.
  ///
  /// Whoever writes files may not take the place of these either.
  ///
  /// - Throws: the sentence for an array that cannot be opened, or a source that is not there.
  public func sources(of names: [String]) throws(DatasetError) -> [String] {
    var found: Set<String> = []
    for name in names where try contains(name) {
      try reading { () throws(DatasetError) in
        if case .reachable(let file?) = linkState("/" + name) { found.insert(file) }
        found.formUnion(try filesOfValues(of: try openArray(name), name))
      }
    }
    return found.sorted()
  }
}
