extension ChosenFigure {
  /// The figures that `report figure` draws unasked and that the page shows, in the order of the
  /// article.
  package static let all =
    counterExample + hyperCleaning + hyperRepresentation + fewShot

  /// Those of one experiment.
  package static func all(of experiment: String) -> [ChosenFigure] {
    all.filter { $0.experiment == experiment }
  }

  private static let counterExample = [
    ChosenFigure(
      name: "counter-example-methods",
      title: "More inner steps help BDA, not methods that assume one lower solution",
      experiment: "counter-example", protocolName: "icml2020", metric: "upperError",
      methods: [
        "rhg", "t-rhg", "neumann", "one-stage", "heavy-ball-rhg", "v-pbgd", "one-stage-bda", "bda",
      ],
      shape: .sweep(having: [
        "inner.stepSize": ["0.5"], "y1": ["0"], "aggregation.schedule": ["", "harmonic"],
        "aggregation.alpha": ["", "0.5"],
      ])),
    ChosenFigure(
      name: "counter-example-schedules",
      title: "Aggregation weights with a finite sum stop short, those with an infinite one do not",
      experiment: "counter-example", protocolName: "icml2020", metric: "upperError",
      methods: ["rhg", "bda"], shape: .sweep(having: ["inner.stepSize": ["0.5"], "y1": ["0"]])),
    ChosenFigure(
      name: "counter-example-iterations",
      title: "Outer iterations do not mend it: at K = 64 each method settles where K lets it",
      experiment: "counter-example", protocolName: "icml2020", metric: "x",
      methods: ["rhg", "t-rhg", "neumann", "one-stage", "v-pbgd", "one-stage-bda", "bda"],
      shape: .curves(against: .iteration, isLogarithmic: false)),
  ]

  /// Baselines first, so that none is lost where there are more than ten.
  private static let cleaningMethods = [
    "no-cleaning", "oracle", "validation-only", "filtered", "rhg", "t-rhg", "bda", "one-stage",
    "one-stage-bda", "cg", "neumann", "self-filtered", "loss-ranking", "self-confidence",
    "fixed-weights-bda", "v-pbgd",
  ]

  private static let hyperCleaning = [
    ChosenFigure(
      name: "hyper-cleaning-methods", title: "Hyper-cleaning: test accuracy, method by method",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "testAccuracy",
      methods: cleaningMethods, shape: .rows(isLogarithmic: false)),
    ChosenFigure(
      name: "hyper-cleaning-iterations",
      title: "Hyper-cleaning: test accuracy as the weights are learned",
      experiment: "hyper-cleaning",
      protocolName: "icml2020", metric: "testAccuracy",
      methods: ["rhg", "bda", "t-rhg", "no-cleaning", "oracle", "validation-only", "filtered"],
      shape: .curves(against: .iteration, isLogarithmic: false)),
    ChosenFigure(
      name: "hyper-cleaning-seconds",
      title: "Hyper-cleaning: test accuracy against time",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "testAccuracy",
      methods: ["rhg", "bda", "t-rhg", "one-stage", "one-stage-bda", "no-cleaning", "oracle"],
      shape: .curves(against: .seconds, isLogarithmic: false)),
    ChosenFigure(
      name: "hyper-cleaning-detection",
      title: "Hyper-cleaning: are wrong labels found? AUC of ranking by weight",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "detectionAUC",
      methods: cleaningMethods, shape: .rows(isLogarithmic: false)),
    ChosenFigure(
      name: "hyper-cleaning-inner-steps", title: "Hyper-cleaning: test accuracy against K",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "testAccuracy",
      methods: ["rhg", "t-rhg", "bda", "one-stage", "one-stage-bda"],
      shape: .setting("innerSteps")),
    ChosenFigure(
      name: "hyper-cleaning-clean-images",
      title: "Hyper-cleaning: what clean validation images are worth to each method",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "testAccuracy",
      methods: [], shape: .setting("data.validation")),
    ChosenFigure(
      name: "hyper-cleaning-cost",
      title: "Hyper-cleaning: what accuracy costs, in the median time of an outer step",
      experiment: "hyper-cleaning", protocolName: "icml2020", metric: "testAccuracy",
      methods: [
        "rhg", "t-rhg", "bda", "one-stage", "one-stage-bda", "cg", "neumann", "v-pbgd",
      ], shape: .cost("secondsPerOuterStep")),
  ]

  private static let hyperRepresentation = [
    ChosenFigure(
      name: "hyper-representation-objective",
      title: "Hyper-representation: upper objective where the head has many solutions",
      experiment: "hyper-representation", protocolName: "set-valued-least-squares",
      metric: "upperObjective",
      methods: ["rhg", "t-rhg", "heavy-ball-rhg", "one-stage", "bda", "one-stage-bda"],
      shape: .curves(against: .iteration, isLogarithmic: true)),
    ChosenFigure(
      name: "hyper-representation-spread",
      title: "Hyper-representation: how much the result depends on the initial head",
      experiment: "hyper-representation", protocolName: "set-valued-least-squares",
      metric: "upperSpreadOverHeads",
      methods: ["rhg", "t-rhg", "heavy-ball-rhg", "cg", "neumann", "bda", "one-stage-bda"],
      shape: .rows(isLogarithmic: false)),
  ]

  private static let fewShot = [
    ChosenFigure(
      name: "few-shot-methods",
      title: "Few-shot at the protocol's settings; the table has baselines at their best",
      experiment: "few-shot", protocolName: "icml2020", metric: "testAccuracy",
      methods: [
        "prototypes", "ridge-head", "supervised", "rhg", "t-rhg", "bda", "maml", "fomaml",
        "meta-sgd", "reptile", "imaml",
      ],
      shape: .rows(isLogarithmic: false)),
    ChosenFigure(
      name: "few-shot-inner-steps",
      title: "Few-shot: accuracy on a new task as its head is trained",
      experiment: "few-shot", protocolName: "icml2020", metric: "testAccuracyByInnerStep",
      methods: ["rhg", "t-rhg", "bda", "maml", "fomaml", "meta-sgd", "reptile"],
      shape: .curves(against: .iteration, isLogarithmic: false)),
  ]
}
