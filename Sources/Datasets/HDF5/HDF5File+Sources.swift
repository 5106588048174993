internal import CHDF5
import Files

/// The other files that values come from.
extension HDF5File {
  /// The files, beside this one, from which the values of the named arrays are read: through links into
  /// them, as external storage, or as sources of virtual arrays, and whatever these lead to in turn. Names
  /// that are not there are passed over.
  ///
  /// Whoever writes files may not take the place of these either.
  ///
  /// - Throws: the sentence for an array that cannot be opened, or a source that is not there.
  public func sources(of names: [String]) throws(DatasetError) -> [String] {
    var found: Set<String> = []
    for name in names {
      try reading { () throws(DatasetError) in try addSources(of: name, to: &found, depth: 0) }
    }
    return found.sorted()
  }

  /// The same of every array of the file; what cannot be opened is passed over, whoever reads it says why.
  public func sources() -> [String] {
    var found: Set<String> = []
    var left = Self.mostObjects
    addSources(below: "", to: &found, left: &left)
    return found.sorted()
  }

  private static var mostObjects: Int { 10_000 }

  private func addSources(below name: String, to found: inout Set<String>, left: inout Int) {
    // A group may hold itself.
    guard left > 0, name.split(separator: "/").count < 16 else { return }
    left -= 1
    if let names = try? members(of: name.isEmpty ? "/" : name) {
      for member in names { addSources(below: name + "/" + member, to: &found, left: &left) }
    } else if let sources = try? sources(of: [name]) {
      found.formUnion(sources)
    }
  }

  private func addSources(
    of name: String, to found: inout Set<String>, depth: Int
  ) throws(DatasetError) {
    guard let place = try place(of: name, passing: &found) else { return }
    let file = place.file
    let array = try file.openArray(place.name)
    let creation = try file.creation(of: array, place.name)
    guard H5Pget_layout(creation.rawValue) == H5D_VIRTUAL else {
      found.formUnion(file.externalPaths(creation))
      return
    }
    for mapping in try file.virtualMappings(creation, place.name, depth: depth) {
      if let path = mapping.path { found.insert(path) }
      let source = try mapping.path.map { path throws(DatasetError) in try file.companion(path) }
      try (source ?? file).addSources(of: mapping.array, to: &found, depth: depth + 1)
    }
  }
}

extension KeptInputs {
  /// The inputs of a command, and the files that those of them which are HDF5 files are read from in turn.
  public init(following paths: [String]) {
    let sources = paths.flatMap { path -> [String] in
      guard PathState(path) == .file, let file = try? HDF5File.open(path) else { return [] }
      return file.sources()
    }
    self.init(paths + sources)
  }
}
