import Datasets
import Files
import Foundation

/// The files of a cleaned data set, each written atomically and named when all of them are written; the
/// record comes last, so that a folder with a record is whole.
package struct CleanFiles {
  let folder: String
  let input: CleanInput
  let result: CleanResult

  /// The files of a result, below a folder.
  package init(folder: String, input: CleanInput, result: CleanResult) {
    self.folder = folder
    self.input = input
    self.result = result
  }

  /// The names of the files.
  package static let weightsCSV = "weights.csv"
  static let weightsHDF5 = "weights.h5"
  package static let cleanHDF5 = "clean.h5"
  package static let page = "suspects.html"
  package static let record = "record.json"

  /// The names of all of them.
  package static let names = [weightsCSV, weightsHDF5, cleanHDF5, page, record]

  /// What the HDF5 files name as their maker.
  private static let tool = "hyper-cleaning clean"

  /// Throws where a file of one of the names is in a folder that `clean` has not made; a record of its own
  /// vouches for all of them.
  package static func requireReplaceable(in folder: String) throws(FileError) {
    try OwnOutput.requireReplaceable(
      [
        .init("\(folder)/\(weightsCSV)", marked: "index,given_label,predicted_label,"),
        .hdf5("\(folder)/\(weightsHDF5)", tool: tool), .hdf5("\(folder)/\(cleanHDF5)", tool: tool),
        .init("\(folder)/\(page)", marked: "<title>\(SuspectsPage.title)"),
      ], vouchedForBy: .init("\(folder)/\(record)", marked: "\"budget\": \"own\""))
  }

  /// The path of a file.
  package func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// The lines of `weights.csv`: RFC 4180, with the names of classes; one line a training sample, in the
  /// order of the data.
  package var csv: String {
    let files = input.train.files
    var text = "index,given_label,predicted_label,label_score,is_label_issue,weight,rank"
    text += files == nil ? "\n" : ",file\n"
    let names = input.classes.map { CSV.field($0.name) }
    for sample in input.trainLabels.indices {
      var fields = [
        "\(sample)", names[input.trainLabels[sample]], names[result.predicted[sample]],
        Self.number(result.scores[sample]), result.isSuspect[sample] ? "True" : "False",
        Self.number(result.weights[sample]), "\(result.ranks[sample])",
      ]
      if let files { fields.append(CSV.field(files[sample])) }
      text += fields.joined(separator: ",") + "\n"
    }
    return text
  }

  /// The file `weights.h5`, still without its name: the columns of `weights.csv` as arrays, labels as
  /// positions in the attribute `classNames`.
  package func weights() throws(DatasetError) -> AtomicFile {
    let writer = try HDF5Writer(path: path(Self.weightsHDF5))
    let count = input.trainLabels.count
    let layout = HDF5Layout.chunked([65_536], level: 3, shuffles: true)
    func write<Element: HDF5Element>(_ values: [Element], _ name: String) throws(DatasetError) {
      try writer.write(values, shape: [count], to: name, layout: layout)
    }
    try write((0..<count).map { Int64($0) }, "index")
    try write(input.trainLabels.map { Int32($0) }, "given_label")
    try write(result.predicted.map { Int32($0) }, "predicted_label")
    try write(result.scores, "label_score")
    try write(result.isSuspect.map { UInt8($0 ? 1 : 0) }, "is_label_issue")
    try write(result.weights, "weight")
    try write(result.ranks.map { Int64($0) }, "rank")
    try writer.setAttribute("classNames", .strings(input.classes.map(\.name)))
    try writer.setAttribute("method", .string(result.method.rawValue))
    try writer.setAttribute("tool", .string(Self.tool))
    return try writer.complete()
  }

  /// The file `clean.h5`, still without its name: the training samples without the doubted ones, or with
  /// their labels replaced.
  ///
  /// - Parameters:
  ///   - keep: the share of samples to believe, the best ranked; nil believes all but the suspects.
  ///   - relabels: whether doubted samples stay, with the predicted label.
  /// - Returns: the file, the number of samples in it, and how many of them have another label. Where
  ///   every label is doubted nothing is left to write: then there is no file, and the count is 0.
  package func clean(
    keep: Double?, relabels: Bool
  ) throws -> (file: AtomicFile?, count: Int, relabelled: Int) {
    let doubted: [Bool]
    if let keep {
      let count = result.ranks.count
      let dropped = count - Self.kept(keep, of: count)
      doubted = result.ranks.map { $0 <= dropped }
    } else {
      doubted = result.isSuspect
    }
    let kept = doubted.indices.filter { relabels || !doubted[$0] }
    guard !kept.isEmpty else { return (nil, 0, 0) }
    let labels = kept.map { sample -> Int in
      doubted[sample] && relabels ? result.predicted[sample] : input.trainLabels[sample]
    }
    let relabelled = zip(kept, labels).count { input.trainLabels[$0] != $1 }
    let clean = try input.train.taking(kept, labels: labels, classes: input.classes)
    return (
      try clean.prepared(path(Self.cleanHDF5), index: kept, tool: Self.tool), kept.count, relabelled
    )
  }

  /// Names the files that are written, in place of those of an older result: its record, which would
  /// vouch for a mixture, goes first, and a `clean.h5` that no new one replaces with it; the new record
  /// comes last. Links stay, as they do where a file is replaced.
  package func publish(_ files: [AtomicFile], record: AtomicFile) throws(FileError) {
    let clean = path(Self.cleanHDF5)
    let isReplaced = files.contains { $0.path == clean }
    try AtomicFile.commit(files, vouchedForBy: record, removing: isReplaced ? [] : [clean])
  }

  /// How many samples a share of them is.
  package static func kept(_ share: Double, of count: Int) -> Int {
    Int((share * Double(count)).rounded())
  }

  /// A number with six digits, as short as it can be.
  private static func number(_ value: Double) -> String {
    let rounded = (value * 1e6).rounded() / 1e6
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
