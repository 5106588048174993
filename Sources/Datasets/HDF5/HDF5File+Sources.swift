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
  /// Every object is visited once.
  public func sources() -> [String] {
    var walk = Walk()
    do throws(DatasetError) {
      try reading { () throws(DatasetError) in addSources(below: "", to: &walk, depth: 0) }
    } catch {
      // What the walk found stays found.
    }
    return walk.found.sorted()
  }

  /// What a walk through files has seen.
  private struct Walk {
    var found: Set<String> = []
    var objects: Set<[UInt64]> = []
    var links: Set<String> = []
    /// The file that a link led into last, and probably the next one does: of all of them, each may be
    /// another.
    var lastFile: HDF5File?

    mutating func open(_ path: String) -> HDF5File? {
      if lastFile?.path != path { lastFile = try? HDF5File.open(path) }
      return lastFile
    }
  }

  private static var mostObjects: Int { 100_000 }
  private static var mostGroups: Int { 64 }

  /// - Parameter name: a path without links, "" for the root.
  private func addSources(below name: String, to walk: inout Walk, depth: Int) {
    var key = [UInt64](repeating: 0, count: 3)
    let kind = bda_object(identifier.rawValue, name.isEmpty ? "/" : name, &key)
    guard kind >= 0, depth < Self.mostGroups, walk.objects.count < Self.mostObjects,
      walk.objects.insert(key).inserted
    else { return }
    if kind == 1, let sources = try? sources(of: [name]) { walk.found.formUnion(sources) }
    guard kind == 0, let members = try? members(of: name.isEmpty ? "/" : name) else { return }
    for member in members {
      let next = name + "/" + member
      switch link(next) {
      case .none: addSources(below: next, to: &walk, depth: depth + 1)
      case .file(let file, let target):
        guard walk.links.insert("\(path)\n\(file)\n\(target)").inserted,
          let path = try? linkedPath(file, from: next)
        else { continue }
        walk.found.insert(path)
        if let place = try? walk.open(path)?.place(of: target, passing: &walk.found) {
          let name = place.name == "/" ? "" : "/" + place.name
          place.file.addSources(below: name, to: &walk, depth: depth + 1)
        }
      // What these lead to is met under its own name.
      case .name, .unreadable: continue
      }
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
      try file.sourceFile(of: mapping).addSources(
        of: mapping.array, to: &found, depth: depth + 1)
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
