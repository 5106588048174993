import Results
import TestSupport
import Testing

@Suite("References and tolerances")
struct ReferenceTests {
  private func compare(
    _ run: RunRecord?, _ reference: RunRecord?,
    _ tolerances: ToleranceFile = RecordFixture.tolerances
  ) -> ReferenceComparison {
    ReferenceComparison(
      run: run, reference: reference.map(Reference.init), tolerances: tolerances)
  }

  private func outcomes(_ comparison: ReferenceComparison) -> [ReferenceComparison.Outcome] {
    comparison.metrics.map(\.outcome)
  }

  @Test("The allowance is the larger part, and its edge is inside")
  func tolerance() {
    let tolerance = Tolerance(absolute: 0.5, relative: 0.125, reason: "test")
    #expect(tolerance.allowance(at: 2) == 0.5)
    #expect(tolerance.allowance(at: -8) == 1)
    #expect(tolerance.accepts(2.5, expected: 2))
    #expect(!tolerance.accepts(2.500_001, expected: 2))
    #expect(!tolerance.accepts(.nan, expected: 2))
    #expect(!tolerance.accepts(.infinity, expected: 2))
    #expect(tolerance.accepts(.nan, expected: .nan))
    #expect(tolerance.accepts(.infinity, expected: .infinity))
    #expect(!tolerance.accepts(-.infinity, expected: .infinity))
  }

  @Test("Tolerances are two-sided: too good is outside as well, and direction names it")
  func direction() {
    let reference = RecordFixture.record(accuracy: 0.8, objective: 0.5)
    #expect(
      outcomes(compare(RecordFixture.record(accuracy: 0.805), reference)) == [.within, .within])
    #expect(
      outcomes(compare(RecordFixture.record(accuracy: 0.9), reference)) == [.improved, .within])
    #expect(
      outcomes(compare(RecordFixture.record(accuracy: 0.7), reference)) == [.deviates, .within])
    #expect(
      outcomes(compare(RecordFixture.record(objective: 0.4), reference)) == [.within, .improved])
    #expect(
      outcomes(compare(RecordFixture.record(objective: 0.6), reference)) == [.within, .deviates])
    #expect(
      outcomes(compare(RecordFixture.record(accuracy: .nan), reference)) == [.deviates, .within])
  }

  @Test("A spread that becomes 0 and an error that vanishes are outside, not within")
  func collapse() {
    let tolerances = ToleranceFile(
      chosen: "test",
      tolerances: [
        .init(
          experiment: "hyper-cleaning", metric: "testAccuracy", absolute: 1, relative: 0,
          reason: "not looked at"),
        .init(
          experiment: "hyper-cleaning", metric: "upperObjective", absolute: 0.001, relative: 0.05,
          reason: "a spread over heads"),
      ])
    let reference = RecordFixture.record(objective: 0.01)
    let collapsed = compare(RecordFixture.record(objective: 0), reference, tolerances)
    #expect(outcomes(collapsed) == [.within, .improved])
    #expect(collapsed.metrics[1].distance == 0.01)
  }

  @Test("A metric without direction can deviate and cannot improve")
  func neither() {
    var reference = RecordFixture.record()
    reference.metrics[0].betterWhen = .neither
    #expect(
      outcomes(compare(RecordFixture.record(accuracy: 0.9), reference)) == [.deviates, .within])
  }

  @Test("What is absent on either side is missing, with the reason")
  func missing() {
    let record = RecordFixture.record()
    #expect(compare(nil, record).outcome == .missing)
    #expect(compare(record, nil).outcome == .missing)
    var poorer = record
    poorer.final["upperObjective"] = nil
    #expect(outcomes(compare(poorer, record)) == [.within, .missing])
    #expect(compare(poorer, record).metrics[1].reason == "the run lacks this metric")
    #expect(outcomes(compare(record, poorer)) == [.within, .missing])
    let silent = ToleranceFile(chosen: "nothing", tolerances: [])
    #expect(outcomes(compare(record, record, silent)) == [.missing, .missing])
  }

  @Test("A tolerance that is no number, or given twice, is refused with its place")
  func wrongTolerances() throws {
    let folder = try TemporaryFolder()
    func failure(_ entries: String) throws -> ResultsError? {
      let text = #"{"schemaVersion": 1, "chosen": "test", "tolerances": [\#(entries)]}"#
      _ = try folder.write(Array(text.utf8), to: "smoke/tolerances.json")
      do throws(ResultsError) {
        _ = try ToleranceFile.load(referenceFolder: folder.path, budget: "smoke")
        return nil
      } catch { return error }
    }
    func entry(_ absolute: String, _ more: String = "") -> String {
      #"{"experiment": "e", "metric": "x", "absolute": \#(absolute), "relative": 0, "#
        + #""reason": "r"\#(more)}"#
    }
    for number in [#""nan""#, "-1", #""-inf""#] {
      let error = try failure(entry(number))
      #expect(error?.kind == .malformed, "\(number)")
      #expect(error?.message.contains("'tolerances.0.absolute'") == true, "\(number)")
    }
    #expect(try failure(entry("1") + "," + entry("0", #", "methods": ["rhg"]"#)) == nil)
    let twice = try failure(entry("1") + "," + entry("0"))
    #expect(twice?.message.contains("two entries for 'x' of e for every method") == true)
    let method = #", "methods": ["rhg"]"#
    #expect(try failure(entry("1", method) + "," + entry("0", method))?.kind == .malformed)
  }

  @Test("An ignored metric says why, and an entry for a method goes first")
  func entries() {
    let file = ToleranceFile(
      chosen: "test",
      tolerances: [
        .init(
          experiment: "hyper-cleaning", metric: "testAccuracy", absolute: 0, relative: 0,
          reason: "exact"),
        .init(
          experiment: "hyper-cleaning", metric: "testAccuracy", methods: ["rhg"], absolute: 1,
          relative: 0, reason: "noisy"),
        .init(
          experiment: "hyper-cleaning", metric: "upperObjective", absolute: 0, relative: 0,
          reason: "depends on the machine", ignored: true),
      ])
    let comparison = compare(RecordFixture.record(accuracy: 0.5), RecordFixture.record(), file)
    #expect(outcomes(comparison) == [.within, .ignored])
    #expect(comparison.metrics[1].reason == "depends on the machine")
    let other = compare(
      RecordFixture.record(method: "bda", accuracy: 0.5), RecordFixture.record(method: "bda"), file)
    #expect(outcomes(other) == [.deviates, .ignored])
  }

  @Test("How runs ended is compared before their numbers")
  func statuses() {
    let fine = RecordFixture.record()
    let diverged = RecordFixture.record(status: .init(.diverged, reason: "F grew"))
    let stopped = RecordFixture.record(status: .init(.interrupted))
    #expect(compare(diverged, fine).outcome == .deviates)
    #expect(compare(diverged, fine).reason?.contains("F grew") == true)
    #expect(compare(diverged, diverged).outcome == .within)
    #expect(compare(fine, diverged).outcome == .improved)
    #expect(compare(stopped, fine).outcome == .missing)
    #expect(compare(diverged, fine).metrics.isEmpty)
  }

  @Test("Differences that may explain a deviation are noted")
  func notes() {
    let run = RecordFixture.record(backend: "oneDNN 2.6", stepSize: 0.2)
    let notes = compare(run, RecordFixture.record()).notes
    #expect(notes.contains("kernels: oneDNN 2.6 here, portable in the reference"))
    #expect(notes.contains("configuration differs at stepSize"))
    #expect(compare(run, run).notes.isEmpty)
  }
}
