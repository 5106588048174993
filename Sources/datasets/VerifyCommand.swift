import ArgumentParser
import Datasets
import Files
import Foundation

/// `datasets verify`: everything that is there, down to the last byte.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check original files and ready files against their digests.",
    discussion: """
      Original files are compared with the published SHA-256. The pixels in a ready file of a public \
      data set, packed as IDX again, must have that same SHA-256; other ready files are compared \
      with the digest that they record, and files of one's own without one are read as \
      `hyper-cleaning clean` would. What the readers noticed in files and folders of one's own \
      is said, as it is before a run. Every problem is reported; the exit code is that of the first.
      """)

  @Argument(
    help: """
      Data sets, or paths of .h5 files and of folders of images (default: everything in the data \
      folder).
      """)
  var names: [String] = []
  @OptionGroup var data: DataOptions

  func run() throws {
    var check = Checks()
    let folder = data.folder
    let all = names.isEmpty
    if all {
      try folder.requireReadable()
    } else if let refusal = PathState(folder.path).refusal(of: folder.path) {
      throw DatasetError(.unreadable, refusal)
    }
    for source in ImageSource.all where all || names.contains(source.name) {
      for file in source.files {
        check.several { () throws(DatasetError) in
          if all, try folder.existingOriginal(file, of: source) == nil { return [] }
          return ["\(try folder.verifyOriginal(file, of: source))  sha256:\(file.sha256)"]
        }
      }
      for split in source.splits {
        let path = folder.readyPath(name: source.name, split: split.name)
        guard !all || PathState(path) != .nothing else { continue }
        check.one { () throws(DatasetError) in
          let dataset = try folder.verifyReady(split, of: source)
          return ("\(path)  sha256:\(dataset.contentDigest)", dataset.notes)
        }
      }
    }
    for source in TreeSource.allCases where all || names.contains(source.name) {
      check.several { () throws(DatasetError) in try folder.verifyOriginals(source) }
      let path = folder.treePath(name: source.name)
      guard !all || PathState(path) != .nothing else { continue }
      check.one { () throws(DatasetError) in
        Self.line(path, try folder.verifyTree(source))
      }
    }
    for path in try otherTrees(all, in: folder) {
      check.one { () throws(DatasetError) in
        let isSynthetic = path == folder.treePath(name: SyntheticAlphabets.name)
        return Self.line(
          path,
          try ImageTree.verify(
            path,
            remedy: isSynthetic
              ? "run `datasets synthesise --kind alphabets --force`" : "check the path"))
      }
    }
    for path in try otherFiles(all, in: folder) {
      check.one { () throws(DatasetError) in try Self.ownFile(path) }
    }
    if let code = check.exitCode { throw ExitCode(code) }
    guard check.count > 0 else {
      throw DatasetError(
        .missing,
        "There is nothing to verify in \(folder.path): run `datasets fetch` or "
          + "`datasets synthesise` first.")
    }
  }

  /// The line of a file of one's own: images that experiments run on, or whatever else
  /// `hyper-cleaning clean` reads. A file that records its digest is of the first kind.
  private static func ownFile(
    _ path: String
  ) throws(DatasetError) -> (line: String, notes: [String]) {
    do {
      let dataset = try ImageDataset.load(path)
      return ("\(path)  sha256:\(dataset.contentDigest)", dataset.notes)
    } catch {
      guard error.kind == .unexpectedContents, let file = try? HDF5File.open(path),
        let attributes = try? file.attributeNames(), !attributes.contains("contentDigest"),
        let samples = try? LabelledSamples.load(hdf5: path)
      else { throw error }
      let width = samples.features.width
      return (
        "\(path)  \(samples.count) samples of \(width) \(width == 1 ? "value" : "values") in "
          + "\(samples.classes.count) classes, without a recorded digest", samples.notes
      )
    }
  }

  private static func line(
    _ path: String, _ tree: (description: ImageTreeDescription, notes: [String])
  ) -> (String, [String]) {
    let known = tree.description
    return (
      "\(path)  \(known.images) images of \(known.classes) classes, sha256:\(known.contentDigest)",
      tree.notes
    )
  }

  /// The trees of images that are not of a public data set.
  private func otherTrees(_ all: Bool, in folder: DataFolder) throws -> [String] {
    let known = Set(TreeSource.allCases.map { folder.treePath(name: $0.name) })
    if all { return try folder.readyTrees().filter { !known.contains($0) } }
    return try names.compactMap { name in
      if KnownSource(argument: name) != nil { return nil }
      let tree = folder.treePath(name: name)
      let isOther = name.contains("/") || HDF5Path.isOne(name)
      let isThere =
        switch PathState(tree) {
        case .nothing: false
        // Of a path the data folder says nothing.
        case .unreachable: !isOther
        case .folder, .file, .other: true
        }
      // A data set of this name comes before a folder of this name that lies here.
      let isPath = try name.contains("/") || !isThere && files(named: name, in: folder).isEmpty
      if isPath {
        switch PathState(name) {
        case .folder: return name
        // Read as what it is named for, and refused there with the system's reason.
        case .unreachable where !HDF5Path.isOne(name): return name
        case .nothing, .file, .other, .unreachable: break
        }
      }
      return name == SyntheticAlphabets.name || isThere ? tree : nil
    }
  }

  /// The HDF5 files that are not of a public data set.
  private func otherFiles(_ all: Bool, in folder: DataFolder) throws -> [String] {
    let known = Set(
      ImageSource.all.flatMap { source in
        source.splits.map { folder.readyPath(name: source.name, split: $0.name) }
      })
    if all { return try folder.readyFiles().filter { !known.contains($0) } }
    let trees = Set(try otherTrees(false, in: folder))
    return try names.filter { KnownSource(argument: $0) == nil }.flatMap { name in
      let found = try files(named: name, in: folder)
      let isTree = trees.contains(name) || trees.contains(folder.treePath(name: name))
      return found.isEmpty && !isTree
        ? [folder.readyPath(name: name, split: "train")] : found
    }
  }

  /// The files meant by a name that is not a public data set: a path, or the splits of another set.
  private func files(named name: String, in folder: DataFolder) throws -> [String] {
    if HDF5Path.isOne(name) { return [name] }
    return try folder.readyFiles().filter { path in
      let file = URL(fileURLWithPath: path).lastPathComponent
      // A split has no hyphen: "digits-own-train.h5" belongs to "digits-own", and not to "digits".
      return file.hasPrefix("\(name)-") && !file.dropFirst(name.count + 1).contains("-")
    }
  }
}

/// Checks one after another: each has its line, its notes, or its error.
private struct Checks {
  /// How many were right.
  private(set) var count = 0
  /// The exit code of the first that was not, nil where all were right.
  private(set) var exitCode: Int32?

  /// Makes a check, which returns its line and what a person should know.
  mutating func one(_ body: () throws(DatasetError) -> (line: String, notes: [String])) {
    do {
      let (line, notes) = try body()
      Diagnostics.console.show(result: "ok        \(line)")
      for note in notes { Diagnostics.console.show(note: note) }
      count += 1
    } catch {
      Diagnostics.console.show(error: error.message)
      exitCode = exitCode ?? error.exitCode
    }
  }

  /// Makes a check of several files, which returns a line for each.
  mutating func several(_ body: () throws(DatasetError) -> [String]) {
    do {
      for line in try body() { one { () throws(DatasetError) in (line, []) } }
    } catch {
      one { () throws(DatasetError) in throw error }
    }
  }
}
