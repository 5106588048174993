import Bilevel
import Experiments
import Foundation
import Tensors

/// Probabilities of every sample's classes by classifiers that have not seen it: of the samples to
/// clean, and of the checked ones, in the same folds.
///
/// What is true of checked samples is then true of the others, as far as both are alike: which number of
/// steps is best, how far probabilities must be tempered, how many wrong labels are found.
package struct CrossFitting<Scalar: TensorScalar>: Sendable {
  /// The samples to clean.
  package let noisy: ClassifierSamples<Scalar>
  /// The samples whose labels somebody checked.
  package let checked: ClassifierSamples<Scalar>
  /// The folds of the samples to clean.
  package let noisyFolds: Folds
  /// The folds of the checked samples, as many.
  package let checkedFolds: Folds
  /// How many of the checked samples differ; nil where that is not known, and all are taken to.
  private let checkedObservations: Int?
  /// Numbers of steps at which training may stop, ascending.
  package let steps: [Int]

  /// Cross-fitting over so many folds, stratified by label.
  ///
  /// - Parameters:
  ///   - noisyGroups: the group of each sample to clean, none of which is divided; see ``Folds``.
  ///   - checkedGroups: likewise of the checked samples.
  package init(
    noisy: ClassifierSamples<Scalar>, checked: ClassifierSamples<Scalar>,
    noisyGroups: [Int]? = nil, checkedGroups: [Int]? = nil, folds: Int,
    steps: [Int] = [10, 20, 40, 80, 160, 320], seed: UInt64
  ) {
    self.noisy = noisy
    self.checked = checked
    self.steps = steps
    var stream = RandomStream(seed: seed, purpose: "cross-fitting")
    checkedFolds = Folds(folds, labels: checked.labels, groups: checkedGroups, using: &stream)
    checkedObservations = checkedGroups.map { Set($0).count }
    noisyFolds = Folds(
      checkedFolds.count, labels: noisy.labels, groups: noisyGroups, using: &stream)
  }

  /// What a classifier is trained on.
  package struct Recipe: Sendable, Equatable {
    /// The weights of the samples to clean for the classifier of each fold; empty where none is
    /// trained on. Weights that come from checked samples must not come from those of the fold itself.
    package var noisyWeights: [[Double]]
    /// Whether the checked samples are trained on.
    package var includesChecked: Bool

    /// A recipe with weights for each fold.
    package init(noisyWeights: [[Double]], includesChecked: Bool) {
      self.noisyWeights = noisyWeights
      self.includesChecked = includesChecked
    }
  }

  /// A recipe with the same weights in every fold.
  package func recipe(weights: [Double], includesChecked: Bool) -> Recipe {
    Recipe(
      noisyWeights: Array(repeating: weights, count: checkedFolds.count),
      includesChecked: includesChecked)
  }

  /// How long and how fast, and how well that does on checked samples out of fold.
  package struct Choice: Sendable, Equatable {
    /// The step size.
    package var stepSize: Double
    /// The number of steps.
    package var steps: Int
    /// The factor on all logits that makes probabilities honest.
    package var sharpness: Double
    /// The cross-entropy of checked samples, in nats.
    package var loss: Double
    /// The fraction of checked samples that are classified right.
    package var accuracy: Double
    /// The sharpness that the checked samples allow, with 95 % confidence.
    package var sharpnessInterval: ClosedRange<Double>
    /// How many nats a checked sample, on average, the model says more of its label than the frequencies
    /// of the classes do, less 1.645 standard errors: what is gained with 95 % confidence.
    package var certainGain: Double

    /// Whether the model knows anything of the classes. One that does not still disagrees with most
    /// labels, and what it says of them is worth nothing.
    package var isInformed: Bool { certainGain > 0 }
  }

  /// Probabilities out of fold, tempered, and how they came about.
  package struct Fit: Sendable {
    /// Of the samples to clean.
    package var noisy: ClassProbabilities
    /// Of the checked samples.
    package var checked: ClassProbabilities
    /// The choice.
    package var choice: Choice
    /// The classifier of each fold.
    package var classifiers: [Parameters<Scalar>]
  }

  /// The fit of a recipe, the number of steps and the sharpness chosen on the checked samples out of
  /// fold; nil where every step size diverges. Training ends after two stops without improvement.
  ///
  /// A step size with which the training loss of a fold rises from one stop to the next is too large:
  /// training then swings, and where it is at a stop depends on the rounding of sums.
  ///
  /// - Parameters:
  ///   - wantsSteadiness: whether such step sizes are left out.
  ///   - progress: called with the number of steps that a fold has made, between stops.
  package func fit(
    _ recipe: Recipe, stepSizes: [Double], wantsSteadiness: Bool = true,
    progress: (_ fold: Int, _ steps: Int) -> Void = { _, _ in }
  ) -> Fit? {
    typealias Found = (
      choice: Choice, parameters: [Parameters<Scalar>], checked: Tensor<Scalar>
    )
    var best: Found?
    for stepSize in stepSizes {
      var found = best
      var descents = (0..<checkedFolds.count).map { fold in
        AcceleratedDescent(
          trainingSet(recipe, without: fold), from: noisy.initial, stepSize: stepSize)
      }
      var trainingLosses = descents.map(\.loss)
      var isSteady = true
      var least = Double.infinity
      var worse = 0
      for stop in steps {
        for fold in descents.indices {
          descents[fold].run(until: stop)
          progress(fold, stop)
        }
        let parameters = descents.map(\.parameters)
        guard parameters.allSatisfy(\.isFinite) else {
          isSteady = !wantsSteadiness
          break
        }
        if wantsSteadiness {
          let losses = descents.map(\.loss)
          isSteady = zip(losses, trainingLosses).allSatisfy { !($0 > $1 + Self.ripple) }
          guard isSteady else { break }
          trainingLosses = zip(losses, trainingLosses).map { min($0, $1) }
        }
        let logits = checkedFolds.outOfFoldLogits(of: checked, by: parameters)
        let (sharpness, loss) = Sharpness(logits, labels: checked.labels).best
        let hits = zip(logits.argumentsOfRowMaxima(), checked.labels).count { $0 == $1 }
        worse = loss < least ? 0 : worse + 1
        least = min(least, loss)
        if loss < found?.choice.loss ?? .infinity {
          let choice = Choice(
            stepSize: stepSize, steps: stop, sharpness: sharpness, loss: loss,
            accuracy: Double(hits) / Double(checked.count),
            sharpnessInterval: sharpness...sharpness, certainGain: 0)
          found = (choice, parameters, logits)
        }
        if worse >= 2 { break }
      }
      if isSteady { best = found }
    }
    guard var best else { return nil }
    let sharpness = Sharpness(
      best.checked, labels: checked.labels, observations: checkedObservations)
    best.choice.sharpnessInterval = sharpness.interval(around: best.choice.sharpness)
    best.choice.certainGain = sharpness.certainGain(of: best.choice.sharpness)
    let factor = Scalar(best.choice.sharpness)
    // Classifiers that saw none of the samples to clean speak for all of them together.
    let noisyLogits =
      recipe.noisyWeights.isEmpty
      ? average(best.parameters) : noisyFolds.outOfFoldLogits(of: noisy, by: best.parameters)
    return Fit(
      noisy: ClassProbabilities(logits: noisyLogits.scaled(by: factor)),
      checked: ClassProbabilities(logits: best.checked.scaled(by: factor)), choice: best.choice,
      classifiers: best.parameters)
  }

  /// By so many nats momentum may raise the training loss for a while.
  private static var ripple: Double { 0.01 }

  /// The probabilities of all samples to clean by the classifier of one fold of a fit.
  package func noisyProbabilities(_ fit: Fit, fold: Int) -> ClassProbabilities {
    let logits = noisy.logits(fit.classifiers[fold])
    return ClassProbabilities(logits: logits.scaled(by: Scalar(fit.choice.sharpness)))
  }

  /// One classifier trained on all samples to clean, with the given weights, and on the checked ones
  /// where they are included, at a choice.
  package func whole(
    weights: [Double], includesChecked: Bool, _ choice: Choice
  ) -> Parameters<Scalar> {
    var parts = [TrainingSet<Scalar>.Part(noisy, weights: weights)]
    if includesChecked { parts.append(.init(checked)) }
    var descent = AcceleratedDescent(
      TrainingSet(parts), from: noisy.initial, stepSize: choice.stepSize)
    descent.run(until: choice.steps)
    return descent.parameters
  }

  private func trainingSet(_ recipe: Recipe, without fold: Int) -> TrainingSet<Scalar> {
    var parts: [TrainingSet<Scalar>.Part] = []
    if !recipe.noisyWeights.isEmpty {
      var weights = recipe.noisyWeights[fold]
      for (sample, own) in noisyFolds.ofSample.enumerated() where own == fold {
        weights[sample] = 0
      }
      parts.append(.init(noisy, weights: weights))
    }
    if recipe.includesChecked {
      let left = checkedFolds.ofSample.indices.filter { checkedFolds.ofSample[$0] == fold }
      parts.append(.init(checked, without: left))
    }
    return TrainingSet(parts)
  }

  private func average(_ parameters: [Parameters<Scalar>]) -> Tensor<Scalar> {
    var sum = parameters[0]
    for other in parameters.dropFirst() { sum.add(other) }
    // Logits are linear in the parameters of softmax regression, and near enough for small networks.
    sum.scale(by: 1 / Scalar(parameters.count))
    return noisy.logits(sum)
  }
}
