import Results

/// What the page says of one experiment: its question, what is looked at, and whom a reader expects.
struct ExperimentStory {
  /// The experiment's name.
  let experiment: String
  /// Its name for readers.
  let title: String
  /// What is asked, in plain words.
  let question: String
  /// The metrics of the tables, in order.
  let metrics: [String]
  /// The method that others are compared with.
  let standard: String
  /// Methods and baselines that have a row on the main protocol, run or not.
  let expected: [String]
  /// The protocols whose tables are shown unfolded.
  let protocols: [String]

  static let all = [
    ExperimentStory(
      experiment: "counter-example", title: "Counter-example",
      question: "Does a method that assumes a unique lower-level solution go to the wrong point, "
        + "and does descent aggregation mend it? The problem is small enough that the right answer, "
        + "x = 1, is known, and so are the limits and rates that theory predicts.",
      metrics: ["x", "upperError", "stationaryPoint"], standard: "rhg",
      expected: ["rhg", "t-rhg", "cg", "neumann", "one-stage", "bda", "one-stage-bda"],
      protocols: ["icml2020"]),
    ExperimentStory(
      experiment: "hyper-cleaning", title: "Hyper-cleaning",
      question:
        "Half of the training labels are wrong, and some clean images are at hand. Do weights "
        + "of the training samples that a bi-level method learns make a better classifier, and better "
        + "than what a user would do instead?",
      metrics: [
        "testAccuracy", "plainTestAccuracy", "detectionAUC", "detectionF1NoisyPositive",
        "upperObjective",
      ],
      standard: "rhg",
      expected: [
        "no-cleaning", "oracle", "validation-only", "filtered", "loss-ranking", "self-filtered",
        "self-confidence", "rhg", "t-rhg", "cg", "neumann", "one-stage", "bda", "one-stage-bda",
      ], protocols: ["icml2020"]),
    ExperimentStory(
      experiment: "hyper-representation", title: "Hyper-representation",
      question:
        "Features are learned through the training of a head that has many solutions. Does it "
        + "matter which of them a method differentiates through?",
      metrics: ["upperObjective", "upperSpreadOverHeads", "distanceToSolutionSet", "testAccuracy"],
      standard: "rhg", expected: ["rhg", "t-rhg", "cg", "neumann", "heavy-ball-rhg", "bda"],
      protocols: ["set-valued-least-squares"]),
    ExperimentStory(
      experiment: "few-shot", title: "Few-shot classification",
      question:
        "How well does a representation that was learned on some characters classify others, "
        + "after a few steps on one or five images of each?",
      metrics: ["testAccuracy", "testLoss"], standard: "rhg",
      expected: [
        "raw-pixels", "untrained", "prototypes", "ridge-head", "supervised", "maml", "fomaml",
        "meta-sgd", "reptile", "imaml", "rhg", "t-rhg", "bda",
      ],
      protocols: ["icml2020"]),
  ]
}
