import Bilevel
import Commands
import Datasets
import Results

extension RunRecord.DatasetUse {
  /// One use of a data set: its name and content digest, and for what it served.
  package init(_ dataset: ImageDataset, purpose: String) {
    self.init(
      name: dataset.name, sha256: dataset.contentDigest, split: "\(dataset.split): \(purpose)",
      synthetic: dataset.isSynthetic)
  }
}

extension DatasetError: ReportableError {
  /// The error's sentence.
  package var sentence: String { message }
  /// Missing data, wrong data, or an unexpected failure.
  package var exitStatus: ExitStatus { ExitStatus(rawValue: exitCode) ?? .unexpected }
}

extension ResultsError: ReportableError {
  /// The error's sentence.
  package var sentence: String { message }
  /// Missing or wrong records, or an unexpected failure.
  package var exitStatus: ExitStatus { ExitStatus(rawValue: exitCode) ?? .unexpected }
}

extension MethodError: ReportableError {
  /// The error's sentence.
  package var sentence: String { description }
  /// A usage error.
  package var exitStatus: ExitStatus { .usage }
}

extension UnknownName: ReportableError {
  /// The error's sentence, with the nearest name where one is near.
  package var sentence: String {
    "There is no \(kind) \"\(name)\"; "
      + Spelling.advice(for: name, among: names, plural: "the names are")
  }
  /// A usage error.
  package var exitStatus: ExitStatus { .usage }
}
