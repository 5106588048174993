import Bilevel
import Experiments

/// A named preset with its source.
enum CounterExampleProtocol: String, ExperimentPreset {
  case icml2020
  case stronglyConvex = "strongly-convex"
  case biased
  case quartic
  case slBAMM = "sl-bamm"

  /// One line: what the preset fixes.
  var summary: String {
    switch self {
    case .icml2020: "n = 1, mu = 0, starts (0, 0) and (2, 2), X = [-100, 100]; step sizes ours"
    case .stronglyConvex:
      "the same with mu = 1 and c = 1: one lower solution, on which all methods must agree"
    case .biased:
      "mu = 1/2 and c = 3: one lower solution, at which F_y does not vanish and x* = 2, so that a "
        + "constant alpha misses it"
    case .quartic:
      "f = (y1 - x)^4 / 4 + y2^2 / 2: one lower solution without strong convexity, x* = 1/2"
    case .slBAMM:
      "n = 100, start 0.01, K = 1 from the last y, step 0.1, outer step 0.005, alpha 0.1 form F"
    }
  }

  /// Where the preset comes from.
  var source: String {
    switch self {
    case .icml2020: "arXiv 2006.04045, counter-example and section 5 (as recalled)"
    case .stronglyConvex, .biased: "ours: the control experiment"
    case .quartic:
      "ours: arXiv 2006.04045, abstract (convergence under a lower-level singleton without strong "
        + "convexity); rates derived in experiments/counter-example"
    case .slBAMM: "vis-opt-group/sl-BAMM merely_convex/strategy3.py"
    }
  }

  /// The preset's settings under a budget.
  func settings(_ budget: Budget) -> RunSettings<CounterExampleSettings> {
    var settings = RunSettings(
      CounterExampleSettings(),
      outer: OuterSettings(.gradient, learningRate: 0.6, iterations: 200))
    settings.inner = .init(steps: 64, stepSize: 0.5)
    settings.inner.momentum = 0.5
    settings.penalty.weight = 1
    // x and y move together, so that steps must be shorter.
    settings.penalty.learningRate = 0.3
    switch self {
    case .icml2020: break
    case .stronglyConvex: settings.problem.strongConvexity = 1
    case .biased:
      settings.problem.strongConvexity = 0.5
      settings.problem.target = 3
    case .quartic:
      settings.problem.quartic = true
      settings.problem.strongConvexity = 1
      settings.problem.target = 0
      // Where y1 starts at x its sensitivity is 0 for ever, a stationary point that is none of the
      // problem: the start lies apart from all x on the way, and steps are short enough for it.
      settings.start.first = [-1]
      settings.inner.stepSize = 0.25
    case .slBAMM:
      settings.problem.dimension = 100
      settings.start = .init(upper: [0.01], first: [0.01], second: [0.01])
      settings.inner = .init(steps: 1, stepSize: 0.1)
      settings.inner.startsWarm = true
      settings.aggregation = .init(schedule: .outerHarmonic, alpha: 0.1)
      settings.solver.steps = 40
      settings.penalty.learningRate = 0.005
      settings.outer.learningRate = 0.005
      settings.outer.iterations = budget == .smoke ? 1_000 : 10_000
      settings.evaluation.every = budget == .smoke ? 100 : 10
    }
    return settings
  }

  /// (y1, y2) of the starts that are run where none is named.
  var starts: [(first: [Double], second: [Double])] {
    switch self {
    case .icml2020: [([0], [0]), ([2], [2])]
    case .stronglyConvex, .biased: [([0], [0])]
    case .quartic: [([-1], [0])]
    case .slBAMM: [([0.01], [0.01])]
    }
  }

  /// The values of K that a sweep goes through where none is named.
  static let sweptInnerSteps = [8, 16, 64, 256, 2_048]

  /// Nothing is random but what a user's own arms may draw.
  func seeds(_ budget: Budget) -> [UInt64] { [0] }
}
