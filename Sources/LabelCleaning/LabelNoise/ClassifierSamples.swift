import Bilevel
import Experiments
import Foundation
import Tensors

/// Labelled samples as one classifier sees them: prepared once, trained on under any weights.
///
/// What finding wrong labels needs of softmax regression or of a network, and no more: gradients of
/// weighted cross-entropies, and what the classifier says of each sample.
package struct ClassifierSamples<Scalar: TensorScalar>: Sendable {
  /// The label of each sample, below `classCount`.
  package let labels: [Int]
  /// The number of classes c.
  package let classCount: Int
  /// The parameters that training starts from.
  package let initial: Parameters<Scalar>
  /// 1/n sum_i x_i CE_i(y).
  let objective: any Objective<Scalar>
  private let logitsOf: @Sendable (Parameters<Scalar>) -> Tensor<Scalar>

  /// Samples of any classifier.
  ///
  /// - Parameters:
  ///   - objective: 1/n sum_i x_i CE_i(y), the weights x_i being the first component of x.
  ///   - logits: the logits `[n, c]` under parameters y.
  package init(
    labels: [Int], classCount: Int, initial: Parameters<Scalar>,
    objective: any Objective<Scalar>,
    logits: @escaping @Sendable (Parameters<Scalar>) -> Tensor<Scalar>
  ) {
    self.labels = labels
    self.classCount = classCount
    self.initial = initial
    self.objective = objective
    logitsOf = logits
  }

  /// Samples of softmax regression, which starts from zero.
  package init(_ samples: SoftmaxRegressionSamples<Scalar>) {
    self.init(
      labels: samples.labels, classCount: samples.classCount, initial: samples.zeroParameters,
      objective: SoftmaxRegressionObjective(samples: samples, weighting: .identity),
      logits: { samples.logits($0) })
  }

  /// The number of samples n.
  package var count: Int { labels.count }

  /// The logits `[n, c]` under parameters.
  package func logits(_ y: Parameters<Scalar>) -> Tensor<Scalar> { logitsOf(y) }

  /// The most probable class of each sample.
  package func predictions(_ y: Parameters<Scalar>) -> [Int] { logits(y).argumentsOfRowMaxima() }

  /// The probability of each class for each sample, a row a sample, in Double.
  package func probabilities(_ y: Parameters<Scalar>) -> ClassProbabilities {
    ClassProbabilities(logits: logits(y))
  }

  /// The cross-entropy of each sample's label, in nats.
  package func losses(_ y: Parameters<Scalar>) -> [Double] {
    let logits = logits(y).scalars
    return labels.indices.map { sample in
      let row = logits[sample * classCount..<(sample + 1) * classCount].map { Double($0) }
      return logSumExp(row) - row[labels[sample]]
    }
  }
}

/// Probabilities of classes, one row a sample.
package struct ClassProbabilities: Sendable, Equatable {
  /// The number of classes c.
  package let classCount: Int
  /// All rows, one after the other.
  package let values: [Double]

  /// The softmax of logits `[n, c]`.
  package init<Scalar: TensorScalar>(logits: Tensor<Scalar>) {
    precondition(logits.rank == 2, "Logits of shape \(logits.shape): a row a sample is needed.")
    let classes = logits.shape[1]
    classCount = classes
    let scalars = logits.scalars
    values = (0..<logits.shape[0]).flatMap { sample -> [Double] in
      let row = scalars[sample * classes..<(sample + 1) * classes].map { Double($0) }
      let scale = logSumExp(row)
      return row.map { exp($0 - scale) }
    }
  }

  /// Given rows of equal length.
  package init(rows: [[Double]], classCount: Int) {
    precondition(
      rows.allSatisfy { $0.count == classCount }, "Rows that do not have \(classCount) classes.")
    self.classCount = classCount
    values = rows.flatMap { $0 }
  }

  /// The probabilities of some of the samples, p^factor normalised: those of the logits times `factor`.
  func sharpened(by factor: Double, samples: some Sequence<Int>) -> ClassProbabilities {
    let rows = samples.map { sample in
      let powers = self[sample].map { pow($0, factor) }
      let total = powers.reduce(1e-300, +)
      return powers.map { $0 / total }
    }
    return ClassProbabilities(rows: rows, classCount: classCount)
  }

  /// The number of samples.
  package var count: Int { classCount == 0 ? 0 : values.count / classCount }

  /// The probabilities of one sample.
  package subscript(sample: Int) -> ArraySlice<Double> {
    values[sample * classCount..<(sample + 1) * classCount]
  }

  /// The probability of one class for one sample.
  package subscript(sample: Int, label: Int) -> Double { values[sample * classCount + label] }

  /// The most probable class of each sample, the first of equals.
  package var predictions: [Int] {
    (0..<count).map { sample in
      let row = self[sample]
      return (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
    }
  }
}

/// log sum_j exp(row_j), without overflow.
private func logSumExp(_ row: [Double]) -> Double {
  guard let largest = row.max(), largest.isFinite else { return .nan }
  return largest + log(row.reduce(0) { $0 + exp($1 - largest) })
}
