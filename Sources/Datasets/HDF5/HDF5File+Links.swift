internal import CHDF5
import Files
import Foundation

/// Links from name to name and from file to file, which may lead nowhere. Inside the lock.
///
/// They are followed here and not by the library: it would wait for ever for a pipe that one names as
/// another file, and a damaged file that it opens by itself may end the process.
extension HDF5File {
  /// An object by the file and the name where it lies, behind every link.
  struct Place {
    let file: HDF5File
    /// Its name from the root, without a link on the way; "/" for the root.
    let name: String
  }

  /// What a name in this file stands for.
  enum Link {
    /// An object: the name is no link.
    case none
    /// Another name in the file, from the root or from the group that the link is in.
    case name(String)
    /// A name in another file.
    case file(String, String)
    /// Nothing that can be read, or a kind of link of some program's own.
    case unreadable
  }

  /// What a name stands for, without following it.
  func link(_ name: String) -> Link {
    var target = [CChar](repeating: 0, count: 4096)
    var file = [CChar](repeating: 0, count: 4096)
    return switch bda_link_target(identifier.rawValue, name, &target, &file, target.count) {
    case 0: .none
    case 1: .name(text(target))
    case 2: .file(text(file), text(target))
    default: .unreadable
    }
  }

  /// The most links that are followed on the way to one object.
  private static var mostLinks: Int { 64 }

  /// Where an object lies; nil where there is none of this name.
  ///
  /// - Parameter passed: the other files that were looked into on the way are added.
  /// - Throws: the sentence for a link on the way that leads nowhere, in a circle, or into a file that is
  ///   not there or cannot be read.
  func place(
    of name: String, passing passed: inout Set<String>
  ) throws(DatasetError) -> Place? {
    var place = Place(file: self, name: "")
    // The names that are left, the last first, each with the link whose target it is a part of.
    var rest: [(part: String, link: String?)] = Self.parts(of: name).map { ($0, nil) }
    var links = 0
    while let (part, origin) = rest.popLast() {
      let next = place.name + "/" + part
      let file = place.file
      // A group on the way that is none makes H5Lexists fail, hence one question per level.
      guard H5Lexists(file.identifier.rawValue, next, bda_default_properties()) > 0 else {
        guard let origin else { return nil }
        throw leadsNowhere(origin)
      }
      let source = origin ?? next
      let target: String
      switch file.link(next) {
      case .none:
        guard H5Oexists_by_name(file.identifier.rawValue, next, bda_default_properties()) > 0
        else { throw leadsNowhere(source) }
        place = Place(file: file, name: next)
        continue
      case .unreadable: throw leadsNowhere(source)
      case .name(let path):
        target = path
        if path.hasPrefix("/") { place = Place(file: file, name: "") }
      case .file(let name, let path):
        target = path
        let linked = try file.companion(try file.linkedPath(name, from: next))
        passed.insert(linked.path)
        place = Place(file: linked, name: "")
      }
      links += 1
      guard links <= Self.mostLinks else { throw leadsNowhere(source) }
      rest += Self.parts(of: target).map { ($0, source) }
    }
    // Sentences call what lies here as its reader did.
    let own = links == 0 ? name : String(place.name.dropFirst())
    return Place(file: place.file, name: own.isEmpty ? "/" : own)
  }

  /// What is read from an object where it lies. Takes the lock.
  ///
  /// - Throws: where there is no object of this name, too.
  func reading<Result>(
    at name: String, _ body: (HDF5File, String) throws(DatasetError) -> Result
  ) throws(DatasetError) -> Result {
    try reading { () throws(DatasetError) in
      let place = try existing(name)
      return try body(place.file, place.name)
    }
  }

  /// Where an object lies that must be there.
  func existing(_ name: String) throws(DatasetError) -> Place {
    var passed: Set<String> = []
    if let place = try place(of: name, passing: &passed) { return place }
    throw DatasetError(
      .unexpectedContents,
      "The HDF5 file \(path) has no object named '\(name)': check the name, or write the file "
        + "in the documented layout.")
  }

  /// The names on a path, the last first; "." is where one is.
  private static func parts(of path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.reversed().map { String($0) }
  }

  private func leadsNowhere(_ link: String) -> DatasetError {
    DatasetError(
      .unexpectedContents,
      "'\(link)' of the HDF5 file \(path) is a link that leads nowhere: correct it, or store the "
        + "values there.")
  }

  /// The path of the file that a link names, looked for where the library would; a regular file.
  func linkedPath(_ name: String, from link: String) throws(DatasetError) -> String {
    let remedy = "put it there, or write the values into one file"
    let places = companions(name)
    var refused: DatasetError?
    for candidate in places {
      var status = stat()
      guard stat(candidate, &status) == 0 else {
        let code = errno
        // The library, too, tries the next.
        if !PathState.isAbsence(code), refused == nil {
          refused = DataFile.unreachable(candidate, code, remedy: remedy)
        }
        continue
      }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw DatasetError(
          .unsupported,
          "\(candidate), into which '\(link)' of the HDF5 file \(path) leads, is not a regular file: "
            + "write the values into one file.")
      }
      return candidate
    }
    throw refused
      ?? DatasetError(
        .missing,
        "The file \(places.first ?? name), into which '\(link)' of the HDF5 file \(path) leads, does "
          + "not exist: \(remedy).")
  }
}
