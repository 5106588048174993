import Files
import Foundation

/// The kinds of files this module reads, each with its schema.
///
/// The schema is compiled in, so that reading needs no file beside the program; the copies under
/// `results/schema/` are for people and other tools, and a test keeps them equal.
public enum FileFormat: String, CaseIterable, Sendable {
  /// One run: ``RunRecord``.
  case runRecord = "run-record"
  /// A list of claims: ``ClaimFile``.
  case claims
  /// Figures from the literature: ``PublishedFile``.
  case published
  /// Tolerances for references of one budget: ``ToleranceFile``.
  case tolerances
  /// One line of a file of references: ``ReferenceFile``.
  case references

  /// The schema's text as stored under `results/schema/<name>.schema.json`.
  public var schemaText: String {
    switch self {
    case .runRecord: Self.runRecordSchema
    case .claims: Self.claimsSchema
    case .published: Self.publishedSchema
    case .tolerances: Self.tolerancesSchema
    case .references: Self.referencesSchema
    }
  }

  /// The version of the format that this program writes.
  public var version: Int {
    switch self {
    case .runRecord: RunRecord.currentSchemaVersion
    case .claims, .references: 3
    case .published: 2
    case .tolerances: 1
    }
  }

  /// The oldest version that is read as it stands: such files say more often what newer ones say once.
  var oldestVersion: Int {
    switch self {
    case .claims: 2
    case .published, .references: 1
    case .runRecord, .tolerances: version
    }
  }

  /// Whether a file holds one value a line (JSON Lines) rather than one in all.
  public var isLines: Bool { self == .references }

  /// What the file is called in messages.
  var title: String {
    switch self {
    case .runRecord: "run record"
    case .claims: "claims file"
    case .published: "file of published figures"
    case .tolerances: "tolerances file"
    case .references: "file of references"
    }
  }

  /// What to do about an absent file, as the end of a sentence.
  var remedy: String {
    switch self {
    case .runRecord: "check the path, or run the experiment that writes it"
    case .claims, .published: "check the path, or restore it from version control"
    case .references: "check the path, or store references with 'report accept'"
    case .tolerances:
      "check the folder and the budget, or write one as results/README.md describes"
    }
  }

  /// The schema, ready to validate with.
  public func schema() throws(ResultsError) -> JSONSchema {
    try (Self.schemas[self] ?? parsedSchema).get()
  }

  /// Parsed once: a folder may hold thousands of records.
  private static let schemas = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, $0.parsedSchema) })

  private var parsedSchema: Result<JSONSchema, ResultsError> {
    Result { () throws(ResultsError) in
      let name = "\(rawValue).schema.json"
      return try JSONSchema(Value(parsing: Data(schemaText.utf8), source: name))
    }
  }

  /// The value a file of this format holds, after checking its version and its schema.
  ///
  /// - Throws: ``ResultsError`` naming the file and the first thing wrong with it.
  public func read<Content: Decodable>(
    _ path: String, as type: Content.Type
  ) throws(ResultsError) -> Content {
    try decode(tree(of: path), as: type, source: path)
  }

  /// The tree that a file holds, not checked against anything but the syntax.
  func tree(of path: String) throws(ResultsError) -> Value {
    try Value(parsing: contents(of: path), source: path)
  }

  /// The value of a text of this format; `source` names it in messages.
  public func decode<Content: Decodable>(
    _ data: Data, as type: Content.Type, source: String
  ) throws(ResultsError) -> Content {
    try decode(Value(parsing: data, source: source), as: type, source: source)
  }

  /// The value of a tree of this format; `source` names it in messages.
  func decode<Content: Decodable>(
    _ tree: Value, as type: Content.Type, source: String
  ) throws(ResultsError) -> Content {
    try validate(tree, source: source)
    return try tree.decoded(as: type, source: source)
  }

  /// Checks a value against the format's version and schema; `source` names it in messages.
  ///
  /// - Throws: ``ResultsError`` with the first thing wrong.
  public func validate(_ tree: Value, source: String) throws(ResultsError) {
    try validate(tree, schema: schema(), source: source)
  }

  /// The same with the schema at hand, for many values of one format.
  func validate(
    _ tree: Value, schema: JSONSchema, source: String
  ) throws(ResultsError) {
    if let found = tree["schemaVersion"]?.integerValue, !(oldestVersion...version).contains(found) {
      let remedy =
        found > version
        ? "update the program, which is older than the one that wrote it."
        : "see \"Versions\" in results/README.md for how to migrate it."
      throw ResultsError(
        .schemaVersion,
        "The \(title) '\(source)' has schema version \(found) and this program "
          + "reads version \(version); \(remedy)")
    }
    if let violation = schema.violations(of: tree).first {
      let place = violation.path.isEmpty ? "at its top level" : "at '\(violation.path)'"
      if let key = violation.unknownKey {
        throw ResultsError(
          .unknownKey,
          "The \(title) '\(source)' has the unknown key '\(key)' \(place); "
            + "correct its spelling or remove it.")
      }
      throw ResultsError(
        .malformed,
        "The \(title) '\(source)' is malformed \(place), where the value "
          + "\(violation.problem); correct it or write the file again.")
    }
  }

  /// The most bytes that such a file can have: larger ones are something else, and would take minutes to
  /// read. A record of a million outer iterations, each evaluated, has some 180 MB.
  var largestFile: Int64 { self == .runRecord ? 1 << 30 : 64 << 20 }

  /// The bytes of a file of this format.
  func contents(of path: String) throws(ResultsError) -> Data {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if let refusal = PathState(failure: errno).refusal(of: path) {
        throw ResultsError(.inputOutput, refusal)
      }
      throw ResultsError(
        .missing,
        "The \(title) '\(path)' does not exist; \(remedy).")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ResultsError(
        .malformed,
        "The \(title) '\(path)' is a folder or a device where a file is expected; "
          + "check the path.")
    }
    guard status.st_size <= largestFile else {
      throw ResultsError(
        .malformed,
        "The \(title) '\(path)' has \(status.st_size) bytes, more than the "
          + "\(largestFile >> 20) MB that such a file can have; check what it is.")
    }
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      // Foundation keeps the system's reason to itself, where opening is what failed.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      let reason = descriptor < 0 ? SystemError.last : SystemError.text(of: error)
      if descriptor >= 0 { close(descriptor) }
      throw ResultsError(
        .inputOutput,
        "The \(title) '\(path)' could not be read (\(reason)); check its permissions and the disk.")
    }
  }
}
