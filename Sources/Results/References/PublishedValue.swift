/// A number from the literature, with its source and how far it was checked.
///
/// Never in the same field as a number of ours: tables set the two side by side and mark this one
/// with its status.
public struct PublishedValue: Codable, Equatable, Sendable {
  /// How far the number was checked.
  public enum Status: String, Codable, Sendable, CaseIterable {
    /// Found in a public page or file.
    case confirmed
    /// Recalled, not checked against the article.
    case memory
    /// Read in an official repository.
    case code
    /// Computed from formulas of the article.
    case derived
    /// Measured and published by someone who is not an author of the method.
    case measuredElsewhere = "measured-elsewhere"

    /// What the status means, for the notes below a table.
    public var meaning: String {
      switch self {
      case .confirmed: "found in a public page or file"
      case .memory: "as recalled, to be checked against the PDF"
      case .code: "read in an official repository"
      case .derived: "computed from the article's formulas"
      case .measuredElsewhere: "measured and published by others than the method's authors"
      }
    }
  }

  /// Where the number stands.
  public struct Source: Codable, Equatable, Sendable {
    /// The article or page; in files its key in their table of articles.
    public var article: String
    /// The table or section in it.
    public var table: String
    /// The row and column.
    public var cell: String
  }

  /// The experiment, by the name of its executable.
  public var experiment: String
  /// Our protocols beside whose results the number belongs.
  public var protocols: [String]
  /// The data set, by its name in records.
  public var dataset: String
  /// The method, by its name in records.
  public var method: String
  /// Settings within the protocol: `{"innerSteps": 100}`, `{"weights.largestSum": 1000}`. A run matches
  /// when it has all of them, in its variant or at their dotted paths in its configuration.
  public var variant: [String: Value]
  /// The metric, by its name in records.
  public var metric: String
  /// The number as printed, in `unit`.
  public var number: Double
  /// The unit as printed: "percent", "fraction".
  public var unit: String
  /// Where it stands.
  public var source: Source
  /// How far it was checked.
  public var status: Status
  /// Anything else a reader should know.
  public var note: String?

  /// The number in another unit, nil where the two units do not convert.
  public func number(in other: String) -> Double? { Units.convert(number, from: unit, to: other) }

  /// Whether the number stands beside this run: experiment, protocol, method and variant agree, and
  /// so does the data set unless the run's data was synthetic (then the table must say so). A run
  /// whose own settings make another problem of it (``ProblemSettings``) has no published number.
  public func matches(_ record: RunRecord) -> Bool {
    let changesProblem = record.variant.keys.contains { key in
      variant[key] == nil && ProblemSettings.changesProblem(key)
    }
    return experiment == record.experiment && protocols.contains(record.protocolName)
      && !changesProblem
      && method == record.method.name
      && (record.isSynthetic || record.datasets.contains { $0.name == dataset })
      && variant.allSatisfy { Self.has(record, $0.key, $0.value) }
  }

  /// Whether a run has a setting; its variant shows a list of one as the element.
  private static func has(_ record: RunRecord, _ name: String, _ value: Value) -> Bool {
    if name == "innerSteps" { return record.innerSteps == value.integerValue }
    return record.variant[name] == value || record.configuration.value(at: name) == value
  }
}

/// The file `published.json`.
public struct PublishedFile: Codable, Sendable {
  /// The version of the format.
  public var schemaVersion: Int
  /// The articles by the keys that sources name; nil where sources hold the articles themselves.
  public var articles: [String: String]?
  /// The numbers.
  public var values: [PublishedValue]

  /// The published numbers of a folder of references, with their articles in full; an absent file is an
  /// error.
  ///
  /// - Throws: ``ResultsError`` for a damaged file, and for a source whose article the file does not have.
  public static func load(referenceFolder: String) throws(ResultsError) -> [PublishedValue] {
    try values(readingFrom: referenceFolder + "/published.json")
  }

  /// The published numbers of a file, with their articles in full.
  ///
  /// - Throws: as ``load(referenceFolder:)``.
  package static func values(readingFrom path: String) throws(ResultsError) -> [PublishedValue] {
    let file = try FileFormat.published.read(path, as: PublishedFile.self)
    guard let articles = file.articles else { return file.values }
    var values = file.values
    for index in values.indices {
      let key = values[index].source.article
      guard let article = articles[key] else {
        throw ResultsError(
          .malformed,
          "The number of '\(values[index].method)' at '\(values[index].source.cell)' in '\(path)' names "
            + "the article '\(key)', which its 'articles' do not have; correct the key, or add the "
            + "article (there are \(articles.keys.sorted().joined(separator: ", "))).")
      }
      values[index].source.article = article
    }
    return values
  }
}

/// Units that convert into one another.
public enum Units {
  /// The value in another unit, nil where the two do not convert.
  public static func convert(_ value: Double, from: String, to: String) -> Double? {
    if from == to { return value }
    switch (from, to) {
    case ("fraction", "percent"): return value * 100
    case ("percent", "fraction"): return value / 100
    case ("bytes", "MB"): return value / 1e6
    case ("MB", "bytes"): return value * 1e6
    default: return nil
    }
  }
}
