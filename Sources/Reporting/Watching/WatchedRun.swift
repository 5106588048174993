import Files
import Foundation
import Results

/// A run as its files show it at one moment: under way, stopped or ended.
package struct WatchedRun: Sendable, Equatable {
  /// How far it is.
  package enum State: Sendable, Equatable {
    /// A process is running it.
    case running
    /// It left a checkpoint, and no process is running it.
    case stopped
    /// Its checkpoint is there and cannot be read.
    case damaged
    /// Its record is there.
    case ended(RunRecord.Status)
  }

  /// The path of its record, whether it is there or not.
  package let recordPath: String
  /// How far it is.
  package let state: State
  /// Who it is, in a few words.
  package let title: String
  /// The outer steps made, and how many there are to be, where that is known.
  package let steps: (made: Int, of: Int?)
  /// Seconds at work.
  package let seconds: Double?
  /// The curves so far.
  package let metrics: [RunRecord.Metric]

  /// Whether both show the same.
  package static func == (left: WatchedRun, right: WatchedRun) -> Bool {
    left.recordPath == right.recordPath && left.state == right.state
      && left.steps.made == right.steps.made && left.metrics == right.metrics
  }

  /// The run with a record's path; nil where there is neither process nor checkpoint nor record.
  ///
  /// A checkpoint that cannot be read is a run, too: passed over in silence it would look as if nothing
  /// had been stopped there.
  package init?(recordPath: String) {
    self.recordPath = recordPath
    let stem = recordPath.hasSuffix(".json") ? String(recordPath.dropLast(5)) : recordPath
    let isHeld = RunLock.isHeld(recordPath)
    let place = CheckpointPlace.path(for: recordPath)
    let isLeftOver = !isHeld && Self.isLeftOver(place, by: recordPath)
    let checkpoint = isLeftOver ? nil : Self.checkpoint(at: place)
    if isHeld || checkpoint != nil {
      state = isHeld ? .running : .stopped
      let run = checkpoint?["run"]
      let part = checkpoint?["checkpoint"]
      title =
        run.map { Self.title($0, at: recordPath) } ?? URL(fileURLWithPath: stem).lastPathComponent
      let iterations = run?["configuration"]?["outer"]?["iterations"]?.integerValue
      steps = (part?["iteration"]?.integerValue ?? 0, iterations)
      seconds = part?["progress"]?["earlierSeconds"]?.doubleValue
      let metrics = part?["progress"]?["metrics"]
      self.metrics =
        (try? metrics?.decoded(as: [RunRecord.Metric].self, source: stem)) ?? []
    } else if !isLeftOver, FileManager.default.fileExists(atPath: place) {
      (state, title) = (.damaged, URL(fileURLWithPath: stem).lastPathComponent)
      (steps, seconds, metrics) = ((0, nil), nil, [])
    } else if let record = try? RunRecord(readingFrom: recordPath) {
      state = .ended(record.status)
      title = record.identity.description
      let last = record.diagnostics["outerIterations"]?.integerValue
      steps = (last ?? record.metrics.compactMap(\.steps.last).max() ?? 0, last)
      seconds = record.timing.totalSeconds
      metrics = record.metrics
    } else {
      return nil
    }
  }

  /// The paths of the records of all runs below a folder that are under way or were stopped.
  ///
  /// - Throws: ``FolderWalk/Failure`` where a folder cannot be listed.
  package static func unfinished(in folder: String) throws(FolderWalk.Failure) -> [String] {
    var found: Set<String> = []
    // Of checkpoints and of locks alike the absolute path, or one run would be two.
    let root = URL(fileURLWithPath: folder).path
    for file in try FolderWalk(root, includingHidden: true).files {
      if let record = CheckpointPlace.record(ofCheckpointAt: file) {
        found.insert(record)
      } else if let path = RunLock.record(ofLockAt: file), RunLock.isHeld(path) {
        found.insert(path)
      }
    }
    return found.sorted()
  }

  // MARK: - Files of the run layer

  /// Whether a checkpoint is older than the completed record beside it: the run ended, and the file could
  /// not be removed. (One that is newer is of a run that was started over.)
  private static func isLeftOver(_ checkpoint: String, by record: String) -> Bool {
    let manager = FileManager.default
    let times = [checkpoint, record].map { path in
      try? manager.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }
    guard let begun = times[0], let ended = times[1], begun <= ended else { return false }
    return (try? RunRecord(readingFrom: record))?.status.kind == .completed
  }

  /// The tree of a checkpoint: its second line, whose form `CheckpointFile` describes. The checksum
  /// is not looked at, since nothing is continued from here.
  private static func checkpoint(at path: String) -> Value? {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
      let first = data.firstIndex(of: 10),
      String(decoding: data[..<first], as: UTF8.self).hasPrefix(CheckpointPlace.firstWord + " "),
      let second = data[(first + 1)...].firstIndex(of: 10)
    else { return nil }
    return try? Value(parsing: Data(data[(first + 1)..<second]), source: path)
  }

  /// What a checkpoint says of its run, and the variant, which only the record's folder names.
  private static func title(_ run: Value, at recordPath: String) -> String {
    let folders = URL(fileURLWithPath: recordPath).deletingLastPathComponent().pathComponents
    let `protocol` = run["protocol"]?.stringValue
    let variant =
      folders.dropLast().last == `protocol` ? folders.last?.removingPercentEncoding : nil
    let names = ["experiment", "method"].map { run[$0]?.stringValue }
    let words = names + [`protocol`, variant, run["budget"]?.stringValue]
    return words.compactMap { $0 }.joined(separator: " / ")
      + " / seed \(run["seed"]?.stringValue ?? "?")"
  }
}

