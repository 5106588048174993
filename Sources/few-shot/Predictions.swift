/// What was predicted for the images of a task of one's own.
struct Predictions {
  let task: OwnTask
  /// The probability of each class, a row for each image.
  let probabilities: [[Double]]

  private var predicted: [Int] {
    probabilities.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
  }

  /// The share of images of known class whose prediction is right, and their number; nil where no
  /// class is known.
  var accuracy: (value: Double, count: Int)? {
    let known = zip(task.queries, predicted).compactMap { query, predicted in
      query.label.map { $0 == predicted }
    }
    guard !known.isEmpty else { return nil }
    return (Double(known.count { $0 }) / Double(known.count), known.count)
  }

  /// One sentence.
  var summary: String {
    let told = "\(task.queries.count) images told apart into \(task.classes.count) classes"
    guard let accuracy else { return "\(told); none of them has a known class." }
    let percent = (1_000 * accuracy.value).rounded() / 10
    return "\(told); accuracy \(percent) % of the \(accuracy.count) whose class is known."
  }

  /// The predictions as CSV (RFC 4180, lines ended by a line feed): one line for each image.
  var csv: String {
    let header =
      ["image", "given_label", "predicted_label", "confidence"]
      + task.classes.map { "probability of \($0)" }
    var lines = [Self.line(header)]
    for ((query, row), predicted) in zip(zip(task.queries, probabilities), predicted) {
      lines.append(
        Self.line(
          [
            query.path, query.label.map { task.classes[$0] } ?? "", task.classes[predicted],
            "\(row[predicted])",
          ] + row.map { "\($0)" }))
    }
    return lines.joined()
  }

  private static func line(_ fields: [String]) -> String {
    fields.map { field in
      guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
      return "\"\(field.replacing("\"", with: "\"\""))\""
    }.joined(separator: ",") + "\n"
  }
}
