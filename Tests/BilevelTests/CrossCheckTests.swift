import Bilevel
import Foundation
import Testing

@Suite("Against another program: stored values of experiments/cross-check")
struct CrossCheckTests {
  /// The largest deviation of a case, relative to 1 + magnitude.
  func deviation<Scalar: TensorScalar>(
    _ subject: CrossCheckFixture.Case, of problemName: String, as type: Scalar.Type,
    _ fixture: CrossCheckFixture
  ) throws -> Double {
    let (problem, x) = try fixture.problem(problemName, as: type)
    let estimate = try BuiltMethod(subject.method, subject.settings, on: problem, from: x)
      .estimate()
    let row =
      estimate.hypergradient.flattened() + [estimate.upperValue] + estimate.lower.flattened()
    guard row.count == subject.row.count else { return .infinity }
    return zip(row.map { Double($0) }, subject.row).reduce(0) { worst, pair in
      let deviation = abs(pair.0 - pair.1) / (1 + max(abs(pair.0), abs(pair.1)))
      return deviation.isNaN ? .infinity : max(worst, deviation)
    }
  }

  @Test("Every method, in Double and in Float", arguments: CrossCheckFixture.problems)
  func golden(problem: String) throws {
    let fixture = try CrossCheckFixture()
    let cases = try fixture.cases(of: problem)
    // What was stored, or more: a lost case is a lost check.
    #expect(cases.count >= 22)
    for subject in cases {
      // Two programs, one formula: rounding of some thousand operations. The one-stage quotient
      // divides the rounding of a gradient by 2 r / |delta|.
      let isQuotient = subject.method.estimator is NamedOneStage
      let double = try deviation(subject, of: problem, as: Double.self, fixture)
      #expect(double < (isQuotient ? 1e-11 : 1e-12), "\(subject.name): \(double)")
      let float = try deviation(subject, of: problem, as: Float.self, fixture)
      #expect(float < (isQuotient ? 1e-4 : 2e-5), "\(subject.name) in Float: \(float)")
    }
  }

  @Test("The check can fail: another parameter is another value")
  func broken() throws {
    let fixture = try CrossCheckFixture()
    for problem in CrossCheckFixture.problems {
      for subject in try fixture.cases(of: problem) {
        var settings = subject.settings
        settings.inner.stepSize *= 1.001
        settings.aggregation.upperStepSize? *= 1.001
        let moved = CrossCheckFixture.Case(
          name: subject.name, method: subject.method, settings: settings, row: subject.row)
        let found = try deviation(moved, of: problem, as: Double.self, fixture)
        #expect(found > 1e-7, "\(subject.name): \(found)")
      }
    }
  }
}
