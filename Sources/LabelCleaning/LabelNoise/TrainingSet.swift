import Bilevel
import Experiments
import Tensors

/// Samples with weights, from one or several sources, that a classifier is trained on.
///
/// Training minimises the weighted mean of all cross-entropies together,
///
///     sum_i w_i CE_i(y) / sum_i w_i,
///
/// so that one step size suits training sets of any size and any total weight. A sample that is left
/// out has weight 0: nothing is copied.
package struct TrainingSet<Scalar: TensorScalar>: Sendable {
  /// The samples of one source and their weights.
  package struct Part: Sendable {
    /// The samples.
    package let samples: ClassifierSamples<Scalar>
    /// A weight of at least 0 for each sample.
    package let weights: [Double]

    /// Samples with weights.
    package init(_ samples: ClassifierSamples<Scalar>, weights: [Double]) {
      precondition(
        weights.count == samples.count, "\(weights.count) weights for \(samples.count) samples.")
      self.samples = samples
      self.weights = weights
    }

    /// Samples that all have weight 1, those at some positions left out.
    package init(_ samples: ClassifierSamples<Scalar>, without positions: [Int] = []) {
      var weights = [Double](repeating: 1, count: samples.count)
      for position in positions { weights[position] = 0 }
      self.init(samples, weights: weights)
    }
  }

  /// The sources.
  package let parts: [Part]

  /// A training set of the given sources, all for one classifier.
  package init(_ parts: [Part]) { self.parts = parts }

  /// The sum of all weights.
  package var totalWeight: Double { parts.reduce(0) { $0 + $1.weights.reduce(0, +) } }

  /// What training minimises, at y, in nats; NaN without weight. O(n d c).
  func loss(_ y: Parameters<Scalar>) -> Double {
    let sums = parts.map { part in
      zip(part.weights, part.samples.losses(y)).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return sums.reduce(0, +) / totalWeight
  }

  /// The weighted mean as a sum over the parts that have any weight, none without weight.
  var terms: [(objective: any Objective<Scalar>, weights: Parameters<Scalar>)] {
    let total = totalWeight
    return parts.filter { total > 0 && $0.weights.contains { $0 != 0 } }.map { part in
      // The objective is a mean over its own samples: n / total makes it the share of all.
      let scale = Double(part.samples.count) / total
      let weights = Parameters(Tensor(part.weights.map { Scalar($0 * scale) }))
      return (part.samples.objective.fixed(at: weights), weights)
    }
  }

  /// The parameters after each number of steps of one full-batch gradient descent.
  ///
  /// With no weight at all nothing is learned: the parameters stay where they start. Steps that
  /// diverge give parameters that are not finite, and the descent ends there.
  ///
  /// - Parameters:
  ///   - stepSize: the step size on the weighted mean.
  ///   - steps: numbers of steps, in any order; the results are in the same.
  ///   - isWanted: asked before each step; the descent ends where it is false, and what is returned then
  ///     is of fewer steps than it says.
  package func trained(
    stepSize: Double, steps: [Int], while isWanted: () -> Bool = { true }
  ) -> [Parameters<Scalar>] {
    guard let start = parts.first?.samples.initial else { return [] }
    let terms = terms
    var results: [Int: Parameters<Scalar>] = [0: start]
    let wanted = Set(steps)
    var y = start
    for step in 1...max(1, steps.max() ?? 1) {
      guard isWanted() else { break }
      if y.isFinite {
        var next = y
        for term in terms {
          next.add(
            term.objective.lowerGradient(upper: term.weights, lower: y), scaledBy: -Scalar(stepSize)
          )
        }
        y = next
      }
      if wanted.contains(step) { results[step] = y }
    }
    return steps.map { results[max(0, $0)] ?? y }
  }

  /// The parameters at the end of one descent; ended early as the other form is.
  package func trained(
    _ schedule: TrainingSchedule, while isWanted: () -> Bool = { true }
  ) -> Parameters<Scalar> {
    trained(stepSize: schedule.stepSize, steps: [schedule.steps], while: isWanted).first
      ?? Parameters([])
  }
}
