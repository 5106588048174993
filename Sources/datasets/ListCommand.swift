import ArgumentParser
import Datasets
import Files
import Foundation

/// `datasets list`: what is known and what is there.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the data sets and which of their files are there.",
    discussion: """
      Looks at names and headers only, and says what they show of folders of one's own; `datasets \
      verify` checks the contents and says what the values show.
      """)

  @OptionGroup var data: DataOptions

  func run() throws {
    var rows = [["name", "split", "originals", "ready", "images", "classes", "kind"]]
    let folder = data.folder
    let state = PathState(folder.path)
    if let refusal = state.refusal(of: folder.path) { throw DatasetError(.unreadable, refusal) }
    guard [.nothing, .folder].contains(state) else {
      throw DatasetError(
        .unreadable,
        "The data folder \(folder.path) is a file: name a folder with --data or BDA_DATA_DIR.")
    }
    if state == .nothing {
      Diagnostics.console.show(
        note: "The data folder \(folder.path) does not exist yet; `datasets fetch` and `datasets "
          + "synthesise` make it.")
    }
    var shown: Set<String> = []
    for source in ImageSource.all {
      for split in source.splits {
        let present = split.files
          .filter { folder.existingOriginal($0, of: source) != nil }.count
        let path = folder.readyPath(name: source.name, split: split.name)
        shown.insert(path)
        rows.append(
          [source.name, split.name, "\(present) of \(split.files.count)"]
            + ready(path, classes: "\(source.classNames.count)", isPublic: true))
      }
    }
    for split in ["train", "test"] {
      let path = folder.readyPath(name: SyntheticDigits.name, split: split)
      shown.insert(path)
      rows.append(
        [SyntheticDigits.name, split, "-"] + ready(path, classes: "10", isPublic: false))
    }
    for name in TreeSource.allCases.map(\.name) + [SyntheticAlphabets.name] {
      let tree = (try? ImageTreeDescription.read(folder.treePath(name: name))) ?? .init()
      let isThere = !tree.contentDigest.isEmpty
      rows.append([
        name, "-", "-", isThere ? "yes" : "no", isThere ? "\(tree.images) PNG" : "-",
        isThere ? "\(tree.classes)" : "-",
        name == SyntheticAlphabets.name ? "synthetic" : "public",
      ])
    }
    let known = Set(
      (TreeSource.allCases.map(\.name) + [SyntheticAlphabets.name]).map {
        folder.treePath(name: $0)
      }
    )
    for path in folder.readyTrees() where !known.contains(path) {
      let name = String(URL(fileURLWithPath: path).lastPathComponent.dropLast("-images".count))
      do {
        let tree = try ImageTree.outline(path, remedy: "put images there")
        rows.append([name, "-", "-", "yes", "\(tree.images) PNG", "\(tree.classes)", "own"])
        for note in tree.notes { Diagnostics.console.show(note: note) }
      } catch {
        Diagnostics.console.show(error: error.message)
        rows.append([name, "-", "-", "damaged", "-", "-", "own"])
      }
    }
    for path in folder.readyFiles() where !shown.contains(path) {
      let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let file = try? HDF5File.open(path)
      let name = (try? file?.string("name")) ?? stem
      let split = (try? file?.string("split")) ?? "-"
      rows.append([name, split, "-"] + ready(path, classes: "-", isPublic: false))
    }
    Diagnostics.console.show(result: "Data folder: \(folder.path)")
    Diagnostics.console.show(result: aligned(rows))
  }

  /// The cells from "ready" on.
  private func ready(_ path: String, classes: String, isPublic: Bool) -> [String] {
    let isOfSuite = URL(fileURLWithPath: path).lastPathComponent.hasPrefix(
      SyntheticDigits.name + "-")
    let kind = isPublic ? "public" : isOfSuite ? "synthetic" : "own"
    guard FileManager.default.fileExists(atPath: path) else {
      return ["no", "-", classes, kind]
    }
    do {
      let file = try HDF5File.open(path)
      let shape = try file.shape(of: "images").map { String($0) }.joined(separator: " x ")
      let names = try file.strings("classNames")
      let isSynthetic = try file.boolean("synthetic") ?? false
      return [
        "yes", shape, names.map { "\($0.count)" } ?? classes, isSynthetic ? "synthetic" : kind,
      ]
    } catch {
      Diagnostics.console.show(error: error.message)
      return ["damaged", "-", classes, kind]
    }
  }

  private func aligned(_ rows: [[String]]) -> String {
    let widths = (0..<rows[0].count).map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    return rows.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
    }.joined(separator: "\n")
  }
}
