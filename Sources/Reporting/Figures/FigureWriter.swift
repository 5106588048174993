import Files
import Foundation
import Results

/// Writing figures: data and script always, pictures where gnuplot is installed.
package struct FigureWriter: Sendable {
  /// What was written.
  package struct Output: Sendable, Equatable {
    /// The data file.
    package let dataPath: String
    /// The gnuplot script.
    package let scriptPath: String
    /// The pictures, SVG and PNG; empty where gnuplot is absent or failed.
    package let picturePaths: [String]
    /// Why there are no pictures and what to do, nil where there are.
    package let message: String?
  }

  private let searchPath: String

  /// A writer that looks for gnuplot in the folders of a search path (`PATH` by default).
  package init(searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "") {
    self.searchPath = searchPath
  }

  /// Writes `<name>.dat` and `<name>.gp` into the folder and draws `<name>.svg` and `<name>.png`, each
  /// whole or as it was before.
  ///
  /// A missing or failing gnuplot is not an error: the message says what to do.
  ///
  /// - Throws: ``ResultsError`` for a file that cannot be written, pictures included.
  package func write(_ figure: Figure, into folder: String) throws(ResultsError) -> Output {
    let base = folder + "/" + figure.name
    try ResultsError.converting { () throws(FileError) in
      try AtomicFile.write(figure.gnuplotData, to: base + ".dat")
      try AtomicFile.write(figure.gnuplotScript, to: base + ".gp")
    }
    let message = try draw(figure, in: folder)
    return Output(
      dataPath: base + ".dat", scriptPath: base + ".gp",
      picturePaths: message == nil ? [base + ".svg", base + ".png"] : [], message: message)
  }

  /// The picture with what the figure shows and where it comes from in place of the drawing program's
  /// name and version.
  private func signed(_ picture: String, _ figure: Figure) -> String {
    let words = ([figure.title.replacing("\n", with: ", ")] + figure.sources)
      .map { Table.htmlEscaped(PrintableText.line($0)) }.joined(separator: " ")
    return picture.replacing(
      /<desc>[^<]*<\/desc>/, with: "<desc>\(words)</desc>", maxReplacements: 1)
  }

  /// Runs the script; returns why there is no picture, nil when there is.
  private func draw(_ figure: Figure, in folder: String) throws(ResultsError) -> String? {
    let again = "run 'gnuplot \(figure.name).gp' in '\(folder)' afterwards."
    let candidates = searchPath.split(separator: ":").map { "\($0)/gnuplot" }
    guard let gnuplot = candidates.first(where: FileManager.default.isExecutableFile) else {
      return "gnuplot is not installed, so only data and script of the figure "
        + "'\(figure.name)' were written; install it (apt-get install gnuplot-nox) and \(again)"
    }
    // gnuplot writes under names that nobody reads, which are exchanged for the right ones when both
    // pictures are whole: on a full disk it ends with success and half a picture.
    let pictures = try ResultsError.converting { () throws(FileError) in
      (
        svg: try AtomicFile(path: "\(folder)/\(figure.name).svg"),
        png: try AtomicFile(path: "\(folder)/\(figure.name).png")
      )
    }
    var script = figure.gnuplotScript
    for (name, file) in [("svg", pictures.svg), ("png", pictures.png)] {
      let temporary = URL(fileURLWithPath: file.temporaryPath).lastPathComponent
      script = script.replacing(
        "set output '\(figure.name).\(name)'", with: "set output '\(temporary)'")
    }
    let result: ChildProcess
    do {
      result = try ChildProcess(
        running: gnuplot, ["-"], in: folder, reading: Array(script.utf8), taking: [STDERR_FILENO])
    } catch {
      return "gnuplot could not be started (\(error)); \(again)"
    }
    let last = String(decoding: result.errors, as: UTF8.self).split(separator: "\n").last
    if result.exitCode != 0, let last {
      return
        "gnuplot failed on the figure '\(figure.name)' (\(last)); check the script and \(again)"
    }
    // Of a limit of file sizes the sentence below tells.
    if let signal = result.signal, signal != SIGXFSZ {
      return "gnuplot was ended by the signal \(signal) at the figure '\(figure.name)', as a rule "
        + "because memory is short; \(again)"
    }
    let svg = (try? String(contentsOfFile: pictures.svg.temporaryPath, encoding: .utf8)) ?? ""
    let png = (try? Data(contentsOf: URL(fileURLWithPath: pictures.png.temporaryPath))) ?? Data()
    guard svg.suffix(20).contains("</svg>"), png.suffix(12).contains(Data("IEND".utf8)) else {
      throw ResultsError(
        .inputOutput,
        "The pictures of the figure '\(figure.name)' could not be written whole into '\(folder)' "
          + "(\(last.map(String.init) ?? "gnuplot gave no reason")), and those that were there are kept; "
          + "free some space, or raise the limit of file sizes (ulimit -f), and run the command again."
      )
    }
    try ResultsError.converting { () throws(FileError) in
      try pictures.svg.commit(Array(signed(svg, figure).utf8))
      try pictures.png.commit()
    }
    return nil
  }
}