extension WatchedRun {
  /// The metrics that are worth a line, in this order: F, then accuracies, then errors.
  private static let shown = [
    "upperObjective", "testAccuracy", "validationAccuracy", "detectionAUC", "upperError", "x",
  ]

  /// The run in a few lines that fit a width: who it is and how far, then a sparkline a metric.
  package func lines(width: Int) -> [String] {
    var head = PrintableText.line(title)
    let of = steps.of.map { " of \($0)" } ?? ""
    switch state {
    case .running: head += ": \(steps.made)\(of) outer steps"
    case .stopped:
      head += ": stopped after \(steps.made)\(of) outer steps; the same command continues it"
    case .damaged:
      head += ": its checkpoint is damaged; `run --fresh` starts it over"
    case .ended(let status):
      head += ": \(status.kind.rawValue) after \(steps.made) outer steps"
    }
    if let seconds, seconds.isFinite { head += String(format: ", %.0f s", seconds) }
    let curves = Self.shown.compactMap { name in
      metrics.first { $0.name == name && !$0.values.isEmpty }
    }.prefix(3)
    let widest = curves.map { SettingTable.words($0.name).count }.max() ?? 0
    return [String(head.prefix(max(20, width)))]
      + curves.map { curve in
        let words = SettingTable.words(curve.name)
        let name = words + String(repeating: " ", count: widest - words.count)
        let last = curve.values.last ?? .nan
        let value =
          curve.unit == "fraction"
          ? String(format: "%.2f %%", last * 100) : String(format: "%.4g", last)
        let room = max(8, min(60, width - widest - value.count - 6))
        return "  \(name)  \(Sparkline.text(curve.values, width: room))  \(value)"
      }
  }

  /// The run in one line without curves, for logs.
  package var line: String {
    let values = Self.shown.compactMap { name -> String? in
      guard let last = metrics.first(where: { $0.name == name })?.values.last else { return nil }
      return "\(SettingTable.words(name)) \(String(format: "%.4g", last))"
    }
    return ([lines(width: 1000)[0]] + values.prefix(3)).joined(separator: ", ")
  }
}
