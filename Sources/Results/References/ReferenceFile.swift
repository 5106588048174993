import Files
import Foundation

/// The file `<budget>/<experiment>.jsonl` below the folder of references: one value a line, so that
/// a changed number is a changed line.
///
/// The first line says what the file is. Lines that runs share follow, each kind sorted by its name:
/// metrics with unit and direction, the metrics that runs report, environments, data, configurations;
/// a run names those it uses. Then come the runs, sorted by identity, each with who it is, how it
/// ended, its numbers in the order of its `columns`, and what it names; what most of them have in
/// common stands once before them. There are no curves, no times.
///
///     {"references":"few-shot","budget":"smoke","schemaVersion":3}
///     {"metric":{"betterWhen":"higher","name":"testAccuracy","unit":"fraction"}}
///     {"columns":"53d1...","value":["testAccuracy","testLoss"]}
///     {"environment":"eb08...","value":{"backend":"oneDNN 2.6.3", ...}}
///     {"datasets":"ec6d...","value":[{"name":"synthetic-alphabets", ...}]}
///     {"configuration":"7bab...","value":{"aggregation":{"alpha":0.6, ...}, ...}}
///     {"configuration":"a01c...","differsFrom":"7bab...","value":{"inner.steps":20}}
///     {"defaults":{"columns":"53d1...","datasets":"ec6d...","environment":"eb08...","status":"completed"}}
///     {"method":"bda","protocol":"icml2020","variant":{"shots":1,"ways":5},"seed":0,
///      "final":[0.8432,0.5127],"configuration":"7bab..."}
public struct ReferenceFile: Equatable, Sendable {
  /// The experiment of all references.
  public let experiment: String
  /// The budget of all references.
  public let budget: String
  /// The references, sorted by identity.
  public let references: [Reference]

  /// A file of references, which must share experiment and budget; the last of several of one
  /// identity is kept.
  public init(experiment: String, budget: String, references: [Reference]) {
    for reference in references {
      precondition(
        reference.experiment == experiment && reference.budget == budget,
        "A reference of \(reference.experiment) at budget \(reference.budget) does not belong to "
          + "\(experiment) at budget \(budget).")
    }
    self.experiment = experiment
    self.budget = budget
    let pairs = references.map { ($0.identity, $0) }
    self.references = Dictionary(pairs, uniquingKeysWith: { _, last in last })
      .sorted { $0.key < $1.key }.map(\.value)
  }

  /// The line of one run.
  struct Run: Decodable {
    var method: String
    var protocolName: String
    var variant: [String: Value]
    var seed: UInt64
    var status: RunRecord.Status.Kind
    var reason: String?
    /// The first 12 digits of the digest of the configuration, under which a line above holds it.
    var configuration: String
    /// The name of a line above.
    var datasets: String
    /// The name of a line above.
    var environment: String
    var final: [String: Double]

    enum CodingKeys: String, CodingKey {
      case method, variant, seed, status, reason, configuration, datasets, environment, final
      case protocolName = "protocol"
    }
  }

  /// The path of a budget's references of one experiment.
  public static func path(folder: String, budget: String, experiment: String) -> String {
    "\(folder)/\(budget)/\(RunRecord.encoded(experiment)).jsonl"
  }

  /// Writes the file below a folder of references, atomically, and returns its path.
  @discardableResult
  public func write(intoReferences folder: String) throws(ResultsError) -> String {
    let path = Self.path(folder: folder, budget: budget, experiment: experiment)
    let text = try text()
    try ResultsError.converting { () throws(FileError) in try AtomicFile.write(text, to: path) }
    return path
  }

  /// The file that ``write(intoReferences:)`` writes, still without its name, which `commit()` gives it.
  package func prepared(intoReferences folder: String) throws(ResultsError) -> AtomicFile {
    let bytes = Array(try text().utf8)
    let path = Self.path(folder: folder, budget: budget, experiment: experiment)
    return try ResultsError.converting { () throws(FileError) in
      let file = try AtomicFile(path: path)
      try file.fill(bytes)
      return file
    }
  }

  /// The file at this path below a folder of references, which must be of the experiment and of the
  /// budget that its place says: whoever looks for runs goes by the place.
  ///
  /// - Throws: ``ResultsError``: `malformed` for a file of another experiment or budget, and what
  ///   ``init(readingFrom:)`` throws.
  public static func stored(
    at path: String, referenceFolder: String, budget: String
  ) throws(ResultsError) -> ReferenceFile {
    let file = try ReferenceFile(readingFrom: path)
    let place = Self.path(
      folder: referenceFolder, budget: budget, experiment: file.experiment)
    guard file.budget == budget, place == path else {
      throw ResultsError(
        .malformed,
        "The file of references '\(path)' says that it is of the experiment '\(file.experiment)' and "
          + "the budget '\(file.budget)', and its place says otherwise; rename it to "
          + "'\(file.budget)/\(RunRecord.encoded(file.experiment)).jsonl' below "
          + "'\(referenceFolder)', remove it, or restore it from version control.")
    }
    return file
  }

  /// All references of a budget, sorted by identity.
  ///
  /// - Throws: ``ResultsError``: `missing` where the folder or any file in it is, naming the budgets
  ///   that there are; `malformed` and others for the first damaged line, and for a file that lies
  ///   under another name than its own.
  public static func load(
    referenceFolder: String, budget: String
  ) throws(ResultsError) -> [Reference] {
    let folder = "\(referenceFolder)/\(budget)"
    let files = try names(in: folder).filter { $0.hasSuffix(".jsonl") && !$0.hasPrefix(".") }
    guard !files.isEmpty else {
      let others = try budgets(in: referenceFolder)
      let there = others.isEmpty ? "" : "; there are some of \(others.joined(separator: ", "))"
      throw ResultsError(
        .missing,
        "No references of the budget '\(budget)' are stored in '\(referenceFolder)'\(there), so "
          + "there is nothing to compare with; store the runs you have looked at with 'report "
          + "accept --budget \(budget)', and later runs can be compared with them.")
    }
    var references: [Reference] = []
    for file in files {
      references += try stored(
        at: "\(folder)/\(file)", referenceFolder: referenceFolder, budget: budget
      ).references
    }
    return references.sorted { $0.identity < $1.identity }
  }

  /// The budgets below a folder of references that have any.
  static func budgets(in folder: String) throws(ResultsError) -> [String] {
    var budgets: [String] = []
    for name in try names(in: folder)
    where try names(in: "\(folder)/\(name)").contains(where: { $0.hasSuffix(".jsonl") }) {
      budgets.append(name)
    }
    return budgets
  }

  /// The names in a folder, none where there is no such folder.
  private static func names(in folder: String) throws(ResultsError) -> [String] {
    do { return try FolderListing.names(in: folder) } catch {
      if error.isAbsence { return [] }
      throw ResultsError(
        .inputOutput,
        "The folder '\(folder)' could not be listed (\(error.reason)); check its permissions and the "
          + "disk.")
    }
  }
}
