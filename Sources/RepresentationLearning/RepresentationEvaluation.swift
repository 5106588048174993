import Bilevel
import Commands
import Experiments
import Networks
import Results
import Tensors

/// The metrics of hyper-representation at one point (x, y).
package struct RepresentationEvaluation<Scalar: TensorScalar> {
  let settings: RepresentationSettings
  let data: RepresentationData<Scalar>
  let problem: RepresentationProblem<Scalar>
  /// The f that is measured.
  let lower: LinearHeadObjective<Scalar>
  /// The same problem in Double, where exact hypergradients are known.
  let exact: RepresentationProblem<Double>?

  /// The metrics of a problem on its samples, those that need exact hypergradients where they are known;
  /// the f that is measured is the one that hypergradients differentiate, unless given.
  package init(
    _ settings: RepresentationSettings, data: RepresentationData<Scalar>,
    problem: RepresentationProblem<Scalar>, lower: LinearHeadObjective<Scalar>? = nil,
    seed: UInt64
  ) {
    self.settings = settings
    self.data = data
    self.problem = problem
    self.lower = lower ?? problem.lower
    exact =
      settings.hasExactHypergradient && settings.data.kind == .linear
      ? RepresentationProblem(settings, data: data.converted(to: Double.self), seed: seed) : nil
  }

  /// What is measured: names, units and directions.
  package static var metrics: [RunRecord.Metric] {
    [
      .init(name: "upperObjective", unit: "loss", betterWhen: .lower, headline: true),
      .init(name: "lowerObjective", unit: "loss", betterWhen: .lower),
      .init(name: "lowerGradientNorm", unit: "loss", betterWhen: .lower),
      .init(name: "testAccuracy", unit: "fraction", betterWhen: .higher, headline: true),
      .init(name: "validationAccuracy", unit: "fraction", betterWhen: .higher),
      .init(name: "hypergradientError", unit: "relative", betterWhen: .lower, headline: true),
      .init(name: "exactUpperObjective", unit: "loss", betterWhen: .lower),
      .init(name: "distanceToSolutionSet", unit: "parameter", betterWhen: .lower, headline: true),
      .init(name: "optimisticUpperObjective", unit: "loss", betterWhen: .lower),
      .init(name: "upperSpreadOverHeads", unit: "loss", betterWhen: .lower, headline: true),
      .init(name: "accuracySpreadOverHeads", unit: "fraction", betterWhen: .lower),
      .init(name: "featureRank", unit: "count", betterWhen: .neither),
    ]
  }

  /// What is measured along the way.
  package func values(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>,
    hypergradient: Parameters<Scalar>? = nil
  ) -> [String: Double] {
    let features = problem.factored.map.features(of: x)
    var values = [
      "upperObjective": Double(problem.upper.value(upper: features, lower: y)),
      "lowerObjective": Double(lower.value(upper: features, lower: y)),
      "lowerGradientNorm": Double(lower.lowerGradient(upper: features, lower: y).norm),
    ]
    if data.test != nil {
      values["testAccuracy"] = testAccuracy(upper: x, lower: y)
      values["validationAccuracy"] = accuracy(
        logits: features.tensors[1].multiplied(by: y.tensors[0]), labels: data.validation.labels)
    }
    if let exact {
      // The problem that is solved: where hypergradients differentiate another f, that is an error.
      let solution = RidgeSolution(
        map: exact.factored.map, upper: exact.upper, lower: exact.descended,
        at: Parameters(x.tensors.map { $0.converted() }))
      // A ridge too small for the rank of the features leaves a system that rounding makes singular.
      if solution.isFinite { values["exactUpperObjective"] = solution.upperValue }
      // Of a hypergradient that is 0 there is no share that is wrong.
      if let hypergradient, solution.isFinite, solution.hypergradient.norm > 0 {
        let estimate = Parameters<Double>(hypergradient.tensors.map { $0.converted() })
        values["hypergradientError"] =
          estimate.adding(solution.hypergradient, scaledBy: -1).norm
          / solution.hypergradient.norm
      }
    }
    return values
  }

  /// What is measured at the end, where S(x) is more than a point: how far y is from it, the best
  /// that the upper level could find in it, and how much depends on the initial head.
  ///
  /// - Throws: `Interrupted` between rows of the eigendecomposition that S(x) takes.
  package func setValues(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>,
    headsOfOtherDraws: [Parameters<Scalar>]
  ) throws(Interrupted) -> [String: Double] {
    let features = problem.factored.map.features(of: x)
    let (train, validation): (Tensor<Double>, Tensor<Double>) = (
      features.tensors[0].converted(), features.tensors[1].converted()
    )
    guard train.isFinite, y.isFinite else { return [:] }
    var values: [String: Double] = [:]
    let set: HeadSolutionSet?
    switch settings.head.loss {
    case .leastSquares:
      set = try HeadSolutionSet(leastSquares: train, targets: data.train.targets.converted())
    case .crossEntropy:
      set = try HeadSolutionSet(crossEntropy: train, targets: data.train.targets.converted())
    }
    if let set {
      values["distanceToSolutionSet"] = set.distance(of: y.tensors[0].converted())
      values["featureRank"] = Double(set.rank)
      if settings.head.loss == .leastSquares {
        values["optimisticUpperObjective"] =
          settings.head.upperFactor
          * set.optimisticValue(
            features: validation, targets: data.validation.targets.converted())
      }
    }
    if headsOfOtherDraws.count > 1 {
      let uppers = headsOfOtherDraws.map { Double(problem.upper.value(upper: features, lower: $0)) }
      values["upperSpreadOverHeads"] = Statistics(uppers).standardDeviation
      if data.test != nil {
        let accuracies = headsOfOtherDraws.map { testAccuracy(upper: x, lower: $0) }
        values["accuracySpreadOverHeads"] = Statistics(accuracies).standardDeviation
      }
    }
    return values
  }

  private func testAccuracy(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Double {
    guard let test = data.test else { return .nan }
    return accuracy(
      logits: problem.outputs(of: test.inputs, upper: x, lower: y), labels: test.labels)
  }
}
