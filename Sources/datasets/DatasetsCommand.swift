import ArgumentParser
import Commands
import Datasets
import Files
import Foundation

/// The command `datasets`: everything that touches data before an experiment does.
@main
struct DatasetsCommand: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "Fetch, convert, verify, generate and list the data of the experiments.",
    discussion: """
      Original files lie in <data>/<name>/, ready files are <data>/<name>-<split>.h5 (HDF5: images \
      uint8 [n, height, width], labels uint8 [n], attributes for names, digests and provenance) or \
      <data>/<name>-images/ (PNG images by class, with tree.json for digest and provenance).

      ENVIRONMENT
        BDA_DATA_DIR  the data folder when --data is not given (default: datasets)
        BDA_MIRROR    the mirror when --mirror is not given: a folder or an http(s) address with \
      <name>/<file>.gz below it

      EXIT CODES
        0 success - 1 unexpected failure (network, disk full) - 64 wrong usage - 65 data present \
      but wrong (digest, format, shape) - 66 data missing or not readable - 71 no more \
      memory - 129, 130, 131, 143 interrupted by SIGHUP, SIGINT, SIGQUIT, SIGTERM
      """,
    version: "\(suiteVersion) (HDF5 \(hdf5LibraryVersion()))",
    subcommands: [
      FetchCommand.self, ConvertCommand.self, VerifyCommand.self, SynthesiseCommand.self,
      CorruptCommand.self, ListCommand.self,
    ])

  static func prepare() {
    Interruption.installEndingAtOnce(
      saying: "Interrupted: nothing unfinished was kept; run the same command again to go on.")
  }

  static func reportable(_ error: any Error) -> (any ReportableError)? {
    (error as? DatasetError).map { CommandFailure($0.message, exitCode: $0.exitCode) }
      ?? error as? any ReportableError
  }
}

/// Where data lies, an option of every subcommand.
struct DataOptions: ParsableArguments {
  @Option(name: .customLong("data"), help: "The data folder (default: $BDA_DATA_DIR or datasets).")
  var path: String?

  /// The data folder that options and environment name.
  var folder: DataFolder { path.map { DataFolder(path: $0) } ?? .standard() }

  /// Removes what killed commands have left half-written in the data folder.
  func sweep() {
    let root = folder.path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    for place in [root] + names.filter({ !$0.hasPrefix(".") }).map({ root + "/" + $0 }) {
      AtomicFile.sweepStale(in: place)
    }
  }
}

/// Where originals are taken from, an option of the subcommands that read them.
struct MirrorOptions: ParsableArguments {
  @Option(
    help: """
      A folder or http(s) address that has <name>/<file>.gz (default: $BDA_MIRROR; without either, \
      the addresses of publication are used).
      """)
  var mirror: String?

  /// The mirror that options and environment name, nil when neither does.
  var origin: FetchOrigin? {
    let named = mirror ?? ProcessInfo.processInfo.environment["BDA_MIRROR"] ?? ""
    return named.isEmpty ? nil : FetchOrigin(mirror: named)
  }

  /// The mirror when it is a folder.
  var folder: DataFolder? {
    guard case .folder(let path) = origin else { return nil }
    return DataFolder(path: path)
  }
}

/// A known data set named on the command line: one of HDF5 files, or one of PNG images.
enum KnownSource: ExpressibleByArgument {
  case images(ImageSource)
  case tree(TreeSource)

  init?(argument: String) {
    if let source = ImageSource.named(argument) {
      self = .images(source)
    } else if let source = TreeSource(rawValue: argument) {
      self = .tree(source)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] {
    ImageSource.all.map(\.name) + TreeSource.allCases.map(\.name)
  }
}

extension [KnownSource] {
  /// The data sets that become HDF5 files.
  var imageSources: [ImageSource] {
    compactMap { if case .images(let source) = $0 { source } else { nil } }
  }

  /// The data sets that become trees of PNG images.
  var treeSources: [TreeSource] {
    compactMap { if case .tree(let source) = $0 { source } else { nil } }
  }
}

/// Progress and errors, which go to standard error so that standard output holds results only.
enum Diagnostics {
  /// The two streams of this command.
  static let console = Console()

  static func print(_ line: String) { console.show(note: line) }

  /// Whether a person watches: standard error is a terminal that can return to a line's start.
  static var isInteractive: Bool { console.terminal.movesCursor }

  /// The command line as typed, recorded in the files it writes.
  static var commandLine: String {
    ShellWords.text(["datasets"] + (ProcessArguments.all ?? []).dropFirst())
  }
}
