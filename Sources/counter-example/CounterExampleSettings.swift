import Bilevel
import Experiments

/// What the counter-example adds to the methods' settings, in the order of the pipeline.
struct CounterExampleSettings: OwnSettings {
  var problem = Problem()
  var start = Start()
  var sweep = Sweep()
  var evaluation = Evaluation()

  /// Which member of the family.
  struct Problem: Codable, Sendable, Equatable {
    var dimension = 1
    /// mu: 0 is the article's problem, more makes the lower solution unique.
    var strongConvexity = 0.0
    /// c, the y2 that the unique lower solution has.
    var target = 1.0
    /// X is the box of all |x_i| <= this.
    var upperBound = 100.0
    /// Whether the term of f in y1 is 1/4 sum (y1 - x)^4: one solution without strong convexity.
    var quartic = false
  }

  /// Where everything starts; lists are repeated over the coordinates.
  struct Start: Codable, Sendable, Equatable {
    /// x_0.
    var upper = [0.0]
    /// y1 in y_0.
    var first = [0.0]
    /// y2 in y_0.
    var second = [0.0]
  }

  /// A sweep over K.
  struct Sweep: Codable, Sendable, Equatable {
    /// The values of K that one run goes through; none for a run at `inner.steps`.
    var innerSteps: [Int] = []
  }

  /// What is measured, and how often.
  struct Evaluation: Codable, Sendable, Equatable {
    /// Metrics are recorded every so many outer iterations, and after the last.
    var every = 1
  }
}

extension CounterExampleSettings {
  /// The problem that the settings describe.
  var counterExample: CounterExampleProblem {
    CounterExampleProblem(
      dimension: problem.dimension, strongConvexity: problem.strongConvexity,
      target: problem.target, firstStart: start.first, secondStart: start.second,
      upperBound: problem.upperBound, isQuartic: problem.quartic)
  }

  /// What does not go together: a list of starts that is longer than there are coordinates, of which
  /// the rest would say nothing, and an x_0 outside X.
  static func conflict(in settings: RunSettings<CounterExampleSettings>) -> String? {
    let own = settings.own
    let starts = [
      ("start.upper", own.start.upper), ("start.first", own.start.first),
      ("start.second", own.start.second),
    ]
    if let (key, values) = starts.first(where: { $0.1.count > own.problem.dimension }) {
      return "The setting \(key) has \(values.count) numbers but must have no more than there are "
        + "coordinates, which problem.dimension says are \(own.problem.dimension)"
    }
    if let outside = own.start.upper.first(where: { abs($0) > own.problem.upperBound }) {
      return "The setting start.upper holds \(outside) but must lie in X, within "
        + "problem.upperBound, which is \(own.problem.upperBound)"
    }
    return nil
  }

  /// The unique lower solution has a y2 only where there is one.
  func hasEffect(_ key: String) -> Bool { key != "problem.target" || problem.strongConvexity > 0 }

  static let keys: [SettingKey<CounterExampleSettings>] = [
    .whole("problem.dimension", "n, coordinates", 1...10_000_000) { $0.problem.dimension },
    .notNegative("problem.strongConvexity", "mu; 0 is the article's problem") {
      $0.problem.strongConvexity
    },
    .finite("problem.target", "c, the y2 of the unique lower solution") { $0.problem.target },
    .positive("problem.upperBound", "X is the box of all |x_i| <= this") {
      $0.problem.upperBound
    },
    .flag("problem.quartic", "whether the term of f in y1 is 1/4 sum (y1 - x)^4") {
      $0.problem.quartic
    },
    numbers("start.upper", "x_0, repeated over the coordinates") { $0.start.upper },
    numbers("start.first", "y1 in y_0, repeated over the coordinates") { $0.start.first },
    numbers("start.second", "y2 in y_0, repeated over the coordinates") { $0.start.second },
    SettingKey(
      "sweep.innerSteps", "the values of K of a sweep; none for a run at inner.steps",
      unit: "count", wanted: "a list of different whole numbers from 1 to 10000000",
      { $0.sweep.innerSteps }
    ) { $0.allSatisfy { (1...10_000_000).contains($0) } && Set($0).count == $0.count },
    .whole("evaluation.every", "outer iterations between measurements", 1...1_000_000_000) {
      $0.evaluation.every
    },
  ]

  private static func numbers(
    _ name: String, _ meaning: String,
    _ value: @escaping @Sendable (CounterExampleSettings) -> [Double]
  ) -> SettingKey<CounterExampleSettings> {
    SettingKey(name, meaning, wanted: "a list of finite numbers, such as [0]", value) {
      !$0.isEmpty && $0.allSatisfy(\.isFinite)
    }
  }
}
