internal import CHDF5
import Foundation

/// Links from name to name and from file to file, which may lead nowhere. Inside the lock.
extension HDF5File {
  /// Where a link leads.
  enum LinkState {
    /// To an object, or to a name that can be tried.
    case reachable
    /// To a file that is not there.
    case missing(file: String)
    /// To a folder, a pipe or a device.
    case irregular(file: String)
  }

  /// Where the link at `prefix` leads, without opening another file.
  func linkState(_ prefix: String) -> LinkState {
    var target = [CChar](repeating: 0, count: 4096)
    var file = [CChar](repeating: 0, count: 4096)
    guard
      bda_link_target(identifier.rawValue, prefix, &target, &file, target.count) == 2
    else { return .reachable }
    let name = text(file)
    for candidate in companions(name) {
      var status = stat()
      guard stat(candidate, &status) == 0 else { continue }
      return status.st_mode & S_IFMT == S_IFREG ? .reachable : .irregular(file: candidate)
    }
    return .missing(file: companions(name).first ?? name)
  }

  /// Throws the sentence for the first link on the way to `name` that leads nowhere.
  func explainLinks(on name: String) throws(DatasetError) {
    var prefix = ""
    for part in name.split(separator: "/") {
      prefix += "/" + part
      guard H5Lexists(identifier.rawValue, prefix, bda_default_properties()) > 0 else { return }
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
      case .reachable:
        continue
      }
    }
  }
}
