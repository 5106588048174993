import Foundation
import FuzzReaders
import TestSupport
import Testing

/// The committed inputs of fuzzing, as they are and changed, always in the same way: every reader ends
/// with a value or a sentence, soon. `make fuzz` goes on from here, guided by coverage.
///
/// `BDA_FUZZ_SECONDS` makes each reader go on for that long with other changes, `BDA_FUZZ_ONLY` names
/// one reader, `BDA_FUZZ_START` says where to begin.
@Suite("Corpora of fuzzing", .serialized)
struct CorpusTests {
  private static let readers = FuzzReader.all.map(\.name)
  /// Changed inputs of a reader in every test run. Readers of images and archives have thousands more
  /// in their own suite.
  private static let changes = 250

  private func inputs(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Corpora/\(name)").path
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
      ($0, [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))))
    }
  }

  /// Reads bytes; records what must not be, and returns the outcome.
  private func read(
    _ reader: FuzzReader, _ bytes: [UInt8], _ scratch: String, _ what: String
  ) -> FuzzReader.Outcome {
    let begin = ContinuousClock.now
    let outcome = reader.outcome(of: bytes, scratch: scratch)
    let duration = ContinuousClock.now - begin
    #expect(duration < .seconds(5), "\(what) took \(duration)")
    if case .wrong(let problem) = outcome { Issue.record("\(what): \(problem)") }
    return outcome
  }

  @Test("Every reader reads or refuses its inputs, and reads at least one", arguments: readers)
  func inputsAreReadOrRefused(name: String) throws {
    let reader = try #require(FuzzReader.named(name))
    let folder = try TemporaryFolder()
    var isRead = false
    for (file, bytes) in try inputs(name) {
      let outcome = read(reader, reader.repair(bytes), folder.path("input"), "\(name)/\(file)")
      if outcome == .read { isRead = true }
      // These leave the folder, unpack to far more than they are, or lead in circles.
      if ["outside", "link", "bomb", "absurd", "laughs", "deep", "heap", "index"].contains(
        where: file.hasPrefix)
      {
        #expect(outcome != .read, "\(name)/\(file) was read")
      }
    }
    #expect(isRead)
  }

  @Test("Changed inputs end in values or sentences", arguments: readers)
  func changedInputs(name: String) throws {
    let environment = ProcessInfo.processInfo.environment
    if let only = environment["BDA_FUZZ_ONLY"], only != name { return }
    let seconds = environment["BDA_FUZZ_SECONDS"].flatMap { Double($0) }
    let first = environment["BDA_FUZZ_START"].flatMap { Int($0) } ?? 0
    let reader = try #require(FuzzReader.named(name))
    let folder = try TemporaryFolder()
    let seeds = try inputs(name).map(\.bytes).filter { $0.count < 20_000 }
    let start = ContinuousClock.now
    var index = first
    var refused = 0
    while seconds.map({ ContinuousClock.now - start < .seconds($0) })
      ?? (index < first + Self.changes)
    {
      var mutator = Mutator(seed: 1, purpose: name, index)
      let seed = mutator.pick(seeds)
      let changed =
        mutator.pick([true, false]) ? mutator.mutated(seed) : mutator.mutatedText(seed)
      let bytes = mutator.pick([true, true, false]) ? reader.repair(changed) : changed
      if seconds != nil {
        let kept = FileManager.default.temporaryDirectory.appendingPathComponent("bda-fuzz-\(name)")
        try Data(bytes).write(to: kept)
      }
      let outcome = read(reader, bytes, folder.path("input"), "\(name), change \(index)")
      if case .refused = outcome { refused += 1 }
      index += 1
    }
    #expect(refused > 0)
    if seconds != nil { print("\(name): changes \(first) to \(index), \(refused) refused") }
  }
}
