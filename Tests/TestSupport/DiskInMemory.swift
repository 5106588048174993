import Foundation
import Testing

/// A small file system in memory, for tests of full and read-only disks; it is gone with the value.
public final class DiskInMemory {
  /// Where it is mounted.
  public let path: String

  /// Whether this machine makes one: whoever runs the tests may mount file systems.
  public static let isAvailable = {
    guard let folder = try? TemporaryFolder() else { return false }
    return (try? DiskInMemory(folder.path("disk"), kilobytes: 64)) != nil
  }()

  /// What a skipped test says.
  public static let reason: Comment =
    "Only who may mount file systems (the superuser) has a small disk."

  /// Mounts a disk of so many kilobytes on a folder, which is made.
  ///
  /// - Throws: `POSIXError` where it cannot be mounted.
  public init(_ path: String, kilobytes: Int) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.mount(path, options: "size=\(kilobytes)k")
  }

  /// Nothing can be written from here on.
  public func makeReadOnly() throws {
    try Self.mount(path, flags: UInt(MS_REMOUNT) | UInt(MS_RDONLY))
  }

  /// Gives it another size, in kilobytes.
  public func resize(kilobytes: Int) throws {
    try Self.mount(path, flags: UInt(MS_REMOUNT), options: "size=\(kilobytes)k")
  }

  private static func mount(_ path: String, flags: UInt = 0, options: String? = nil) throws {
    guard Glibc.mount("tmpfs", path, "tmpfs", flags, options) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
    }
  }

  deinit { umount(path) }
}
