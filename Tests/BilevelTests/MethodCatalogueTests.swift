import Bilevel
import Foundation
import TestSupport
import Testing

@Suite("Methods by name")
struct MethodCatalogueTests {
  static let catalogue = MethodCatalogue.standard
  static let subject = QuadraticProblem()
  static let settings = MethodSettings(steps: 5, stepSize: 0.2)

  /// The values of F along an outer loop, as an experiment would run it.
  static func values(_ method: Method, iterations: Int = 40) throws -> [Double] {
    try BuiltMethod(method, settings, on: subject.problem, from: subject.point())
      .loop(GradientStep(learningRate: .constant(0.02)), iterations: iterations)
      .map { $0.estimate.isFinite ? $0.estimate.upperValue : .nan }
  }

  @Test("Every method that the literature names is valid and lowers F")
  func named() throws {
    for method in Self.catalogue.methods {
      let values = try Self.values(method)
      #expect(values.count == 40 && values.allSatisfy(\.isFinite), "\(method.name)")
      // Without y_0(x) = x, methods that see the start alone have F_x to go by.
      #expect((values.last ?? .infinity) < (values.first ?? 0) || method.estimator.seesStartOnly)
      #expect(!method.citation.isEmpty && !method.displayName.isEmpty)
      let product = Self.catalogue.product(method.dynamics, method.estimator)
      #expect(product.dynamics.name == method.dynamics.name)
      #expect(product.estimator.name == method.estimator.name)
    }
  }

