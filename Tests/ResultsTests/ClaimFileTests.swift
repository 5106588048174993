import Files
import Foundation
import Results
import TestSupport
import Testing

@Suite("Files of claims")
struct ClaimFileTests {
  private func load(_ claims: [Claim]) throws -> [Claim] {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    try AtomicFile.write(
      Value(encoding: ClaimFile(claims: claims)).prettyText, to: folder.path("claims/a.json"))
    return try ClaimFile.load(referenceFolder: folder.path)
  }

  @Test("Ids are unique, and no folder means no claims")
  func ids() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    #expect(try ClaimFile.load(referenceFolder: folder.path).isEmpty)
    #expect(try load([RecordFixture.ordering()]) == [RecordFixture.ordering()])
    let twice = #expect(throws: ResultsError.self) {
      try load([RecordFixture.ordering(), RecordFixture.ordering()])
    }
    #expect(twice?.message.contains("'order' is used twice") == true)
  }

  @Test("A claim that says nothing, or contradicts itself, is refused")
  func inconsistencies() throws {
    func comparing(
      _ kind: Claim.Kind, _ expected: Claim.Expectation, _ methods: [String], _ absolute: Double = 0
    ) -> Claim {
      var claim = RecordFixture.ordering(methods, absolute: absolute)
      claim.kind = kind
      claim.expected = expected
      return claim
    }
    let two = ["bda", "rhg"]
    let refused: [(claim: Claim, words: String)] = [
      (RecordFixture.claim(.value, .margin(1)), "does not go with what it expects"),
      (RecordFixture.claim(.interval, .interval(lower: 2, upper: 1)), "is empty"),
      (RecordFixture.ordering(["bda"]), "an ordering needs two subjects"),
      (RecordFixture.ordering(margin: -0.02), "would hold for the worse as well"),
      (comparing(.equivalence, .margin(0.1), ["bda"]), "an equivalence needs two subjects"),
      (comparing(.equivalence, .margin(-0.1), two), "no difference is within"),
      (comparing(.difference, .difference(0.1), two + ["cg"]), "a difference needs two subjects"),
      (comparing(.difference, .difference(0.1), two, 0.1), "also accepts no difference at all"),
      (RecordFixture.ordering(seeds: [0, 1], minimumSeeds: 3), "at least 3 seeds and names 2"),
      (RecordFixture.ordering(seeds: [0, 0], minimumSeeds: 2), "at least 2 seeds and names 1"),
    ]
    for (claim, words) in refused {
      let error = #expect(throws: ResultsError.self) { try load([claim]) }
      #expect(error?.message.contains("contradicts itself") == true)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "nothing")")
    }
    let accepted = [
      comparing(.equivalence, .margin(0.1), two),
      comparing(.difference, .difference(0.1), two, 0.09),
    ]
    for claim in accepted { #expect(try load([claim]) == [claim]) }
  }

  @Test("The stored claims are readable, and one seed suffices only where nothing is random")
  func stored() throws {
    let folder = SchemaTests.repository.appendingPathComponent("results/reference").path
    let claims = try ClaimFile.load(referenceFolder: folder)
    #expect(claims.count > 150)
    let single = claims.filter { $0.minimumSeeds < 2 }
    #expect(Set(single.map(\.experiment)) == ["counter-example"])
    let smoke = claims.filter { $0.budget == "smoke" && $0.experiment != "counter-example" }
    #expect(smoke.allSatisfy { $0.minimumSeeds >= 3 })
  }
}
