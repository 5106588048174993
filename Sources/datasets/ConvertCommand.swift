import ArgumentParser
import Datasets

/// `datasets convert`: original files to the HDF5 files that experiments read.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert the original files to HDF5 or PNG images, verifying them on the way.",
    discussion: """
      Reads the originals in the data folder, or in the mirror when they are not there. A ready file \
      made from the right originals is left alone.
      """)

  @Argument(
    help: """
      Data sets: \(KnownSource.allValueStrings.joined(separator: ", ")) (default: those of \
      HDF5 files whose originals are there).
      """)
  var names: [KnownSource] = []
  @OptionGroup var data: DataOptions
  @OptionGroup var mirror: MirrorOptions
  @Flag(help: "Write the files again even when they are there or damaged; never over your own.")
  var force = false

  func run() throws {
    data.sweep()
    var sources = names.imageSources
    if names.isEmpty {
      let folders = [data.folder, mirror.folder].compactMap { $0 }
      try data.folder.requireFolder()
      sources = try ImageSource.all.filter { source in
        try source.files.allSatisfy { file in
          try folders.contains { try $0.existingOriginal(file, of: source) != nil }
        }
      }
      guard !sources.isEmpty else {
        throw DatasetError(
          .missing,
          "No data set has all its original files in "
            + "\(folders.map(\.path).joined(separator: " or ")): run `datasets fetch` first, or "
            + "give --mirror.")
      }
    }
    for source in names.treeSources {
      try Self.convert(source, in: data.folder, mirror: mirror.folder, force: force)
    }
    for source in sources {
      try Self.convert(source, in: data.folder, mirror: mirror.folder, force: force)
    }
  }

  static func convert(
    _ source: TreeSource, in folder: DataFolder, mirror: DataFolder?, force: Bool
  ) throws {
    let (description, path, wasThere) = try folder.convert(
      source, mirror: mirror, force: force, command: Diagnostics.commandLine)
    Diagnostics.console.show(
      result: "\(wasThere ? "ready    " : "converted") \(path)  \(description.images) images of "
        + "\(description.classes) classes")
  }

  static func convert(
    _ source: ImageSource, in folder: DataFolder, mirror: DataFolder?, force: Bool
  ) throws {
    for split in source.splits {
      let outcome = try folder.convert(
        split, of: source, mirror: mirror, force: force, command: Diagnostics.commandLine)
      switch outcome {
      case .alreadyThere(let path): Diagnostics.console.show(result: "ready     \(path)")
      case .converted(let path, let count):
        Diagnostics.console.show(
          result: "converted \(path)  \(count) image\(count == 1 ? "" : "s")")
      }
    }
  }
}