  @Test("Every product runs on the counter-example, or is refused by both builders")
  func products() throws {
    let problem = counterExample(start: (0.3, -0.2))
    let x = Parameters(Tensor([0.5]))
    var refused = 0
    for product in Self.catalogue.products {
      let settings = MethodSettings(steps: 4, stepSize: 0.2)
      guard let refusal = product.refusal else {
        var loop = try BuiltMethod(product, settings, on: problem, from: x)
          .loop(GradientStep(learningRate: .constant(0.1)), iterations: 1)
        let first = loop.next()
        let event = try #require(first, "\(product.name)")
        #expect(event.estimate.isFinite && event.next.isFinite, "\(product.name)")
        #expect(loop.next() == nil && loop.outcome == .completed, "\(product.name)")
        continue
      }
      refused += 1
      // One sentence, that says which estimators or dynamics are meant, and what to use instead.
      #expect(refusal.hasSuffix(".") && refusal.contains(": use "), "\(refusal)")
      #expect(refusal.contains(product.dynamics.name), "\(product.name): \(refusal)")
      #expect(product.refusal(under: settings) == refusal)
      #expect(throws: MethodError(refusal)) {
        try product.innerDynamics(settings, as: Double.self)
      }
      #expect(throws: MethodError(refusal)) {
        try product.hypergradientEstimator(settings, as: Double.self)
      }
    }
    #expect(refused > 0 && refused < Self.catalogue.products.count)
  }

  @Test("Plain steps are those of descent dynamics, and of nothing else")
  func plainSteps() throws {
    for entry in Self.catalogue.dynamics {
      let built = try entry.dynamics(Self.settings, as: Double.self)
      #expect(
        (entry.refusal(of: .plainStep) == nil) == (built is any DescentDynamics<Double>),
        "\(entry.name)")
    }
  }

  @Test("Where no stationary limit is refused, long loops end where the objective's slope is zero")
  func stationaryLimits() throws {
    for rule in [AggregationSchedule.Rule.constant, .outerHarmonic, .outerPower] {
      var settings = MethodSettings(steps: 2000, stepSize: 0.1)
      settings.aggregation.schedule = rule
      try expectStationaryLimits(settings, outerIteration: 3)
    }
  }

  private func expectStationaryLimits(
    _ settings: MethodSettings, outerIteration n: Int
  ) throws {
    for entry in Self.catalogue.dynamics where entry.refusal(of: .stationaryLimit) == nil {
      let (problem, x) = try entry.prepare(
        Self.subject.problem, from: Self.subject.point(), settings)
      let y = try entry.dynamics(settings, as: Double.self)
        .lowerVariable(
          after: settings.inner.steps, upper: x, of: problem, outerIteration: n)
      let descended = AggregatedObjective(
        upper: problem.upper, lower: problem.lower,
        weights: try entry.steadyWeights(settings, as: Double.self).weights(outerIteration: n))
      #expect(descended.lowerGradient(upper: x, lower: y).norm < 1e-10, "\(entry.name)")
      guard entry.refusal(of: .lowerMinimum) == nil else { continue }
      #expect(problem.lower.lowerGradient(upper: x, lower: y).norm < 1e-9, "\(entry.name)")
    }
  }

  @Test("Dynamics aggregate if and only if they look at F")
  func aggregation() throws {
    for entry in Self.catalogue.dynamics {
      let (problem, x) = try entry.prepare(
        Self.subject.problem, from: Self.subject.point(), Self.settings)
      var other = problem
      other.upper = ExpressionObjective { _, y in (y[0] * y[0] * y[0]).sum() }
      let dynamics = try entry.dynamics(Self.settings, as: Double.self)
      let changes =
        dynamics.run(steps: 3, upper: x, of: problem)
        != dynamics.run(steps: 3, upper: x, of: other)
      #expect(changes == entry.aggregates, "\(entry.name)")
      let weights = try entry.steadyWeights(Self.settings, as: Double.self)
        .weights(outerIteration: 0)
      #expect((weights.upper != 0) == entry.aggregates && weights.lower > 0, "\(entry.name)")
    }
  }

  @Test("Names are unique, and settings that entries say they read exist")
  func names() {
    let catalogue = Self.catalogue
    for names in [
      catalogue.dynamics.map(\.name), catalogue.estimators.map(\.name),
      catalogue.methods.map(\.name), catalogue.methods.map(\.displayName),
      catalogue.products.map(\.name),
    ] { #expect(Set(names).count == names.count && !names.contains("")) }
    let keys = Set(MethodSettings.keys.map(\.name))
    for (name, settings) in catalogue.dynamics.map({ ($0.name, $0.settings) })
      + catalogue.estimators.map({ ($0.name, $0.settings) })
    {
      #expect(Set(settings).isSubset(of: keys), "\(name): \(settings)")
      #expect(Set(settings).count == settings.count, "\(name): \(settings)")
    }
    #expect(MethodSettings.costKeys.isSubset(of: keys))
    for entry in catalogue.dynamics {
      #expect(!entry.formula.isEmpty && !entry.citation.isEmpty, "\(entry.name)")
    }
    for entry in catalogue.estimators {
      #expect(!entry.exactness.isEmpty && !entry.citation.isEmpty, "\(entry.name)")
    }
  }

  @Test("Names lead to their entries; unknown ones to a sentence with those that exist")
  func lookup() throws {
    let catalogue = Self.catalogue
    for method in catalogue.methods {
      #expect(try catalogue.method(named: method.name).displayName == method.displayName)
    }
    for entry in catalogue.dynamics {
      #expect(try catalogue.dynamics(named: entry.name).formula == entry.formula)
    }
    for entry in catalogue.estimators {
      #expect(try catalogue.estimator(named: entry.name).exactness == entry.exactness)
    }
    func sentence(_ body: () throws(UnknownName) -> Void) -> String {
      do {
        try body()
        return ""
      } catch { return error.description }
    }
    #expect(
      sentence { () throws(UnknownName) in _ = try catalogue.method(named: "rgh") }
        == "There is no method \"rgh\"; choose among "
        + catalogue.methods.map(\.name).joined(separator: ", ") + ".")
    #expect(
      sentence { () throws(UnknownName) in _ = try catalogue.dynamics(named: "") }
        .hasPrefix("There is no dynamics \"\"; choose among "))
    #expect(
      sentence { () throws(UnknownName) in _ = try catalogue.estimator(named: "x") }
        .hasPrefix("There is no hypergradient estimator \"x\"; choose among "))
  }

  @Test("A product has the name of its method, unless the method fixes more than the product")
  func productNames() {
    for product in Self.catalogue.products {
      let same = Self.catalogue.methods.filter {
        $0.dynamics.name == product.dynamics.name && $0.estimator.name == product.estimator.name
      }
      let plain = same.first {
        !$0.learnsStart && !$0.sharesOneRate && !$0.adaptsInitialization
      }
      #expect(product.name == plain?.name ?? product.dynamics.name + "+" + product.estimator.name)
      #expect(!product.learnsStart && !product.sharesOneRate && !product.adaptsInitialization)
    }
  }

  @Test("A constraint on y holds along the whole run, learned starts included")
  func constraint() throws {
    for kind in MethodSettings.LowerSetChoice.allCases where kind != .none {
      var settings = MethodSettings(steps: 4, stepSize: 0.2)
      settings.project(onto: kind, size: 0.4)
      for method in Self.catalogue.runnable where method.refusal(under: settings) == nil {
        var loop = try BuiltMethod(
          method, settings, on: Self.subject.problem, from: Self.subject.point()
        ).loop(GradientStep(learningRate: .constant(0.1)), iterations: 5)
        while let event = loop.next() {
          let y = event.estimate.lower.flattened()
          let holds =
            switch kind {
            case .none: true
            case .box: y.allSatisfy { abs($0) <= 0.4 }
            case .simplex: y.allSatisfy { $0 >= 0 } && abs(y.reduce(0, +) - 0.4) < 1e-13
            case .ball: event.estimate.lower.norm <= 0.4 + 1e-14
            }
          #expect(holds, "\(method.name) in iteration \(event.iteration) left the \(kind): \(y)")
        }
      }
    }
  }

  @Test("Other starts of y are for methods whose start is not a part of x")
  func otherStarts() throws {
    for method in Self.catalogue.methods {
      let allowed = method.allowsOtherStart(under: Self.settings)
      let (_, start) =
        try method.estimator.movesLowerVariable || method.learnsStart
        ? method.prepare(Self.subject.problem, from: Self.subject.point(), Self.settings)
        : (Self.subject.problem, Self.subject.point())
      #expect(allowed == (start == Self.subject.point()), "\(method.name)")
      var warm = Self.settings
      warm.inner.startsWarm = true
      #expect((method.refusal(under: warm) == nil) == allowed, "\(method.name)")
    }
  }
}

