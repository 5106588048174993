import Files

extension DatasetError {
  /// The error of writing a file, in the terms of this module; the sentence stays.
  init(_ error: FileError) { self.init(.unwritable, error.message) }

  /// What a body returns, errors of writing files turned into errors of this module.
  static func converting<Result>(
    _ body: () throws(FileError) -> Result
  ) throws(DatasetError) -> Result {
    do { return try body() } catch { throw DatasetError(error) }
  }
}
