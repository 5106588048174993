import ArgumentParser
import Datasets
import Files

/// `datasets fetch`: original files, downloaded or copied, verified either way.
struct FetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Download the original files, or copy them from a mirror, and verify them.",
    discussion: """
      The SHA-256 of the decompressed bytes is checked before a file gets its name; a file that is \
      already there and right is left alone, so an interrupted fetch goes on where it stopped.
      """)

  @Argument(
    help:
      "Data sets: \(KnownSource.allValueStrings.joined(separator: ", ")) (default: those of HDF5 files with a public address)."
  )
  var names: [KnownSource] = []
  @OptionGroup var data: DataOptions
  @OptionGroup var mirror: MirrorOptions
  @Flag(help: "Convert to HDF5 afterwards, as `datasets convert` does.")
  var convert = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seconds without any data before a download fails.", valueName: "s"))
  var timeout = 30.0

  func validate() throws {
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError(
        "--timeout must be above 0 seconds and at most a day (86400), not \(timeout).")
    }
  }

  func run() throws {
    data.sweep()
    let sources = names.isEmpty ? ImageSource.published : names.imageSources
    let transport = HTTPTransport(timeout: timeout)
    for source in names.treeSources {
      let outcomes = try data.folder.fetch(
        source, from: mirror.origin ?? .published,
        transport: { (address, path) throws(DatasetError) in
          try transport.download(address, to: path)
        },
        report: { Diagnostics.print($0) })
      for outcome in outcomes { Self.show(outcome) }
      if convert {
        try ConvertCommand.convert(source, in: data.folder, mirror: mirror.folder, force: false)
      }
    }
    for source in sources {
      for file in source.files {
        let outcome = try data.folder.fetch(
          file, of: source, from: mirror.origin ?? .published,
          transport: { (address, path) throws(DatasetError) in
            try transport.download(address, to: path)
          },
          report: { Diagnostics.print($0) })
        Self.show(outcome)
      }
      if convert {
        try ConvertCommand.convert(
          source, in: data.folder, mirror: mirror.folder, force: false)
      }
    }
    if !convert {
      var words = ["datasets", "convert"]
      for name in sources.map(\.name) + names.treeSources.map(\.name) where !words.contains(name) {
        words.append(name)
      }
      if let path = data.path { words += ["--data", path] }
      Diagnostics.print(
        "Next: `\(ShellWords.text(words))` makes the files that experiments read.")
    }
  }

  private static func show(_ outcome: FetchOutcome) {
    switch outcome {
    case .alreadyThere(let path): Diagnostics.console.show(result: "verified  \(path)")
    case .fetched(let path, let origin):
      Diagnostics.console.show(result: "fetched   \(path)  from \(origin)")
    }
  }
}
