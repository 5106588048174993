import ArgumentParser
import Results

extension FileFormat: ExpressibleByArgument {}

/// `report schema`.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of a kind of file, or validates files against it.",
    discussion: """
      The schema of 'references' is that of one line of such a file.

      \(Report.exitCodes)
      """)

  @Argument(help: "The kind of file.") var format: FileFormat
  @Argument(help: "Files to validate; without any, the schema is printed.") var files: [String] = []

  func run() throws {
    try Output.reporting {
      if files.isEmpty { try Output.write(format.schemaText, to: nil) }
      var last: ResultsError?
      for file in files {
        do throws(ResultsError) {
          try validate(file)
        } catch {
          // The last word is the command's; what is wrong with the others is said on the way.
          if let last { Output.diagnose("error: \(last.message)") }
          last = error
          continue
        }
        try Output.write("\(file): valid\n", to: nil)
      }
      if let last { throw last }
    }
  }

  private func validate(_ file: String) throws(ResultsError) {
    // A file can be of the schema and contradict itself.
    if format.isLines {
      _ = try ReferenceFile(readingFrom: file)
    } else if format == .runRecord {
      _ = try RunRecord(readingFrom: file)
    } else if format == .claims {
      try ClaimFile(readingFrom: file).requireConsistency(source: file)
    } else if format == .tolerances {
      _ = try ToleranceFile(readingFrom: file)
    } else if format == .published {
      _ = try PublishedFile.values(readingFrom: file)
    } else {
      _ = try format.read(file, as: Value.self)
    }
  }
}
