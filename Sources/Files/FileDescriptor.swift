import Foundation

/// Writing to open descriptors, whole or with the system's reason why not.
public enum FileDescriptor {
  /// Writes all bytes, going on after signals and partial writes; returns 0, or the number of the
  /// error (`errno`) that stopped it. O(count).
  public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let count = Foundation.write(
        descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
      if count > 0 {
        offset += count
      } else if count == 0 {
        return EIO
      } else if errno == EAGAIN {
        // Somebody else made the stream non-blocking: wait until it takes more.
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&request, 1, 1000)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// Opens a file, again after a signal; returns the descriptor, or -1 with `errno`.
  static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    while true {
      let descriptor = Foundation.open(path, flags, mode)
      if descriptor >= 0 || errno != EINTR { return descriptor }
    }
  }

  /// Flushes what was written to the disk, again after a signal; returns 0 or the number of the error.
  static func synchronize(_ descriptor: Int32) -> Int32 {
    while fsync(descriptor) != 0 {
      if errno != EINTR { return errno }
    }
    return 0
  }
}
