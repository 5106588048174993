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

  @Test("A seed that a claim names twice, which would count as two runs, is refused")
  func repeatedSeeds() throws {
    for seeds in [[0, 0], [0, 1, 0]] {
      let claim = RecordFixture.ordering(seeds: seeds, minimumSeeds: 1)
      let error = #expect(throws: ResultsError.self) { try load([claim]) }
      #expect(error?.kind == .malformed)
      #expect(
        error?.message.contains("at 'claims.0.seeds', where the value has the element 0 twice")
          == true, "\(error?.message ?? "nothing")")
    }
    _ = try load([RecordFixture.ordering(seeds: [0, 1], minimumSeeds: 2)])
  }

  @Test("A stored claim about the number at one K does not say that it holds whatever K is")
  func storedAtOneK() throws {
    let folder = SchemaTests.repository.appendingPathComponent("results/reference").path
    let claims = try ClaimFile.load(referenceFolder: folder)
    let atOne = claims.filter { $0.metric.contains("AtK") }
    #expect(!atOne.isEmpty)
    for claim in atOne {
      let words = claim.statement + " " + claim.tolerance.reason
      for whole in ["whatever K", "every K", "all K"] {
        #expect(!words.contains(whole), "\(claim.id)")
      }
    }
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

  // MARK: - Defaults

  /// Loads one file of claims with a head.
  private func load(head: String, _ claims: [String], version: Int = 3) throws -> [Claim] {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let text =
      "{\"schemaVersion\": \(version), \(head) \"claims\": [\(claims.joined(separator: ","))]}"
    try AtomicFile.write(text, to: folder.path("claims/some.json"))
    return try ClaimFile.load(referenceFolder: folder.path)
  }

  private func claim(_ id: String, _ members: String = "") -> String {
    """
    {"id": "\(id)", "source": "ours", "statement": "It is so.", "kind": "value", "methods": ["rhg"],
     "expected": {"value": 1}\(members)}
    """
  }

  private let head = """
    "defaults": {"experiment": "few-shot", "protocol": "icml2020", "budget": "smoke", "metric": "x",
      "seeds": [0, 1, 2], "minimumSeeds": 3, "tolerance": {"absolute": 0.5, "reason": "Rounding."}},
    """

  @Test("A claim inherits what it does not say, and says otherwise where it differs")
  func defaults() throws {
    let claims = try load(
      head: head,
      [
        claim("first"),
        claim(
          "second",
          #", "budget": "paper", "seeds": [7, 8], "minimumSeeds": 2, "tolerance":"#
            + #" {"absolute": 0, "relative": 0.1, "reason": "Another."}"#),
      ])
    try #require(claims.count == 2)
    let (first, second) = (claims[0], claims[1])
    #expect(first.experiment == "few-shot" && first.protocolName == "icml2020")
    #expect(first.budget == "smoke" && first.metric == "x")
    #expect(first.seeds == [0, 1, 2] && first.minimumSeeds == 3)
    #expect(first.tolerance == Tolerance(absolute: 0.5, relative: 0, reason: "Rounding."))
    #expect(second.experiment == "few-shot" && second.budget == "paper")
    #expect(second.seeds == [7, 8] && second.minimumSeeds == 2)
    #expect(second.tolerance == Tolerance(absolute: 0, relative: 0.1, reason: "Another."))
  }

  @Test("What neither a claim nor the head of its file says is asked for by name")
  func lacking() throws {
    let error = #expect(throws: ResultsError.self) {
      try load(head: head.replacing(#""budget": "smoke", "#, with: ""), [claim("lonely")])
    }
    let message = error?.message ?? ""
    for part in ["'lonely'", "claims/some.json'", "'budget'", "add it to the claim"] {
      #expect(message.contains(part), "\(message)")
    }
    let unknown = #expect(throws: ResultsError.self) {
      try load(head: #""defaults": {"budgett": "smoke"},"#, [])
    }
    #expect(unknown?.message.contains("unknown key 'budgett'") == true)
  }

  @Test("Files of the version before, without a head, are read; those of later ones are not")
  func versions() throws {
    let whole = try Value(encoding: RecordFixture.ordering()).canonicalText
    #expect(try load(head: "", [whole], version: 2) == [RecordFixture.ordering()])
    #expect(try load(head: "", [whole], version: 3) == [RecordFixture.ordering()])
    for version in [1, 4] {
      let error = #expect(throws: ResultsError.self) {
        try load(head: "", [whole], version: version)
      }
      #expect(error?.kind == .schemaVersion)
    }
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
