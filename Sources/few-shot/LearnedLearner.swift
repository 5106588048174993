import Bilevel
import Datasets
import Experiments
import FewShotLearning
import Networks
import Tensors

/// A learner as a file of `run --save` describes it, at the point that was tested: the x with the best
/// validation accuracy.
struct LearnedLearner<Scalar: TensorScalar & HDF5Element>: Sendable {
  let settings: RunSettings<FewShotSettings>
  let learner: any TaskLearner<Scalar>
  let upper: Parameters<Scalar>
  let normalisation: EvaluationNormalisation<Scalar>

  /// The size of the head's steps, a learned one included.
  var stepSize: Double {
    guard let representation = learner as? RepresentationLearner<Scalar> else {
      return settings.inner.stepSize
    }
    return Double(
      representation.learnsRate
        ? RateScaledDynamics<Scalar>.rate(in: upper) : representation.testStepSize)
  }

  /// The settings of the run that wrote a file.
  static func settings(of file: LearnedFile) throws -> RunSettings<FewShotSettings> {
    let preset = FewShotProtocol(rawValue: file.description.protocolName) ?? .icml2020
    return try file.settings(over: preset.settings(.paper))
  }

  /// The learner for tasks of a number of classes.
  ///
  /// - Throws: `DatasetError` where the file is damaged or does not fit its own settings, or where
  ///   what was learned is a head for another number of classes.
  init(
    _ file: LearnedFile, settings: RunSettings<FewShotSettings>, ways: Int,
    in experiment: FewShot
  ) throws {
    let arm = try file.arm(in: experiment)
    guard arm.method?.adaptsInitialization != true || ways == settings.task.ways else {
      throw DatasetError(
        .unexpectedContents,
        "The method \(arm.name) of \(file.path) has learned a head of \(settings.task.ways) "
          + "classes, and there are \(ways) in the folder support: give as many, or learn a "
          + "representation (rhg, bda), which takes any number.")
    }
    let run: LearnedRun<Scalar> = try file.contents()
    // Where the step size of the head was chosen among several, the chosen one.
    var settings = settings
    if let chosen = run.point("state/" + FewShotBody<Scalar>.chosenTrialName)?.tensors.first,
      let index = chosen.scalars.first.flatMap({ Int(exactly: $0) }),
      (0..<settings.tuning.trials).contains(index)
    {
      settings = FewShotTrial<Scalar>.settings(index, of: arm, settings)
    }
    self.settings = settings
    let group = run.point("best") == nil ? "x" : "best"
    learner = try FewShotLearner.learner(
      arm, settings.own, settings.method, ways: ways,
      trainingClasses: run.point(group)?.tensors.last.map { max(1, $0.count) } ?? 1,
      as: Scalar.self)
    var stream = RandomStream(seed: 0, purpose: "shapes")
    let shapes = learner.initialUpper(using: &stream).tensors.map(\.shape)
    // Pixels as they are have nothing to learn.
    upper = shapes.isEmpty ? Parameters([]) : try file.checked(group, of: run, shapes: shapes)
    switch settings.evaluation.normalisation {
    case .transductive: normalisation = .transductive
    case .inductive: normalisation = .inductive
    case .running:
      let shapes = learner.network.normalisedFilters.map { [$0] }
      if shapes.isEmpty {
        // Pixels as they are: the three ways are one.
        normalisation = .transductive
        return
      }
      guard run.point("state/best running means") != nil else {
        throw DatasetError(
          .unexpectedContents,
          "The run that wrote \(file.path) kept no running moments: take --normalisation transductive or "
            + "inductive, or learn with --set evaluation.normalisation=running.")
      }
      normalisation = .running(
        NormalisationMoments(
          means: try file.checked("state/best running means", of: run, shapes: shapes).tensors,
          variances: try file.checked("state/best running variances", of: run, shapes: shapes)
            .tensors))
    }
  }
}
