import Foundation

/// A file of a fixed name that a command writes to a folder of the user's choice, and by what it knows one
/// that it has made itself.
///
/// Whoever names a file to write to means that file. Whoever names a folder does not think of a `train.h5` of
/// their own that lies in it: it must not be lost for its name.
public struct OwnOutput: Sendable {
  private let path: String
  private let isOwn: @Sendable (String) -> Bool

  /// An output with a way to tell, of a file that is there, whether the command has made it.
  public init(_ path: String, isOwn: @escaping @Sendable (String) -> Bool) {
    self.path = path
    self.isOwn = isOwn
  }

  /// An output whose first bytes hold a text that no other file has.
  public init(_ path: String, marked mark: String) {
    self.init(path) { Self.head(of: $0).contains(mark) }
  }

  /// Throws as ``requireReplaceable()`` does for the first of several files that belong together, unless the
  /// one that is written last is there and the command has made it: it vouches for all of them, as in
  /// ``AtomicFile/commit(_:vouchedForBy:removing:)``.
  public static func requireReplaceable(
    _ outputs: [OwnOutput], vouchedForBy voucher: OwnOutput
  ) throws(FileError) {
    guard PathState(voucher.path) != .file || !voucher.isOwn(voucher.path) else { return }
    for output in outputs + [voucher] { try output.requireReplaceable() }
  }

  /// Throws where there is a file of the name that the command has not made; an empty one holds nothing that
  /// could be lost, and what is no regular file is written through.
  ///
  /// - Throws: ``FileError`` of the kind ``FileError/Kind/isForeign``.
  public func requireReplaceable() throws(FileError) {
    guard PathState(path) == .file, Self.size(path) != 0, !isOwn(path) else { return }
    throw FileError(
      .isForeign,
      "There is a file '\(path)' that this command has not made, and it would be lost; name another folder "
        + "to write to, or move the file away.")
  }

  private static func size(_ path: String) -> off_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_size : nil
  }

  private static func head(of path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "" }
    defer { try? file.close() }
    return String(decoding: (try? file.read(upToCount: 2_048)) ?? Data(), as: UTF8.self)
  }
}
