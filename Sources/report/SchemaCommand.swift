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
      for file in files {
        if format.isLines {
          _ = try ReferenceFile(readingFrom: file)
        } else {
          _ = try format.read(file, as: Value.self)
        }
        try Output.write("\(file): valid\n", to: nil)
      }
    }
  }
}
