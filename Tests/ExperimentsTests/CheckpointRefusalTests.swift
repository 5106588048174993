import Bilevel
import Commands
import Files
import Foundation
import Results
import Tensors
import TestSupport
import Testing

@testable import Experiments

extension EngineTests {
  /// Puts the checkpoint of one run where another run looks for its own.
  private func refusal(
    of changed: Run<TinySettings>, after original: Run<TinySettings>
  ) throws -> String {
    let place = try Place()
    try place.interrupt(original)
    let (from, to) = (place.checkpoint(original), place.checkpoint(changed))
    if from != to {
      try FileManager.default.createDirectory(
        at: URL(fileURLWithPath: to).deletingLastPathComponent(),
        withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: from, toPath: to)
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: to))
    let error = try #require(throws: ConfigurationError.self) { try place.record(changed) }
    #expect(error.exitStatus == .dataInvalid)
    #expect(error.sentence.hasPrefix("The checkpoint \(to) was written by another run: "))
    #expect(error.sentence.hasSuffix("or add --fresh to start from the beginning."))
    #expect(try Data(contentsOf: URL(fileURLWithPath: to)) == bytes, "it was touched")
    #expect(place.record(at: changed)?.status.kind != .completed)
    #expect(try place.record(changed, startsFresh: true).status.kind == .completed)
    return error.sentence
  }

  @Test("A checkpoint of other settings is refused by the names of what differs")
  func otherSettings() throws {
    let original = try Run.tiny()
    #expect(
      try refusal(of: .tiny { $0.evaluation.interval = 2 }, after: original)
        .contains(": configuration.evaluation.interval was 1 and is 2;"))
    #expect(
      try refusal(of: .tiny { $0.trajectory.megabytes = 7 }, after: original)
        .contains("configuration.trajectory.megabytes was null and is 7;"))
    #expect(
      try refusal(of: .tiny { $0.inner.stepSize = 0.2 }, after: original)
        .contains("configuration.inner.stepSize was 0.1 and is 0.2;"))
    #expect(
      try refusal(of: .tiny("t-rhg"), after: original).contains(
        "method was \"rhg\" and is \"t-rhg\""))
  }

  @Test("So is one of another seed or scalar type")
  func otherSeed() throws {
    #expect(
      try refusal(of: .tiny(seed: .max), after: .tiny(seed: .max - 1))
        .contains(
          ": seed was \"18446744073709551614\" and is \"18446744073709551615\";"))
    #expect(
      try refusal(of: .tiny(scalar: .double), after: .tiny())
        .contains(": scalar was \"float\" and is \"double\";"))
    #expect(
      try refusal(of: .tiny(), after: .tiny(scalar: .double))
        .contains(": scalar was \"double\" and is \"float\";"))
  }

  @Test("So is one of other data, also where a data set came or went")
  func otherData() throws {
    func use(_ name: String, _ digest: String) -> RunRecord.DatasetUse {
      .init(name: name, sha256: digest, split: "train: training", synthetic: true)
    }
    let (plain, digits) = (use("plain", "aa"), use("digits-1.5", "bb"))
    #expect(
      try refusal(of: .tiny(datasets: [use("plain", "ab")]), after: .tiny(datasets: [plain]))
        .contains("data.plain, train: training was \"aa\" and is \"ab\""))
    #expect(
      try refusal(
        of: .tiny(datasets: [use("digits-1.5", "bc")]), after: .tiny(datasets: [digits])
      ).contains("data.digits-1.5, train: training was \"bb\" and is \"bc\""))
    #expect(
      try refusal(of: .tiny(datasets: [plain, digits]), after: .tiny(datasets: [plain]))
        .contains("data.digits-1.5, train: training was nothing and is \"bb\""))
    #expect(
      try refusal(of: .tiny(datasets: [plain]), after: .tiny(datasets: [plain, digits]))
        .contains("data.digits-1.5, train: training was \"bb\" and is nothing"))
  }

  /// Rewrites a checkpoint's text, with a checksum that is right.
  private func rewrite(_ path: String, _ change: (String) -> String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let first = try #require(bytes.firstIndex(of: 10))
    let body = bytes[(first + 1)...]
    let second = try #require(body.firstIndex(of: 10))
    let text = change(String(decoding: body[..<second], as: UTF8.self))
    let changed = Array(text.utf8) + bytes[second...]
    let line = "bda-checkpoint 1 \(SHA256.hexadecimal(changed))\n"
    try Data(Array(line.utf8) + changed).write(to: URL(fileURLWithPath: path))
  }

  @Test("So is one of another version of the program or of the format")
  func otherVersion() throws {
    let place = try Place()
    let run = try Run.tiny()
    try place.interrupt(run)
    try rewrite(place.checkpoint(run)) {
      $0.replacing("\"version\":\"\(suiteVersion)\"", with: "\"version\":\"0.0.1\"")
    }
    let error = try #require(throws: ConfigurationError.self) { try place.record(run) }
    #expect(error.sentence.contains(": version was \"0.0.1\" and is \"\(suiteVersion)\";"))

    let path = URL(fileURLWithPath: place.checkpoint(run))
    let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
    try Data(text.replacing("bda-checkpoint 1 ", with: "bda-checkpoint 2 ").utf8).write(to: path)
    let other = try #require(throws: ConfigurationError.self) { try place.record(run) }
    #expect(other.sentence.contains("has the format 2 of another version of the program, not 1"))
    try Data("something else\n".utf8).write(to: path)
    let foreign = try #require(throws: ConfigurationError.self) { try place.record(run) }
    #expect(foreign.sentence.contains("is not a checkpoint; move it away, or add --fresh"))
  }

  @Test("So is one of other kernels, which round otherwise")
  func otherKernels() throws {
    let place = try Place()
    let run = try Run.tiny()
    let own = KernelBackend.selectedDescription
    try place.interrupt(run)
    try rewrite(place.checkpoint(run)) { text in
      #expect(text.contains("\"backend\":\"\(own)\""), "The kernels are not in \(text)")
      return text.replacing("\"backend\":\"\(own)\"", with: "\"backend\":\"others 1.0\"")
    }
    let error = try #require(throws: ConfigurationError.self) { try place.record(run) }
    #expect(error.exitStatus == .dataInvalid)
    #expect(
      error.sentence.contains(
        ": backend was \"others 1.0\" and is \"\(own)\"; repeat the command as it was, or add "
          + "--fresh"))
    #expect(try place.record(run, startsFresh: true).status.kind == .completed)
  }

  @Test("A checkpoint that contradicts itself is refused, though its checksum is right")
  func contradictions() throws {
    let changes: [(String, String)] = [
      ("\"stage\":0", "\"stage\":-1"), ("\"stage\":0", "\"stage\":5"),
      ("\"steps\":[0,1,2]", "\"steps\":[0,1]"),
      ("\"latest\":{", "\"latest\":{\"unknown\":1,"),
      ("\"shapes\":[[2]]", "\"shapes\":[[3]]"), ("\"shapes\":[[2]]", "\"shapes\":[[-2]]"),
      ("\"shapes\":[[2]]", "\"shapes\":[[9223372036854775807,9]]"),
      ("\"shapes\":[[2]]", "\"shapes\":[[1,2]]"), ("\"shapes\":[[2]]", "\"shapes\":[[1],[1]]"),
      ("\"name\":\"upper\"", "\"name\":\"lower\""), ("\"iteration\":3", "\"iteration\":-3"),
      ("\"name\":\"moment/0\"", "\"name\":\"other/0\""), ("\"hasMemory\":true", "\"hasMemory\":1"),
    ]
    for (old, new) in changes {
      let place = try Place()
      let run = try Run.tiny()
      try place.interrupt(run)
      try rewrite(place.checkpoint(run)) { text in
        #expect(text.contains(old), "\(old) is not in \(text)")
        return text.replacing(old, with: new)
      }
      #expect(throws: ConfigurationError.self, "\(old) as \(new)") { try place.record(run) }
    }
  }

  @Test("One flipped bit anywhere in a checkpoint is noticed")
  func flippedBits() throws {
    let place = try Place()
    let run = try Run.tiny { $0.inner.startsWarm = true }
    try place.interrupt(run)
    let file = CheckpointFile(path: place.checkpoint(run))
    let url = URL(fileURLWithPath: file.path)
    let bytes = [UInt8](try Data(contentsOf: url))
    _ = try file.read(of: run.tree, as: Float.self)
    // Every bit of the first line, and one of every third byte after it.
    let first = try #require(bytes.firstIndex(of: 10))
    let positions =
      Array(0...first) + Array(stride(from: first + 1, to: bytes.count, by: 3))
      + [bytes.count - 1]
    for position in positions {
      for bit in position <= first ? Array(0..<8) : [position / 3 % 8] {
        var damaged = bytes
        damaged[position] ^= 1 << UInt8(bit)
        try Data(damaged).write(to: url)
        let error = #expect(throws: ConfigurationError.self, "bit \(bit) of \(position)") {
          try file.read(of: run.tree, as: Float.self)
        }
        #expect(error?.sentence.contains("--fresh") == true)
      }
    }
  }

  @Test("So is a checkpoint that was cut short or has something behind its end")
  func truncated() throws {
    let place = try Place()
    let run = try Run.tiny { $0.inner.startsWarm = true }
    try place.interrupt(run)
    let file = CheckpointFile(path: place.checkpoint(run))
    let url = URL(fileURLWithPath: file.path)
    let bytes = try Data(contentsOf: url)
    for count in Array(0..<100) + Array(stride(from: 100, to: bytes.count, by: 11)) {
      try bytes.prefix(count).write(to: url)
      #expect(throws: ConfigurationError.self, "\(count) bytes") {
        try file.read(of: run.tree, as: Float.self)
      }
    }
    try (bytes + Data([0])).write(to: url)
    #expect(throws: ConfigurationError.self) { try file.read(of: run.tree, as: Float.self) }
    // The engine says so in its words, and leaves the file alone.
    try bytes.prefix(150).write(to: url)
    let error = try #require(throws: ConfigurationError.self) { try place.record(run) }
    #expect(
      error.sentence
        == "The checkpoint \(file.path) is damaged: its checksum or its content is wrong; restore "
        + "it, or add --fresh to start from the beginning.")
    #expect(try Data(contentsOf: url) == bytes.prefix(150))
    #expect(try place.record(run, startsFresh: true).status.kind == .completed)
  }
}

