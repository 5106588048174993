import Files

extension ResultsError {
  /// The error of writing a file, in the terms of this module; the sentence stays.
  public init(_ error: FileError) { self.init(.inputOutput, error.message) }

  /// What a body returns, errors of writing files turned into errors of this module.
  package static func converting<Result>(
    _ body: () throws(FileError) -> Result
  ) throws(ResultsError) -> Result {
    do { return try body() } catch { throw ResultsError(error) }
  }
}
