/// One file below `results/reference/claims/`.
public struct ClaimFile: Codable, Sendable {
  /// The version of the format.
  public var schemaVersion = FileFormat.claims.version
  /// The claims.
  public var claims: [Claim]

  /// A file with these claims.
  public init(claims: [Claim]) { self.claims = claims }

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
      for claim in try FileFormat.claims.read(path, as: ClaimFile.self).claims {
        if let problem = claim.inconsistency {
          throw ResultsError(
            .malformed,
            "The claim '\(claim.id)' in '\(path)' contradicts itself: \(problem); "
              + "correct its kind or its expectation.")
        }
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
