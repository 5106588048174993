import Results

/// What a search on held-out samples tries: the given setting, b times and a b-th of it, b^2 times, and
/// so on.
package struct SettingTrials: Sendable {
  /// How many settings are tried.
  package let count: Int
  /// b.
  package let base: Double

  /// So many trials with factors that are powers of b.
  package init(_ count: Int, base: Double = 3) {
    self.count = count
    self.base = base
  }

  /// What a trial multiplies the given setting by: 1, b, 1/b, b^2, ...
  package func factor(of trial: Int) -> Double {
    let size = (0..<(trial + 1) / 2).reduce(1.0) { size, _ in base * size }
    return trial.isMultiple(of: 2) ? 1 / size : size
  }

  /// How records note a search: the trial that was best, which setting that is, and what it was chosen
  /// on. At the edge a larger search might have found a better one.
  package func note(
    chosen: Int, setting: String, value: Double, on measure: String, losses: [Double]? = nil
  ) -> Value {
    var members: [String: Value] = [
      "trials": .integer(count), "chosen": .integer(chosen), "setting": .string(setting),
      "value": .number(value), "on": .string(measure),
      // The last two trials are the largest and the smallest.
      "isAtEdge": .bool(count > 1 && chosen >= count - 2),
    ]
    if let losses { members["losses"] = .array(losses.map { .number($0) }) }
    return .object(sorted: members)
  }
}
