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
    var faults = Faults()
    try folder.requireReadable()
    if PathState(folder.path) == .nothing {
      Diagnostics.console.show(
        note: "The data folder \(folder.path) does not exist yet; `datasets fetch` and `datasets "
          + "synthesise` make it.")
    }
    var shown: Set<String> = []
    for source in ImageSource.all {
      for split in source.splits {
        let present = faults.present(split.files, of: source, in: folder)
        let path = folder.readyPath(name: source.name, split: split.name)
        shown.insert(path)
        rows.append(
          [source.name, split.name, present]
            + ready(path, classes: "\(source.classNames.count)", isPublic: true, &faults))
      }
    }
    for split in ["train", "test"] {
      let path = folder.readyPath(name: SyntheticDigits.name, split: split)
      shown.insert(path)
      rows.append(
        [SyntheticDigits.name, split, "-"]
          + ready(path, classes: "10", isPublic: false, &faults))
    }
    for name in TreeSource.allCases.map(\.name) + [SyntheticAlphabets.name] {
      let kind = name == SyntheticAlphabets.name ? "synthetic" : "public"
      do throws(DatasetError) {
        let tree = try ImageTreeDescription.read(folder.treePath(name: name))
        let isThere = !tree.contentDigest.isEmpty
        rows.append([
          name, "-", "-", isThere ? "yes" : "no", isThere ? "\(tree.images) PNG" : "-",
          isThere ? "\(tree.classes)" : "-", kind,
        ])
      } catch {
        rows.append([name, "-", "-", faults.word(error), "-", "-", kind])
      }
    }
    let known = Set(
      (TreeSource.allCases.map(\.name) + [SyntheticAlphabets.name]).map {
        folder.treePath(name: $0)
      }
    )
    for path in try folder.readyTrees() where !known.contains(path) {
      let name = String(URL(fileURLWithPath: path).lastPathComponent.dropLast("-images".count))
      do {
        let tree = try ImageTree.outline(path, remedy: "put images there")
        rows.append([name, "-", "-", "yes", "\(tree.images) PNG", "\(tree.classes)", "own"])
        for note in tree.notes { Diagnostics.console.show(note: note) }
      } catch {
        rows.append([name, "-", "-", faults.word(error), "-", "-", "own"])
      }
    }
    for path in try folder.readyFiles() where !shown.contains(path) {
      let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      let file = try? HDF5File.open(path)
      let name = (try? file?.string("name")) ?? stem
      let split = (try? file?.string("split")) ?? "-"
      rows.append([name, split, "-"] + ready(path, classes: "-", isPublic: false, &faults))
    }
    Diagnostics.console.show(result: "Data folder: \(folder.path)")
    Diagnostics.console.show(result: aligned(rows))
    // Damage is an answer; what may not be read leaves the question open.
    if let code = faults.exitCode { throw ExitCode(code) }
  }

  /// The cells from "ready" on.
  private func ready(
    _ path: String, classes: String, isPublic: Bool, _ faults: inout Faults
  ) -> [String] {
    let isOfSuite = URL(fileURLWithPath: path).lastPathComponent.hasPrefix(
      SyntheticDigits.name + "-")
    let kind = isPublic ? "public" : isOfSuite ? "synthetic" : "own"
    guard PathState(path) != .nothing else {
      return ["no", "-", classes, kind]
    }
    do throws(DatasetError) {
      let file = try HDF5File.open(path)
      let shape = try file.shape(of: "images").map { String($0) }.joined(separator: " x ")
      let names = try file.strings("classNames")
      let isSynthetic = try file.boolean("synthetic") ?? false
      return [
        "yes", shape, names.map { "\($0.count)" } ?? classes, isSynthetic ? "synthetic" : kind,
      ]
    } catch {
      return [faults.word(error), "-", classes, kind]
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

/// What was met that could not be read: said at once, each with its word in the table.
private struct Faults {
  /// The exit code where the system refused something, nil where it refused nothing.
  private(set) var exitCode: Int32?

  /// Says an error and returns its word: what the system refuses to read is not called damaged.
  mutating func word(_ error: DatasetError) -> String {
    Diagnostics.console.show(error: error.message)
    guard error.kind == .unreadable else { return "damaged" }
    exitCode = exitCode ?? error.exitCode
    return "unreadable"
  }

  /// How many of the original files are there, as the table says it.
  mutating func present(
    _ files: [SourceFile], of source: ImageSource, in folder: DataFolder
  ) -> String {
    do throws(DatasetError) {
      var count = 0
      for file in files where try folder.existingOriginal(file, of: source) != nil { count += 1 }
      return "\(count) of \(files.count)"
    } catch {
      return word(error)
    }
  }
}