@Suite("Checkpoint file")
struct CheckpointFileTests {
  private func roundTrip<Scalar: TensorScalar>(_ values: [Scalar]) throws {
    let folder = try TemporaryFolder()
    let file = CheckpointFile(path: folder.path("a/b.checkpoint"))
    let point = Parameters(Tensor(shape: [values.count], scalars: values))
    let other = Parameters([
      Tensor(shape: [1, values.count], scalars: values.reversed()), Tensor(shape: [0], scalars: []),
      Tensor(shape: [], scalars: [values[0]]),
    ])
    var body = BodyState<Scalar>()
    body.points = ["best": other, "a/b": point]
    body.values = ["text": "Größe \"x\"\n", "big": .init(UInt64.max), "none": .null, "tenth": 0.1]
    var recorder = MetricRecorder([
      .init(name: "m", unit: "1", betterWhen: .higher, headline: true),
      .init(name: "unused", unit: "s", betterWhen: .neither),
    ])
    let numbers = [
      0.1 + 0.2, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity,
      9_007_199_254_740_992, 1e22, .nan,
    ]
    for (index, number) in numbers.enumerated() {
      recorder.record(Measurement("m", at: index, number))
    }
    var progress = RunProgress(recorder: recorder)
    progress.steps = [0, .max]
    progress.seconds = [0.1, 0.1 + 0.2]
    progress.earlierSeconds = 1 / 3
    progress.notes = ["note": ["a": 1, "b": [0.1, "x"]]]
    progress.status = .init(.nonFinite, reason: "why")
    let endings: [OuterLoop<Scalar>.Outcome?] = [
      nil, .completed, .nonFinite(iteration: 7, what: "y"),
    ]
    for ending in endings {
      for memory in [nil, [:], ["adjoint": other, "z": point]] as [EstimatorMemory<Scalar>?] {
        let checkpoint = Checkpoint<Scalar>(
          stage: 2, closingSteps: 3, ending: ending,
          loop: .init(
            iteration: 11, upper: point, optimizer: .init(iteration: 12, moments: [other, point]),
            memory: memory),
          body: body, progress: progress)
        try file.write(checkpoint, of: ["run": "x"])
        let read = try file.read(of: ["run": "x"], as: Scalar.self)
        #expect(read.stage == 2 && read.closingSteps == 3 && read.ending == ending)
        #expect(bits(read.loop.upper) == bits(point))
        #expect(read.loop.iteration == 11 && read.loop.optimizer.iteration == 12)
        #expect(read.loop.optimizer.moments.map(bits) == [other, point].map(bits))
        #expect(read.loop.optimizer.moments.map(\.shapes) == [other, point].map(\.shapes))
        #expect((read.loop.memory == nil) == (memory == nil))
        #expect(read.loop.memory?.mapValues(bits) == memory?.mapValues(bits))
        #expect(read.body.points.mapValues(bits) == body.points.mapValues(bits))
        #expect(read.body.points["best"]?.shapes == other.shapes)
        #expect(read.body.values == body.values)
        let found = read.progress
        #expect(
          found.recorder.metrics[0].values.map(\.bitPattern) == numbers.map(\.bitPattern)
            || found.recorder.metrics[0].values.dropLast().map(\.bitPattern)
              == numbers.dropLast().map(\.bitPattern) && found.recorder.metrics[0].values[8].isNaN
        )
        #expect(found.recorder.metrics == recorder.metrics)
        #expect(found.recorder.latest["m"]?.isNaN == true && found.recorder.latest.count == 1)
        #expect(found.steps == progress.steps && found.seconds == progress.seconds)
        #expect(found.earlierSeconds == 1 / 3 && found.notes == progress.notes)
        #expect(found.status == progress.status)
      }
    }
    file.remove()
    #expect(try !file.exists())
  }

  private func bits<Scalar: TensorScalar>(_ point: Parameters<Scalar>) -> [[UInt8]] {
    point.tensors.map { $0.scalars.withUnsafeBytes(Array.init) }
  }

  @Test("Float and Double come back bit for bit, with all that is beside them")
  func exact() throws {
    try roundTrip([Float(0.1), -0.0, .leastNonzeroMagnitude, .infinity, .nan, .pi])
    try roundTrip([0.1, -0.0, .leastNonzeroMagnitude, -.infinity, .nan, .pi] as [Double])
  }

  @Test("A file that cannot be read is an absent one, with advice")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let file = CheckpointFile(path: folder.path)
    #expect(try file.exists())
    let error = try #require(throws: ConfigurationError.self) {
      try file.read(of: .null, as: Float.self)
    }
    #expect(error.exitStatus == .dataMissing)
    #expect(error.sentence.contains("cannot be read; make it readable, or add --fresh"))
  }
}
