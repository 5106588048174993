import ArgumentParser
import Datasets
import Foundation

/// `datasets verify`: everything that is there, down to the last byte.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check original files and ready files against their digests.",
    discussion: """
      Original files are compared with the published SHA-256. The pixels in a ready file of a public \
      data set, packed as IDX again, must have that same SHA-256; other ready files are compared \
      with the digest that they record. Every problem is reported; the exit code is that of the \
      first.
      """)

  @Argument(
    help: """
      Data sets, or paths of .h5 files (default: everything in the data folder).
      """)
  var names: [String] = []
  @OptionGroup var data: DataOptions

  func run() throws {
    var failures: [DatasetError] = []
    var checked = 0
    func check(_ body: () throws(DatasetError) -> String) {
      do {
        let line = try body()
        Diagnostics.console.show(result: "ok        \(line)")
        checked += 1
      } catch {
        Diagnostics.console.show(error: error.message)
        failures.append(error)
      }
    }
    let folder = data.folder
    let all = names.isEmpty
    for source in ImageSource.all where all || names.contains(source.name) {
      for file in source.files where !all || folder.existingOriginal(file, of: source) != nil {
        check { () throws(DatasetError) in
          "\(try folder.verifyOriginal(file, of: source))  sha256:\(file.sha256)"
        }
      }
      for split in source.splits {
        let path = folder.readyPath(name: source.name, split: split.name)
        guard !all || FileManager.default.fileExists(atPath: path) else { continue }
        check { () throws(DatasetError) in
          let dataset = try folder.verifyReady(split, of: source)
          return "\(path)  sha256:\(dataset.contentDigest)"
        }
      }
    }
    for source in TreeSource.allCases where all || names.contains(source.name) {
      do {
        for path in try folder.verifyOriginals(source) {
          Diagnostics.console.show(result: "ok        \(path)")
          checked += 1
        }
      } catch {
        check { () throws(DatasetError) in throw error }
      }
      let path = folder.treePath(name: source.name)
      guard !all || FileManager.default.fileExists(atPath: path) else { continue }
      check { () throws(DatasetError) in
        let tree = try folder.verifyTree(source)
        return "\(path)  \(tree.images) images of \(tree.classes) classes, sha256:"
          + tree.contentDigest
      }
    }
    let alphabets = folder.treePath(name: SyntheticAlphabets.name)
    if names.contains(SyntheticAlphabets.name)
      || (all && FileManager.default.fileExists(atPath: alphabets))
    {
      check { () throws(DatasetError) in
        let tree = try ImageTree.verify(
          alphabets, remedy: "run `datasets synthesise --kind alphabets --force`")
        return "\(alphabets)  sha256:\(tree.contentDigest)"
      }
    }
    let known = Set(
      ImageSource.all.flatMap { source in
        source.splits.map { folder.readyPath(name: source.name, split: $0.name) }
      })
    let others =
      all
      ? folder.readyFiles().filter { !known.contains($0) }
      : names.filter {
        KnownSource(argument: $0) == nil && $0 != SyntheticAlphabets.name
      }.flatMap { files(named: $0, in: folder) }
    for path in others {
      check { () throws(DatasetError) in
        "\(path)  sha256:\(try ImageDataset.load(path).contentDigest)"
      }
    }
    if let first = failures.first { throw ExitCode(first.exitCode) }
    guard checked > 0 else {
      throw DatasetError(
        .missing,
        "There is nothing to verify in \(folder.path): run `datasets fetch` or "
          + "`datasets synthesise` first.")
    }
  }

  /// The files meant by a name that is not a public data set: a path, or the splits of another set.
  private func files(named name: String, in folder: DataFolder) -> [String] {
    if name.hasSuffix(".h5") { return [name] }
    let splits = folder.readyFiles().filter { path in
      URL(fileURLWithPath: path).lastPathComponent.hasPrefix("\(name)-")
    }
    return splits.isEmpty ? [folder.readyPath(name: name, split: "train")] : splits
  }
}
