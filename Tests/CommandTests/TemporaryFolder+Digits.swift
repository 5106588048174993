import Datasets
import TestSupport

extension TemporaryFolder {
  /// Makes this a data folder with a few synthetic digits in two files.
  func writeDigits(train: Int = 300, test: Int = 60) throws {
    for (split, count) in [("train", train), ("test", test)] {
      try SyntheticDigits.dataset(count: count, split: split, seed: 5)
        .save(path("\(SyntheticDigits.name)-\(split).h5"))
    }
  }
}
