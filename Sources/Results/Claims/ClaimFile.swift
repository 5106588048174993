/// One file below `results/reference/claims/`.
public struct ClaimFile: Codable, Sendable {
  /// The version of the format.
  public var schemaVersion = FileFormat.claims.version
  /// The claims.
  public var claims: [Claim]

  /// A file with these claims.
  public init(claims: [Claim]) { self.claims = claims }

  /// What a claim may leave to the `defaults` at the head of its file.
  private static let inherited = [
    "experiment", "protocol", "budget", "metric", "seeds", "minimumSeeds", "tolerance",
  ]

  /// The claims of a file, each with the file's `defaults` for what it does not say itself.
  ///
  /// - Throws: ``ResultsError`` for a damaged file, and for a claim that lacks what the defaults do not
  ///   say either.
  public init(readingFrom path: String) throws(ResultsError) {
    let tree = try FileFormat.claims.tree(of: path)
    try FileFormat.claims.validate(tree, source: path)
    let defaults = tree["defaults"]?.objectValue ?? [:]
    var claims: [Claim] = []
    for claim in tree["claims"]?.arrayValue ?? [] {
      let whole = (claim.objectValue ?? [:]).merging(defaults) { own, _ in own }
      if let key = Self.inherited.first(where: { whole[$0] == nil }) {
        throw ResultsError(
          .malformed,
          "The claim '\(claim["id"]?.stringValue ?? "")' in '\(path)' does not say its '\(key)', and "
            + "neither do the file's defaults; add it to the claim, or to 'defaults' for all claims."
        )
      }
      claims.append(try Value.object(sorted: whole).decoded(as: Claim.self, source: path))
    }
    self.init(claims: claims)
  }

  /// All claims of a folder of references, in the order of files and within them; none where the
  /// folder `claims` does not exist.
  ///
  /// - Throws: ``ResultsError`` for a damaged file, a claim that contradicts itself, or two claims
  ///   of one id.
  public static func load(referenceFolder: String) throws(ResultsError) -> [Claim] {
    var paths: [String] = []
    do {
      paths = try RecordStore.jsonFiles(in: referenceFolder + "/claims")
    } catch  where error.kind == .missing {
      return []
    }
    var claims: [Claim] = []
    var owners: [String: String] = [:]
    for path in paths {
      let file = try ClaimFile(readingFrom: path)
      try file.requireConsistency(source: path)
      for claim in file.claims {
        if let other = owners.updateValue(path, forKey: claim.id) {
          throw ResultsError(
            .malformed,
            "The claim id '\(claim.id)' is used twice, in '\(other)' and in '\(path)'; "
              + "rename one of them.")
        }
        claims.append(claim)
      }
    }
    return claims
  }
}

extension ClaimFile {
  /// Returns where no claim of the file contradicts itself and no two have one id, which a file of the
  /// schema can do and a check refuses.
  ///
  /// - Throws: ``ResultsError`` of kind `malformed` for the first claim of which that is not true.
  package func requireConsistency(source path: String) throws(ResultsError) {
    var known: Set<String> = []
    for claim in claims {
      if let problem = claim.inconsistency {
        throw ResultsError(
          .malformed,
          "The claim '\(claim.id)' in '\(path)' contradicts itself: \(problem); "
            + "correct its kind or its expectation.")
      }
      guard known.insert(claim.id).inserted else {
        throw ResultsError(
          .malformed,
          "The claim id '\(claim.id)' is used twice in '\(path)'; rename one of them.")
      }
    }
  }
}
