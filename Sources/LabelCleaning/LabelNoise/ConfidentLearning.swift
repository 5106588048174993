import Experiments
import Tensors

/// Which labels are probably wrong, judged from out-of-fold probabilities: confident learning.
///
/// Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR
/// 70, 2021. With p_j(i) the probability of class j for sample i, and X_k the samples labelled k:
///
///     t_j       = mean of p_j(i) over X_j                                      (their equation 2)
///     C[k][j]   = #{ i in X_k : p_j(i) >= t_j, and j has the largest such p }   (equation 1)
///     Q[k][j]   ~ C[k][j] / sum_j C[k][j] * |X_k|, normalised to sum 1          (equation 3)
///
/// and for every k != j the n Q[k][j] samples of X_k with the largest p_j - p_k are pruned ("prune by
/// noise rate", section 3.2). Samples are ranked by self-confidence, p of the given label.
package struct ConfidentLearning: Sendable, Equatable {
  /// t_j; infinite for a class that no sample is labelled with.
  package let thresholds: [Double]
  /// C[k][j], the confident joint: samples labelled k that are confidently of class j.
  package let confidentJoint: [[Int]]
  /// Q[k][j], the joint distribution of given and true labels.
  package let joint: [[Double]]
  /// p of the given label for each sample: small is suspicious.
  package let selfConfidence: [Double]
  /// Whether each label is probably wrong.
  package let isIssue: [Bool]

  /// The judgement of labels, given probabilities that were predicted without them. O(n c log n).
  package init(probabilities: ClassProbabilities, labels: [Int]) {
    precondition(
      probabilities.count == labels.count,
      "Probabilities of \(probabilities.count) samples for \(labels.count) labels.")
    let classes = probabilities.classCount
    let members = (0..<classes).map { k in labels.indices.filter { labels[$0] == k } }
    let thresholds = (0..<classes).map { j -> Double in
      members[j].isEmpty
        ? .infinity
        : members[j].reduce(0) { $0 + probabilities[$1, j] } / Double(members[j].count)
    }
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for (sample, label) in labels.enumerated() {
      let confident = (0..<classes).filter { probabilities[sample, $0] >= thresholds[$0] }
      let likeliest = confident.max { probabilities[sample, $0] < probabilities[sample, $1] }
      if let likeliest { counts[label][likeliest] += 1 }
    }
    self.thresholds = thresholds
    confidentJoint = counts
    joint = Self.calibrated(counts, sizes: members.map(\.count))
    selfConfidence = labels.enumerated().map { probabilities[$0.offset, $0.element] }
    isIssue = Self.pruned(probabilities, joint: joint, members: members, count: labels.count)
  }

  /// Rows in proportion to C, summing to the share of samples with the label. A class without any
  /// confident sample is taken as clean.
  private static func calibrated(_ counts: [[Int]], sizes: [Int]) -> [[Double]] {
    let total = Double(max(1, sizes.reduce(0, +)))
    return counts.indices.map { k in
      let share = Double(sizes[k]) / total
      let sum = counts[k].reduce(0, +)
      return counts[k].indices.map { j in
        sum == 0 ? (j == k ? share : 0) : share * Double(counts[k][j]) / Double(sum)
      }
    }
  }

  private static func pruned(
    _ probabilities: ClassProbabilities, joint: [[Double]], members: [[Int]], count: Int
  ) -> [Bool] {
    var isPruned = [Bool](repeating: false, count: count)
    for k in joint.indices {
      for j in joint.indices where j != k {
        let wanted = Int((Double(count) * joint[k][j]).rounded())
        guard wanted > 0 else { continue }
        let margins = members[k].map { probabilities[$0, j] - probabilities[$0, k] }
        let order = members[k].indices.sorted {
          margins[$0] == margins[$1] ? $0 < $1 : margins[$0] > margins[$1]
        }
        for index in order.prefix(wanted) { isPruned[members[k][index]] = true }
      }
    }
    return isPruned
  }
}
