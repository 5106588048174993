import Files
import Tensors

/// What was predicted for the images of a task of one's own.
package struct Predictions {
  let task: OwnTask
  /// The probability of each class, a row for each image.
  let probabilities: [[Double]]

  /// The predictions of probabilities, a row for each image of a task.
  package init(task: OwnTask, probabilities: [[Double]]) {
    self.task = task
    self.probabilities = probabilities
  }

  private var predicted: [Int] {
    probabilities.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
  }

  /// The share of images of known class whose prediction is right, and their number; nil where no
  /// class is known.
  package var accuracy: (value: Double, count: Int)? {
    let known = zip(task.queries, predicted).compactMap { query, predicted in
      query.label.map { $0 == predicted }
    }
    guard !known.isEmpty else { return nil }
    return (Double(known.count { $0 }) / Double(known.count), known.count)
  }

  /// One sentence.
  package var summary: String {
    let told = "\(task.queries.count) images told apart into \(task.classes.count) classes"
    guard let accuracy else { return "\(told); none of them has a known class." }
    let percent = (1_000 * accuracy.value).rounded() / 10
    return "\(told); accuracy \(percent) % of the \(accuracy.count) whose class is known."
  }

  /// The predictions as CSV (RFC 4180, lines ended by a line feed): one line for each image.
  package var csv: String {
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
    CSV.line(fields) + "\n"
  }

  /// The probabilities of logits, a row for each image.
  package static func softmax<Scalar: TensorScalar>(_ logits: Tensor<Scalar>) -> [[Double]] {
    let width = logits.shape[1]
    let scalars = logits.scalars.map { Double($0) }
    return (0..<logits.shape[0]).map { row in
      let values = scalars[row * width..<(row + 1) * width]
      let largest = values.max() ?? 0
      let weights = values.map { Double.exponential($0 - largest) }
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    }
  }
}
