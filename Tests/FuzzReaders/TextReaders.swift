import Bilevel
import Commands
import Datasets
import Files
import Foundation
import Results

@testable import Experiments

extension FuzzReader {
  /// Readers of configurations, records and what is compared with them.
  static let textReaders: [FuzzReader] = [
    FuzzReader("yaml") { bytes, scratch in
      try write(bytes, scratch)
      let configuration = try Configuration.resolve(
        defaults: FuzzSettings(), file: URL(fileURLWithPath: scratch))
      // What was read prints as YAML that reads back as the same.
      try write(Array(configuration.yaml.utf8), scratch)
      let again = try Configuration.resolve(
        defaults: FuzzSettings(), file: URL(fileURLWithPath: scratch))
      try require(again.digest == configuration.digest, "it does not read back as it was")
    },
    FuzzReader("record") { bytes, scratch in
      try write(bytes, scratch)
      let record = try RunRecord(readingFrom: scratch)
      _ = record.relativePath
      try record.write(to: scratch)
      let again = try RunRecord(readingFrom: scratch)
      try require(again.relativePath == record.relativePath, "it has another place when written")
    },
    FuzzReader("references") { bytes, scratch in
      try write(bytes, scratch)
      _ = try ReferenceFile(readingFrom: scratch)
    },
    FuzzReader("claims") { bytes, scratch in
      let folder = scratch + ".folder"
      try FileManager.default.createDirectory(
        atPath: folder + "/claims", withIntermediateDirectories: true)
      try write(bytes, folder + "/claims/claims.json")
      _ = try ClaimFile.load(referenceFolder: folder)
    },
    FuzzReader("tolerances") { bytes, scratch in
      let folder = scratch + ".folder"
      try FileManager.default.createDirectory(
        atPath: folder + "/smoke", withIntermediateDirectories: true)
      try write(bytes, folder + "/smoke/tolerances.json")
      _ = try ToleranceFile.load(referenceFolder: folder, budget: "smoke")
    },
    FuzzReader("checkpoint", repair: FuzzRepair.checkpoint) { bytes, scratch in
      try write(bytes, scratch)
      let file = CheckpointFile(path: scratch)
      let checkpoint = try file.read(of: FuzzRepair.run(of: bytes), as: Float.self)
      try file.write(checkpoint, of: ["run": "again"])
      _ = try file.read(of: ["run": "again"], as: Float.self)
    },
  ]

  /// The sentence of a typed error; nil for all others.
  static func sentence(of error: any Error) -> String? {
    switch error {
    case let error as DatasetError: error.message
    case let error as ResultsError: error.message
    case let error as FileError: error.message
    case let error as any ReportableError: error.sentence
    default: nil
    }
  }
}

extension FuzzRepair {
  /// The first line of a checkpoint, with the digest of what follows it.
  @Sendable static func checkpoint(_ bytes: [UInt8]) -> [UInt8] {
    let end = bytes.prefix(200).firstIndex(of: 10).map { $0 + 1 } ?? 0
    let body = bytes[end...]
    return Array("bda-checkpoint 1 \(SHA256.hexadecimal(body))\n".utf8) + body
  }

  /// The run that a checkpoint says it is of, so that it is not refused for another's.
  static func run(of bytes: [UInt8]) -> Value {
    let lines = bytes.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count > 1, let tree = try? Value(parsing: Data(lines[1]), source: "checkpoint")
    else { return .null }
    return tree["run"] ?? .null
  }
}

/// Settings of every kind of value.
struct FuzzSettings: Codable, Sendable, Equatable {
  struct Section: Codable, Sendable, Equatable {
    var rate = 0.1
    var name = "adam"
    var limit: Int?
  }
  var steps = 100
  var flag = false
  var seed: UInt64 = 7
  var levels = [1, 2]
  var section = Section()
}
