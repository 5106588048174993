import Bilevel
import Commands
import Datasets
import Files
import Foundation
import Results
import Tensors

/// Drives runs: progress, timing, memory, checkpoints, signals, non-finite numbers, records.
///
/// The promises, whichever experiment runs:
/// - a run that is stopped at any moment, any number of times, continues to the record that an
///   unbroken run writes, timings apart;
/// - the record is in place before the checkpoint goes, and a completed record is never replaced by
///   one of an interrupted run;
/// - a checkpoint that is damaged, of another run or of other kernels is refused with a sentence, never
///   ignored.
package struct RunEngine: Sendable {
  /// Where progress and notes go.
  package let console: Console
  /// The folder of records.
  package let output: String
  /// How progress is shown.
  package let progress: ProgressMode
  /// Seconds between checkpoints.
  package let checkpointSeconds: Double
  /// Whether checkpoints of earlier processes are passed over.
  package let startsFresh: Bool
  /// Whether runs whose record is complete are left as they are.
  package let skipsCompleted: Bool

  /// An engine that writes below a folder.
  package init(
    console: Console, output: String, progress: ProgressMode = .none,
    checkpointSeconds: Double = 30, startsFresh: Bool = false, skipsCompleted: Bool = false
  ) {
    self.console = console
    self.output = output
    self.progress = progress
    self.checkpointSeconds = checkpointSeconds
    self.startsFresh = startsFresh
    self.skipsCompleted = skipsCompleted
  }

  /// What came of a run.
  package enum Outcome: Sendable {
    /// The record that was made, its path (where an older, completed record was kept if this run was
    /// interrupted), and the interruption that ended it, if one did.
    case recorded(RunRecord, path: String, interruption: Interrupted?)
    /// Another process is running it.
    case busy(path: String)
    /// Its record is there, completed, with the same configuration, and was left as it is.
    case skipped(path: String)
  }

  /// The path of a run's record where it is there, completed, with the same configuration.
  package func completedRecord<Own>(of run: Run<Own>) -> String? {
    let place = run.place(in: output)
    return place.state.isCompleted ? place.record : nil
  }

  /// Runs a run to its record, or to a checkpoint where it is interrupted.
  ///
  /// - Parameter learned: where to write what a run that was not interrupted has learned.
  package func run<E: Experiment>(
    _ run: Run<E.Own>, of experiment: E, savingTo learned: String? = nil
  ) throws -> Outcome {
    switch run.scalar {
    case .float: try drive(run, experiment, learned, as: Float.self)
    case .double: try drive(run, experiment, learned, as: Double.self)
    }
  }

  private func drive<E: Experiment, Scalar: TensorScalar & HDF5Element>(
    _ run: Run<E.Own>, _ experiment: E, _ learned: String?, as type: Scalar.Type
  ) throws -> Outcome {
    let path = "\(output)/\(run.identity.relativePath)"
    // What a complete run has learned is no longer there, so a missing file means running again.
    let isSaved = learned.map { FileManager.default.fileExists(atPath: $0) } ?? true
    let skips = skipsCompleted && isSaved
    if skips, let path = completedRecord(of: run) {
      clearUp(after: path)
      return .skipped(path: path)
    }
    // A place that cannot be written to is said before the run and not after it.
    if let learned { _ = try AtomicFile(path: learned) }
    guard let lock = try RunLock(for: path) else { return .busy(path: path) }
    defer { lock.release() }
    try requireOwnPlace(path, of: run.identity)
    // Who held the right until now may have finished the run since the look above.
    if skips, let path = completedRecord(of: run) {
      removeLeftover(beside: path)
      return .skipped(path: path)
    }
    let peakIsOwn = PeakMemory.reset()
    let body = try experiment.body(of: run, as: type)
    var drive = RunDrive(
      body: body, file: CheckpointFile(path: CheckpointPlace.path(for: path)), identity: run.tree,
      engine: self)
    try drive.file.requireFile()
    try drive.prepare()
    let ending = try drive.run(titled: run.title)
    let record = drive.record(
      of: run, peakIsOwn: peakIsOwn, interruption: ending)
    if let sentence = drive.solverSentence { console.show(note: sentence) }
    if ending != nil, let reason = reasonToKeep(recordAt: path) {
      console.show(note: "Kept: \(path) \(reason).")
      return .recorded(record, path: path, interruption: ending)
    }
    do {
      try record.write(to: path)
      if ending == nil, let learned { try drive.learned(by: run, record).write(to: learned) }
    } catch {
      // What was computed must not be lost with the record.
      try? drive.save()
      throw error
    }
    // Until the record's name is on the disk, the checkpoint is all there is.
    let folder = PathParts.folder(of: path)
    if ending == nil {
      if AtomicFile.synchronizeFolder(folder) {
        drive.file.remove()
      } else {
        console.show(
          note:
            "Kept: the checkpoint of \(path), since the disk does not confirm that it has the record."
        )
      }
    }
    return .recorded(record, path: path, interruption: ending)
  }

  /// Removes what a process that was killed between the record's name and the end of its run has left:
  /// checkpoint and lock.
  private func clearUp(after path: String) {
    let left = [CheckpointPlace.path(for: path), RunLock.path(for: path)]
    guard left.contains(where: { PathState($0) == .file }), let lock = try? RunLock(for: path)
    else {
      return
    }
    removeLeftover(beside: path)
    lock.release()
  }

  /// Removes a checkpoint that is older than the completed record beside it, once that is on the disk. A
  /// later one is of the run's repetition, which somebody may want to go on with.
  private func removeLeftover(beside path: String) {
    let checkpoint = CheckpointPlace.path(for: path)
    var (old, new) = (stat(), stat())
    guard lstat(checkpoint, &old) == 0, stat(path, &new) == 0,
      (old.st_mtim.tv_sec, old.st_mtim.tv_nsec) <= (new.st_mtim.tv_sec, new.st_mtim.tv_nsec),
      AtomicFile.synchronizeFolder(PathParts.folder(of: path))
    else { return }
    unlink(checkpoint)
  }

  /// Throws where something else than a record that this program understands has the record's name: a
  /// record of a newer version, of another run, or one that may not be read, is the work of somebody, and
  /// would be gone.
  private func requireOwnPlace(_ path: String, of identity: RunIdentity) throws {
    if let refusal = PathState(path).refusal(of: path) {
      throw ConfigurationError(.missing, refusal)
    }
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    do throws(ResultsError) {
      let found = try RunRecord(readingFrom: path).identity
      guard found.relativePath == identity.relativePath else {
        throw ResultsError(
          .malformed, "it records another run, \(found)")
      }
    } catch {
      throw CommandFailure(
        "The record of this run would take the place of '\(path)', which is not its own: "
          + "\(error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message). Where "
          + "nobody needs it, move it away; else name another folder with --output.",
        exitCode: error.exitCode == 5 ? ExitStatus.dataMissing.rawValue : error.exitCode)
    }
  }

  /// Why the record of an interrupted run must not take the place of what is there; nil where it may.
  private func reasonToKeep(recordAt path: String) -> String? {
    do throws(ResultsError) {
      return try RunRecord(readingFrom: path).status.kind == .completed
        ? "is of an earlier, completed run" : nil
    } catch {
      return error.kind == .inputOutput ? "cannot be read just now, so it was left as it is" : nil
    }
  }
}

extension Run {
  /// Everything that a checkpoint must agree with: the kernels, too, since others round otherwise.
  var tree: Value {
    [
      "backend": .string(KernelBackend.selectedDescription),
      "version": .string(suiteVersion), "experiment": .string(experiment),
      "method": .string(arm.name), "protocol": .string(protocolName),
      "budget": .string(budget.rawValue), "seed": .string("\(seed)"),
      "scalar": .string(scalar.rawValue),
      "configuration": RunPlace.configuration(configuration.tree, without: unread),
      "data": .object(
        sorted:
          Dictionary(
            datasets.map { ("\($0.name), \($0.split)", Value.string($0.sha256)) },
            uniquingKeysWith: { first, _ in first })),
    ]
  }
}
