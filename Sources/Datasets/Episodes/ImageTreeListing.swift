import Files
import Foundation

/// The names of the folders and PNG files of a tree, sorted, and what was passed over.
///
/// Symbolic links are followed. Hidden names and folders that systems make by themselves are ignored
/// without a word. Hidden folders with images, folders without, pipes, devices, and images of other
/// formats are passed over with a note; links that lead nowhere or back to a folder above them are
/// errors, since what they stand for would be missing or endless.
struct ImageTreeListing: Sendable {
  /// A folder with PNG files.
  struct Folder: Sendable {
    var name: String
    var files: [String]
  }

  /// The folders that hold images, in the order of their names.
  let folders: [Folder]
  /// One full sentence for whatever a person should know.
  let notes: [String]

  /// Folders that systems and archivers add; their names begin with a dot or are one of these.
  private static let systemFolders: Set<String> = [
    "__MACOSX", "@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN", "System Volume Information",
    "lost+found", "__pycache__",
  ]
  private static let otherImages: Set<String> = [
    "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "heic", "avif",
  ]
  private static let deepest = 32
  private static let mostFolders = 1_000_000

  /// - Parameter rootIsClass: whether images in the folder itself are a class, without a name.
  init(path: String, remedy: String, rootIsClass: Bool = false) throws(DatasetError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT, DataFile.linkTarget(path) == nil {
        throw DatasetError(
          .missing, "The folder of images \(path) does not exist: \(remedy).")
      }
      throw DataFile.unreachable(path, errno, remedy: remedy)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw DatasetError(
        .missing, "The folder of images \(path) is a file, not a folder: \(remedy).")
    }
    var walk = Walk(root: path, rootIsClass: rootIsClass)
    try walk.visit("", above: [(Identity(status), "")])
    guard !walk.folders.isEmpty else {
      let others = walk.otherImageCount
      let found =
        others > 0
        ? " (it has \(others) images of other formats, which must be converted to PNG)"
        : walk.rootImageCount > 0
          ? " (its \(walk.rootImageCount) images lie in no folder of a class)" : ""
      throw DatasetError(
        .missing,
        "The folder \(path) has no images \(rootIsClass ? "" : "<class>/")<image>.png\(found): "
          + "\(remedy).")
    }
    folders = walk.folders.sorted { ExactName($0.name) < ExactName($1.name) }
    notes = walk.notes
  }

  /// What tells a folder from all others, by whatever names it is reached.
  private struct Identity: Equatable {
    let device: UInt64
    let file: UInt64

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      file = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }

  private struct Walk {
    let root: String
    let rootIsClass: Bool
    var folders: [Folder] = []
    var emptyFolders: [String] = []
    var passedOver: [String] = []
    var rootImageCount = 0
    var otherImageCount = 0
    var visited = 0

    /// Lists one folder and what is below it; returns whether there were images.
    ///
    /// - Parameter above: the folders on the way, for finding links that lead back.
    @discardableResult
    mutating func visit(
      _ name: String, above: [(identity: Identity, name: String)]
    ) throws(DatasetError) -> Bool {
      visited += 1
      guard above.count <= deepest, visited <= mostFolders else {
        throw DatasetError(
          .tooLarge,
          "The folder of images \(root) has more than \(mostFolders) folders or is deeper than "
            + "\(deepest) at \(name): name the folder that holds the classes.")
      }
      var files: [String] = []
      var hasImages = false
      var hasFolders = false
      for entry in try entries(of: name) {
        let place = name.isEmpty ? entry : "\(name)/\(entry)"
        let path = "\(root)/\(place)"
        let isImage = entry.lowercased().hasSuffix(".png")
        var status = stat()
        guard stat(path, &status) == 0 else {
          // Removed since the folder was read: the image is missing, or was none.
          if errno == ENOENT, DataFile.linkTarget(path) == nil, !isImage { continue }
          throw DataFile.unreachable(path, errno, remedy: "restore it")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
          hasFolders = true
          let identity = Identity(status)
          if let first = above.first(where: { $0.identity == identity }) {
            let folder = first.name.isEmpty ? root : "\(root)/\(first.name)"
            throw DatasetError(
              .unexpectedContents,
              "The link \(nearestLink(to: path)) leads back to the folder \(folder) that it lies in: "
                + "remove the link.")
          }
          if try visit(place, above: above + [(identity, place)]) { hasImages = true }
        case S_IFREG where isImage:
          if name.isEmpty, !rootIsClass { rootImageCount += 1 } else { files.append(entry) }
        case S_IFREG:
          let kind = entry.lastIndex(of: ".").map { entry[entry.index(after: $0)...].lowercased() }
          if let kind, otherImages.contains(kind) { otherImageCount += 1 }
        case let kind:
          passedOver.append("\(place), which is \(DataFile.name(of: kind))")
        }
      }
      if !files.isEmpty {
        folders.append(
          Folder(name: name, files: files.sorted { ExactName($0) < ExactName($1) }))
      } else if !hasFolders, !name.isEmpty {
        emptyFolders.append(name)
      }
      return hasImages || !files.isEmpty
    }

    /// The last symbolic link on the way to a folder; the folder itself where there is none, as below a
    /// bind mount. What is reached through a link is a folder that nobody should remove.
    private func nearestLink(to path: String) -> String {
      var link = path[...]
      while link.count > root.count {
        if DataFile.linkTarget(String(link)) != nil { return String(link) }
        link = link[..<(link.lastIndex(of: "/") ?? link.startIndex)]
      }
      return path
    }

    /// The names in a folder that are not hidden, in no particular order.
    private mutating func entries(of name: String) throws(DatasetError) -> [String] {
      let path = name.isEmpty ? root : "\(root)/\(name)"
      guard let stream = opendir(path) else {
        throw DatasetError(
          .unreadable,
          "The folder \(path) cannot be read (\(SystemError.last)): check its permissions.")
      }
      defer { closedir(stream) }
      var names: [String] = []
      while true {
        errno = 0
        guard let entry = readdir(stream) else {
          guard errno == 0 else {
            throw DatasetError(
              .unreadable,
              "The folder \(path) cannot be read (\(SystemError.last)): check the disk.")
          }
          return names
        }
        let text = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
            (String(validatingCString: $0), String(cString: $0))
          }
        }
        guard !text.1.hasPrefix(".") else {
          noteHidden(name.isEmpty ? text.1 : "\(name)/\(text.1)", named: text.1)
          continue
        }
        guard !systemFolders.contains(text.1) else { continue }
        guard let valid = text.0 else {
          throw DatasetError(
            .unexpectedContents,
            "The name \(text.1) in the folder \(path) is not text in UTF-8: rename it.")
        }
        names.append(valid)
      }
    }

    /// Takes note of a hidden folder that could be meant as a class, since it holds images.
    private mutating func noteHidden(_ place: String, named name: String) {
      guard name != ".", name != "..",
        let inside = try? FolderListing.names(in: "\(root)/\(place)"),
        inside.contains(where: { $0.lowercased().hasSuffix(".png") && !$0.hasPrefix(".") })
      else { return }
      passedOver.append("\(place), which is hidden by the dot that its name begins with")
    }

    /// What was passed over, one full sentence each.
    var notes: [String] {
      var notes: [String] = []
      if !emptyFolders.isEmpty {
        let several = emptyFolders.count > 1
        notes.append(
          "The \(several ? "folders" : "folder") \(listed(emptyFolders)) below \(root) "
            + "\(several ? "have" : "has") no PNG images and \(several ? "were" : "was") passed over."
        )
      }
      if !passedOver.isEmpty {
        notes.append("Passed over below \(root) was \(listed(passedOver)).")
      }
      if otherImageCount > 0 {
        notes.append(
          otherImageCount == 1
            ? "1 image of another format below \(root) was passed over: convert it to PNG if it is meant."
            : "\(otherImageCount) images of other formats below \(root) were passed over: convert them to "
              + "PNG if they are meant.")
      }
      if rootImageCount > 0 {
        notes.append(
          rootImageCount == 1
            ? "1 image that lies in \(root) itself, in no folder of a class, was passed over."
            : "\(rootImageCount) images that lie in \(root) itself, in no folder of a class, were passed "
              + "over.")
      }
      return notes
    }

    /// The first few names, and how many more there are.
    private func listed(_ names: [String]) -> String {
      let shown = names.sorted { ExactName($0) < ExactName($1) }.prefix(5)
      let rest = names.count - shown.count
      return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
  }
}
