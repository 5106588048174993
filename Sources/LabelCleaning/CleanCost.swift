import Commands
import Datasets

/// What cleaning will cost, said before it begins.
package struct CleanCost {
  private let bytes: Int

  /// The cost for some data.
  package init(_ input: CleanInput) {
    let parts = [input.train, input.checked, input.test].compactMap { $0 }
    let stored = parts.reduce(0) {
      $0 + $1.features.bytes + ($1.learnsFromPictures ? 0 : $1.pictures?.bytes ?? 0)
    }
    // Single precision, once as rows and once as the kernels want them.
    let features = parts.reduce(0) { $0 + 8 * $1.count * ($1.features.width + 1) }
    // Probabilities in double precision, of the best method and of those that later ones begin with, and
    // scratch rows.
    let rows = parts.reduce(0) { $0 + 60 * $1.count * max(16, input.classes.count) }
    // Forecasts of two methods: resampled weights, and the wrong labels each sample might have been given,
    // also while these are sorted.
    let forecasts =
      2 * input.checked.count * DetectionForecast.bytesOfSample(classes: input.classes.count)
    bytes = stored + features + rows + forecasts
  }

  /// The memory that will be needed.
  package var memorySentence: String {
    let megabytes = Double(bytes) / 1e6 + 40
    return megabytes >= 1_000
      ? "expected memory: about \((megabytes / 100).rounded() / 10) GB"
      : "expected memory: about \(Int((megabytes / 10).rounded(.up)) * 10) MB"
  }

  /// The time that will be needed, from a measured step; training mostly stops before the last.
  package func timeSentence(steps: Double, secondsOfStep: Double) -> String {
    let most = steps * secondsOfStep
    return "expected time: \(Stopwatch.describe(seconds: most / 3)), at most "
      + "\(Stopwatch.describe(seconds: most * 1.2))"
  }
}
