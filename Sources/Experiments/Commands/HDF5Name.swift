import ArgumentParser

/// Names of files that are written as HDF5.
package enum HDF5Name {
  private static let others = [".npz", ".npy", ".csv", ".json", ".txt", ".png", ".zip"]

  /// Throws where a name's ending says that another form is expected than the one that is written.
  package static func require(_ path: String, option: String) throws {
    guard let ending = others.first(where: path.lowercased().hasSuffix) else { return }
    throw ValidationError(
      "The option \(option) names a file that ends in \(ending), and HDF5 is what is written; choose a "
        + "name that ends in .h5.")
  }
}
