import Foundation

/// Two names that change places.
public enum FileExchange {
  /// Whether what two paths name, files or folders of one file system, has changed places in one step.
  ///
  /// False where the C library, the kernel or the file system cannot do it (glibc 2.28 and most local file
  /// systems can), or where one of them is missing; then nothing has changed.
  public static func exchange(_ first: String, _ second: String) -> Bool {
    // By name, because Swift does not import it.
    guard let symbol = dlsym(nil, "renameat2") else { return false }
    typealias Function =
      @convention(c) (
        Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
      ) -> Int32
    let exchanges: UInt32 = 1 << 1
    return unsafeBitCast(symbol, to: Function.self)(
      AT_FDCWD, first, AT_FDCWD, second, exchanges) == 0
  }
}
