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

  /// Writes `<name>.dat` and `<name>.gp` into the folder and draws `<name>.svg` and `<name>.png`.
  ///
  /// A missing or failing gnuplot is not an error: the message says what to do.
  package func write(_ figure: Figure, into folder: String) throws(ResultsError) -> Output {
    let base = folder + "/" + figure.name
    try ResultsError.converting { () throws(FileError) in
      try AtomicFile.write(figure.gnuplotData, to: base + ".dat")
      try AtomicFile.write(figure.gnuplotScript, to: base + ".gp")
    }
    var message = draw(figure, in: folder)
    if message == nil { message = sign(figure, in: folder) }
    return Output(
      dataPath: base + ".dat", scriptPath: base + ".gp",
      picturePaths: message == nil ? [base + ".svg", base + ".png"] : [], message: message)
  }

  /// Puts what the figure shows and where it comes from into the picture, in place of the drawing
  /// program's name and version; returns why that was not possible, nil when it was.
  private func sign(_ figure: Figure, in folder: String) -> String? {
    let path = "\(folder)/\(figure.name).svg"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      return "The picture '\(path)' could not be read again; draw the figure once more."
    }
    let words = ([figure.title.replacing("\n", with: ", ")] + figure.sources)
      .map(Table.htmlEscaped).joined(separator: " ")
    let signed = text.replacing(
      /<desc>[^<]*<\/desc>/, with: "<desc>\(words)</desc>", maxReplacements: 1)
    do { try AtomicFile.write(signed, to: path) } catch { return error.message }
    return nil
  }

  /// Runs the script; returns why there is no picture, nil when there is.
  private func draw(_ figure: Figure, in folder: String) -> String? {
    let again = "run 'gnuplot \(figure.name).gp' in '\(folder)' afterwards."
    let candidates = searchPath.split(separator: ":").map { "\($0)/gnuplot" }
    guard let gnuplot = candidates.first(where: FileManager.default.isExecutableFile) else {
      return "gnuplot is not installed, so only data and script of the figure "
        + "'\(figure.name)' were written; install it (apt-get install gnuplot-nox) and \(again)"
    }
    let result: ChildProcess
    do {
      result = try ChildProcess(
        running: gnuplot, ["\(figure.name).gp"], in: folder, taking: [STDERR_FILENO])
    } catch {
      return "gnuplot could not be started (\(error)); \(again)"
    }
    guard result.exitCode == 0 else {
      let text = String(decoding: result.errors, as: UTF8.self)
      let last = text.split(separator: "\n").last.map(String.init) ?? "no message"
      return
        "gnuplot failed on the figure '\(figure.name)' (\(last)); check the script and \(again)"
    }
    return nil
  }
}
