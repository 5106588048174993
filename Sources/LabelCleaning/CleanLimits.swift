/// What a person should know before acting on the suspects.
package struct CleanLimits {
  let input: CleanInput
  let result: CleanResult

  /// The limits of a result.
  package init(input: CleanInput, result: CleanResult) {
    self.input = input
    self.result = result
  }

  /// One full sentence each, the ones that this data calls for first.
  package var sentences: [String] {
    var sentences: [String] = []
    if let chosen = result.chosen, !chosen.choice.isInformed {
      sentences.append(
        "The model tells the classes of held-out checked samples no better than their frequencies do, so "
          + "no label is called wrong, and how many are is not known: store other features, or check more "
          + "samples.")
      return sentences
    }
    let suspects = result.isSuspect.count { $0 }
    if 2 * suspects > result.isSuspect.count {
      sentences.append(
        "More than half of all labels are suspect (\(SuspectsPage.whole(suspects)) of "
          + "\(SuspectsPage.whole(result.isSuspect.count))): either most are wrong, or the checked samples are "
          + "labelled or made otherwise (classes counted from 1, other units, inverted images); look at some "
          + "of both before you believe anything here, or drop a label.")
    }
    let counts = input.classes.indices.map { label in
      input.checkedLabels.count { $0 == label }
    }
    if let fewest = counts.min(), fewest < 10, let place = counts.firstIndex(of: fewest) {
      sentences.append(
        "Only \(fewest) checked samples are of class \"\(input.classes[place].name)\" "
          + "(\(input.checkedLabels.count) in all): with fewer than ten a class the choice of method and "
          + "every estimate here is rough; check more and run again.")
    }
    let different = Set(input.checkedRows.groups).count
    if different <= Self.mostSimulated {
      sentences.append(
        "With \(different) different checked samples the intervals here are too narrow, because method and "
          + "number of steps are chosen on the same samples: of 100 simulated data sets each with 40 to 300 of "
          + "them, intervals of 95 % held the true precision in 78 to 89, and the number to look at for 99 % of "
          + "the wrong labels in 51 to 92.")
    }
    if let chosen = result.chosen, chosen.choice.accuracy < 0.75 {
      sentences.append(
        "The model gets \(SuspectsPage.percent(chosen.choice.accuracy)) of held-out checked samples "
          + "right, so it doubts many right labels and believes many wrong ones; it is linear in the "
          + "stored values: for photographs or texts store the features of a pretrained network as "
          + "'features' (beside 'images').")
    }
    sentences.append(contentsOf: comparison)
    if result.precision.value < 0.5 {
      sentences.append(
        "Less than half of the suspects are expected to be wrong: look at each before dropping it, or "
          + "take only the first of them.")
    }
    sentences.append(
      "The estimates suppose that the checked samples were drawn like the others, and that "
        + "\(supposition); labels that are wrong because the sample is hard to tell are found less "
        + "often than is said here.")
    sentences.append(
      "A suspect is a label that the model does not expect: a rare but right one is a suspect, too, and a "
        + "sample that belongs to no class at all is not.")
    return sentences
  }

  /// The most checked samples for which `experiments/hyper-cleaning/coverage.py` has counted how often
  /// intervals hold the truth: fewer times than is said, for all numbers that it has tried.
  private static let mostSimulated = 300

  /// What the scores take wrong labels for.
  private var supposition: String {
    switch result.confusion {
    case .even: "a wrong label is any other class alike, which is what these labels look like"
    case .byClass: "labels are mixed up class by class, as these labels look"
    }
  }

  /// Whether the checked samples were of use for ranking at all.
  private var comparison: [String] {
    guard let chosen = result.chosen,
      let plain = result.candidates.first(where: { $0.method == .selfConfidence })
    else { return [] }
    let numbers =
      "(expected AUC \(SuspectsPage.decimal(plain.area.value)) against "
      + "\(SuspectsPage.decimal(chosen.area.value)))"
    if chosen.method == .selfConfidence {
      return [
        "The chosen ranking needs no checked samples: they served to choose it and to estimate what it "
          + "finds."
      ]
    }
    return plain.area.high >= chosen.area.value
      ? [
        "Ranking by the loss of models of the labels as they are, without any checked sample, does about "
          + "as well here \(numbers): the checked samples served to estimate more than to find."
      ] : []
  }
}