@Suite("Settings and methods: which reads which")
struct SettingRelevanceTests {
  /// Values that a key may be changed to.
  static func candidates(_ leaf: Any) -> [Any] {
    if let flag = leaf as? Bool { return [!flag] }
    switch "\(type(of: leaf))" {
    case let type where type.contains("Int"): return [1, 3]
    case let type where type.contains("Double"): return [0.31, 0.77, 0.1, 30]
    default:
      guard let choice = leaf as? any NamedChoice else { return [] }
      return names(choice).filter { $0 != choice.rawValue }
    }
  }

  static func names<Choice: NamedChoice>(_ choice: Choice) -> [String] {
    Choice.allCases.map(\.rawValue)
  }

  /// Two outer iterations: the second shows memories and warm starts. nil where refused.
  static func points(_ method: Method, _ settings: MethodSettings) -> [Parameters<Double>]? {
    guard
      let built = try? BuiltMethod(
        method, settings, on: counterExample(start: (0.3, -0.2)),
        from: Parameters(Tensor([0.6])))
    else { return nil }
    let warm = settings.inner.startsWarm && method.allowsOtherStart(under: settings)
    return built.loop(
      GradientStep(learningRate: .constant(0.1)), iterations: 2, start: warm ? .warm : .own
    ).flatMap { [$0.upper, $0.next, $0.estimate.lower] }
  }

  static let plain = MethodSettings(steps: 4, stepSize: 0.2)
  static let projected: MethodSettings = {
    var settings = plain
    settings.project(onto: .ball, size: 0.2)
    // So that the penalty rises, and its first weight counts.
    settings.penalty.iterations = 3
    return settings
  }()

  @Test("A setting changes no method that does not read it")
  func irrelevance() throws {
    let leaves = SettingsTree.leaves(of: Self.plain)
    let changes = try MethodSettings.keys.map(\.name).compactMap { key in
      try Self.candidates(try #require(leaves[key])).first.map { value in
        (key, try SettingsTree.changing(Self.plain, key, to: value))
      }
    }
    for method in MethodCatalogue.standard.runnable {
      let expected = Self.points(method, Self.plain)
      #expect(expected != nil, "\(method.name)")
      for (key, settings) in changes where !method.reads(key) {
        #expect(Self.points(method, settings) == expected, "\(method.name) changed with \(key)")
      }
    }
  }

  @Test("Every setting changes some method that reads it, or its cost")
  func relevance() throws {
    let leaves = SettingsTree.leaves(of: Self.plain)
    func changes(_ key: String) throws -> Bool {
      for base in [Self.plain, Self.projected] {
        for candidate in Self.candidates(try #require(leaves[key])) {
          let settings = try SettingsTree.changing(base, key, to: candidate)
          for method in MethodCatalogue.standard.runnable where method.reads(key) {
            guard let expected = Self.points(method, base),
              let found = Self.points(method, settings)
            else { continue }
            if found != expected { return true }
          }
        }
      }
      return false
    }
    let without = try MethodSettings.keys.map(\.name).filter { try !changes($0) }
    // The learning rate of value-function methods is for whoever makes the optimiser.
    #expect(Set(without) == MethodSettings.costKeys.union(["penalty.learningRate"]))
  }
}
