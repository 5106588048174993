import Foundation

/// Files that are about to be replaced, under second names by which they come back where that fails.
struct OlderFiles {
  /// What was at a place.
  private enum Older {
    case nothing
    /// A file that has this second name.
    case named(String)
    /// A file of this number, which may have no second name: another user's, or of a file system that
    /// knows none.
    case unnamed(UInt)
  }

  private var places: [(target: String, older: Older)] = []
  private let voucher: (target: String, aside: String)?

  /// Gives all files a second name, and takes the one of `voucher` from it.
  init(_ paths: [String], vouchedForBy voucher: String) throws(FileError) {
    // All are looked up before the first one gets a second name, which an error would leave there.
    var targets: [String] = []
    for path in paths {
      if case .file(let target) = try FileDestination(resolving: path) { targets.append(target) }
    }
    let ofVoucher = try FileDestination(resolving: voucher)
    for target in targets {
      guard PathState(target) == .file else {
        places.append((target, .nothing))
        continue
      }
      let second = Self.secondName(of: target)
      TemporaryFiles.add(second)
      if link(target, second) == 0 {
        places.append((target, .named(second)))
      } else {
        TemporaryFiles.remove(second)
        places.append((target, .unnamed(Self.number(of: target))))
      }
    }
    guard case .file(let target) = ofVoucher, PathState(target) == .file else {
      self.voucher = nil
      return
    }
    let aside = Self.secondName(of: target)
    TemporaryFiles.add(aside)
    while rename(target, aside) != 0 {
      guard errno != EINTR else { continue }
      let code = errno
      self.voucher = nil
      TemporaryFiles.remove(aside)
      forget()
      throw FileError(code, writing: voucher)
    }
    self.voucher = (target, aside)
  }

  /// Puts every file back in its place; the one that vouches for them only where all others are.
  func restore() {
    var areBack = true
    for (target, older) in places {
      switch older {
      case .nothing: if PathState(target) == .file, unlink(target) != 0 { areBack = false }
      // Where the file still has its first name, this does nothing.
      case .named(let second): if rename(second, target) != 0 { areBack = false }
      case .unnamed(let number): if Self.number(of: target) != number { areBack = false }
      }
    }
    if areBack, let voucher { rename(voucher.aside, voucher.target) }
    forget()
  }

  /// Takes the second names away, and with them what has no other.
  func forget() {
    for case (_, .named(let second)) in places { Self.forget(second) }
    if let voucher { Self.forget(voucher.aside) }
  }

  private static func forget(_ second: String) {
    unlink(second)
    TemporaryFiles.remove(second)
  }

  private static func secondName(of target: String) -> String {
    PathParts.sibling(of: target, named: PartialName.make(for: PathParts.name(of: target)))
  }

  private static func number(of path: String) -> UInt {
    var status = stat()
    return stat(path, &status) == 0 ? UInt(status.st_ino) : 0
  }
}
