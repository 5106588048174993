import Bilevel
import Commands
import Files
import Foundation
import Results
import Tensors

/// A checkpoint on disk: one line of identification with a checksum, a line of text, the scalars.
///
///     bda-checkpoint 1 <SHA-256 of all that follows>\n
///     {"run":{...},"checkpoint":{...}}\n
///     the scalars of all points, little-endian, in the order that the text lists them
///
/// Not HDF5: it is read by this program alone, must be proof against single flipped bits, and must
/// never take a process down on a full disk. What a run has learned is written as HDF5 on request.
struct CheckpointFile {
  /// Where it lies.
  let path: String

  /// Whether there is one.
  ///
  /// - Throws: ``ConfigurationError`` where the system does not tell: a run that began anew would write
  ///   over what another has computed.
  func exists() throws(ConfigurationError) -> Bool {
    let state = PathState(path)
    if let refusal = state.refusal(of: path) { throw ConfigurationError(.missing, refusal) }
    return state != .nothing
  }

  /// Throws where something that is no file has the checkpoint's name: a folder could not be replaced,
  /// and a pipe would keep whoever opens it waiting.
  func requireFile() throws {
    var status = stat()
    guard lstat(path, &status) == 0, ![S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) else {
      return
    }
    throw ConfigurationError(
      .invalidFile,
      "A folder, a pipe or a device has the name of the checkpoint, \(path); move it away, or name "
        + "another folder with --output.")
  }

  /// Writes a checkpoint of a run atomically.
  func write<Scalar: TensorScalar>(_ checkpoint: Checkpoint<Scalar>, of run: Value) throws {
    let points = checkpoint.points
    let text: Value = ["run": run, "checkpoint": try checkpoint.tree(of: points)]
    var body = Array((text.canonicalText + "\n").utf8)
    body.reserveCapacity(body.count + points.reduce(0) { $0 + $1.point.bytes })
    for (_, point) in points {
      for tensor in point.tensors {
        tensor.scalars.withUnsafeBytes { body.append(contentsOf: $0) }
      }
    }
    let digest = SHA256.hexadecimal(body)
    let line = "\(CheckpointPlace.firstWord) \(Checkpoint<Scalar>.formatVersion) \(digest)\n"
    try AtomicFile.write(Array(line.utf8) + body, to: path)
  }

  /// The checkpoint, for a run that must be the one it was written for.
  ///
  /// - Throws: ``ConfigurationError`` with one sentence for a damaged file, one of another version of
  ///   the program, or one of another run, naming what differs.
  func read<Scalar: TensorScalar>(
    of run: Value, as type: Scalar.Type
  ) throws -> Checkpoint<Scalar> {
    let bytes: [UInt8]
    do { bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
      throw failure("cannot be read", kind: .missing, "make it readable")
    }
    guard let firstEnd = bytes.prefix(200).firstIndex(of: 10) else { throw damaged() }
    let first = String(decoding: bytes[..<firstEnd], as: UTF8.self).split(separator: " ")
    guard first.count == 3, first[0] == CheckpointPlace.firstWord else {
      throw failure("is not a checkpoint", "move it away")
    }
    guard first[1] == "\(Checkpoint<Scalar>.formatVersion)" else {
      throw failure(
        "has the format \(first[1]) of another version of the program, not "
          + "\(Checkpoint<Scalar>.formatVersion)", "continue with that version")
    }
    let body = bytes[(firstEnd + 1)...]
    guard SHA256.hexadecimal(Array(body)) == first[2], let textEnd = body.firstIndex(of: 10),
      let tree = try? Value(parsing: Data(body[..<textEnd]), source: path)
    else { throw damaged() }
    if let difference = Self.difference(tree["run"] ?? .null, from: run) {
      throw failure("was written by another run: \(difference)", "repeat the command as it was")
    }
    guard let checkpoint = tree["checkpoint"],
      let points = Self.points(checkpoint, in: body[(textEnd + 1)...], as: type),
      let result = Checkpoint(checkpoint, points: points)
    else { throw damaged() }
    return result
  }

  /// Removes the file; what is not there need not be removed.
  func remove() { unlink(path) }

  // MARK: - Parts

  private static func points<Scalar: TensorScalar>(
    _ tree: Value, in bytes: ArraySlice<UInt8>, as type: Scalar.Type
  ) -> [(name: String, point: Parameters<Scalar>)]? {
    var offset = bytes.startIndex
    let size = MemoryLayout<Scalar>.stride
    var result: [(name: String, point: Parameters<Scalar>)] = []
    for item in tree["points"]?.arrayValue ?? [] {
      guard let name = item["name"]?.stringValue, let shapes = item["shapes"]?.arrayValue else {
        return nil
      }
      var tensors: [Tensor<Scalar>] = []
      for value in shapes {
        let shape = (value.arrayValue ?? []).compactMap(\.integerValue)
        var count = 1
        for extent in shape {
          let (product, overflows) = count.multipliedReportingOverflow(by: extent)
          guard extent >= 0, !overflows else { return nil }
          count = product
        }
        guard count <= (bytes.endIndex - offset) / size else { return nil }
        let scalars = [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
          UnsafeMutableRawBufferPointer(buffer).copyBytes(
            from: bytes[offset..<offset + count * size])
          initialized = count
        }
        offset += count * size
        tensors.append(Tensor(shape: shape, scalars: scalars))
      }
      result.append((name, Parameters(tensors)))
    }
    return offset == bytes.endIndex ? result : nil
  }

  /// What differs between two runs, in words; nil where nothing does.
  private static func difference(_ stored: Value, from run: Value) -> String? {
    // Both ways, since either may lack what the other has; by whole paths, since names of data may
    // have dots in them.
    let after = run.differences(from: stored)
    let before = stored.differences(from: run)
    let gone = before.filter { path, _ in !after.contains { $0.path == path } }
    let changes =
      (after.map { ($0.path, Value?.some($0.value)) } + gone.map { ($0.path, Value?.none) }).prefix(
        4
      )
      .map { path, value in
        let earlier = before.first { $0.path == path }?.value
        return "\(path) was \(earlier?.canonicalText ?? "nothing") and is "
          + "\(value?.canonicalText ?? "nothing")"
      }
    return changes.isEmpty ? nil : changes.joined(separator: ", ")
  }

  // MARK: - Sentences

  private func failure(
    _ what: String, kind: ConfigurationError.Kind = .invalidFile, _ remedy: String
  ) -> ConfigurationError {
    ConfigurationError(
      kind,
      "The checkpoint \(path) \(what); \(remedy), or add --fresh to start from the beginning.")
  }

  /// The error about a checkpoint that is not as it was written.
  func damaged() -> ConfigurationError {
    failure("is damaged: its checksum or its content is wrong", "restore it")
  }
}
