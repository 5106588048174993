internal import CHDF5
import Files
import Foundation

/// Links from name to name and from file to file, which may lead nowhere. Inside the lock.
extension HDF5File {
  /// Where a link leads.
  enum LinkState {
    /// To an object, or to a name that can be tried, in this file or in another one that is there.
    case reachable(file: String?)
    /// To a file that is not there.
    case missing(file: String)
    /// To a folder, a pipe or a device.
    case irregular(file: String)
    /// To a file that the system does not let one reach, with the number of its error.
    case unreachable(file: String, code: Int32)
  }

  /// Where the link at `prefix` leads, without opening another file.
  func linkState(_ prefix: String) -> LinkState {
    var target = [CChar](repeating: 0, count: 4096)
    var file = [CChar](repeating: 0, count: 4096)
    guard
      bda_link_target(identifier.rawValue, prefix, &target, &file, target.count) == 2
    else { return .reachable(file: nil) }
    let name = text(file)
    var refused: LinkState?
    for candidate in companions(name) {
      var status = stat()
      guard stat(candidate, &status) == 0 else {
        let code = errno
        // The library, too, tries the next.
        if !PathState.isAbsence(code), refused == nil {
          refused = .unreachable(file: candidate, code: code)
        }
        continue
      }
      return status.st_mode & S_IFMT == S_IFREG
        ? .reachable(file: candidate) : .irregular(file: candidate)
    }
    return refused ?? .missing(file: companions(name).first ?? name)
  }

  /// Whether `name` is there after all, asked where it was not found: the system may have refused
  /// the first look, of which the library says nothing where another file was to be opened.
  ///
  /// - Throws: the sentence for the first link on the way to `name` that leads nowhere.
  func isThere(followingLinks name: String) throws(DatasetError) -> Bool {
    var prefix = ""
    for part in name.split(separator: "/") {
      prefix += "/" + part
      guard H5Lexists(identifier.rawValue, prefix, bda_default_properties()) > 0 else {
        return false
      }
      switch linkState(prefix) {
      case .missing(let file):
        throw DatasetError(
          .missing,
          "The file \(file), into which '\(prefix)' of the HDF5 file \(path) leads, does not exist: "
            + "put it there, or write the values into one file.")
      case .irregular(let file):
        throw DatasetError(
          .unsupported,
          "\(file), into which '\(prefix)' of the HDF5 file \(path) leads, is not a regular file: "
            + "write the values into one file.")
      case .unreachable(let file, let code):
        throw DataFile.unreachable(
          file, code, remedy: "put it there, or write the values into one file")
      case .reachable(let file):
        guard H5Oexists_by_name(identifier.rawValue, prefix, bda_default_properties()) > 0 else {
          // Where the other file cannot be opened, it is that file which has the reason.
          if let file { _ = try HDF5File.open(file, maximumArrayBytes: maximumArrayBytes) }
          throw DatasetError(
            .unexpectedContents,
            "'\(prefix)' of the HDF5 file \(path) is a link that leads nowhere: correct it, or store the "
              + "values there.")
        }
      }
    }
    return true
  }
}
