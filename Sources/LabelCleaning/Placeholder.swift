import Datasets
import Results

/// A value that stands for a missing one, as -9999 or 1e20 do: so far from all others of its feature that
/// these look alike beside it.
struct Placeholder {
  /// The sample that has it.
  let sample: Int
  /// The feature.
  let column: Int
  /// The value.
  let value: Double
  private let place: String
  /// The samples that have such a value in any feature.
  private let count: Int

  /// So many times as far from the median as half of the values are.
  private static let farAway = 1e3
  /// The samples that median and spread are taken from, at even distances.
  private static let looked = 1_000

  /// The first placeholder among features; nil where there is none, and for pictures.
  init?(in samples: LabelledSamples) {
    guard !samples.learnsFromPictures else { return nil }
    let array = samples.features
    let rows = (0..<min(array.count, Self.looked)).map {
      array.values(of: $0 * array.count / min(array.count, Self.looked))
    }
    guard rows.count > 4 else { return nil }
    let medians = (0..<array.width).map { column in Statistics(rows.map { $0[column] }).median }
    let limits = (0..<array.width).map { column in
      Self.farAway * Statistics(rows.map { abs($0[column] - medians[column]) }).median
    }
    var first: (sample: Int, column: Int, value: Double)?
    var count = 0
    for sample in 0..<array.count {
      let values = array.values(of: sample)
      // Where half of the values are equal, as in sparse features, nothing says how far is far.
      let column = values.indices.first { column in
        limits[column] > 0 && abs(values[column] - medians[column]) > limits[column]
      }
      guard let column else { continue }
      count += 1
      if first == nil { first = (sample, column, values[column]) }
    }
    guard let first else { return nil }
    (sample, column, value) = first
    self.count = count
    place = samples.place
  }

  /// What a person should know of it.
  var sentence: String {
    let others = count > 1 ? ", and \(count - 1) more of its samples have such values" : ""
    return
      "Sample \(sample) of \(place) has \(value) in feature \(column), more than a thousand times as far "
      + "from the median as half of the values are\(others): if that stands for a missing value, fill it in "
      + "or leave the sample out, since beside it all other values of the feature look alike."
  }
}
