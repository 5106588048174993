import Reporting
import Results

/// Reading all that a report may say something from.
enum EvidenceOptions {
  /// The evidence below a folder of runs and a folder of references. Either may be absent or empty;
  /// what is damaged is an error.
  static func evidence(
    _ records: RecordOptions, _ references: ReferenceOptions
  ) throws(ResultsError) -> Evidence {
    var runs: [RunRecord] = []
    do { runs = try records.load().map(\.record) } catch  where error.kind == .missing {
      Output.diagnose("Stored references alone: \(error.message)")
    }
    var stored: [RunRecord] = []
    do {
      stored = try RecordStore.load(references.curves).map(\.record)
    } catch  where error.kind == .missing {}
    var kept: [Reference] = []
    for budget in Evidence.budgets {
      do {
        kept += try ReferenceFile.load(referenceFolder: references.reference, budget: budget)
      } catch  where error.kind == .missing {}
    }
    var claims: [Claim] = []
    do { claims = try ClaimFile.load(referenceFolder: references.reference) } catch
      where error.kind == .missing
    {}
    return Evidence(
      runs: runs, stored: stored.filter { matches($0.experiment, records) },
      references: kept.filter { matches($0.experiment, records) },
      published: try references.publishedValues(),
      claims: claims.filter { matches($0.experiment, records) })
  }

  private static func matches(_ experiment: String, _ records: RecordOptions) -> Bool {
    records.experiment == nil || records.experiment == experiment
  }
}
