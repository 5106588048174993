import Files

/// Which files a ready one may take the place of.
extension ImageDataset {
  /// What the attribute `tool` of every file that `datasets` makes begins with.
  private static let toolName = "datasets ("

  /// What `datasets` records of itself in the files that it makes.
  static let ownTool = "\(toolName)image form \(imageFormVersion))"

  /// Throws where something is at a path that `datasets` has not made: a person's own file must not be lost
  /// for its name. Reads attributes only.
  ///
  /// An empty file holds nothing that could be lost. Of a file that cannot be opened nobody knows who has
  /// made it. A pipe or a device is never a ready file.
  ///
  /// - Parameters:
  ///   - force: whether a file that is damaged, or no HDF5 file, is replaced; what the system refuses to
  ///     read is not.
  ///   - command: the command that forces it, such as `datasets convert --force mnist`.
  package static func requireReplaceable(
    _ path: String, force: Bool, command: String
  ) throws(DatasetError) {
    let state = PathState(path)
    if let refusal = state.refusal(of: path) { throw DatasetError(.unwritable, refusal) }
    guard state != .other else {
      throw DatasetError(
        .unwritable,
        "\(path) is no regular file, and a data set written there could not be read again: move it away, "
          + "or choose another data folder.")
    }
    guard state == .file, FileBytes.size(path) != 0 else { return }
    let file: HDF5File
    do {
      file = try HDF5File.open(path)
    } catch {
      guard error.kind != .unreadable else { throw error }
      if force { return }
      throw DatasetError(
        .unwritable,
        "The file \(path) cannot be opened, so that nobody knows whether this command has made it, and it "
          + "would be lost: move it away, or replace it with `\(command)`.")
    }
    guard let tool = try? file.string("tool"), tool.hasPrefix(toolName) else {
      throw DatasetError(
        .unwritable,
        "There is a file \(path) that this command has not made (it has no attribute 'tool' that says "
          + "so), and it would be lost: move it away, or choose another data folder.")
    }
  }
}
