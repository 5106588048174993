import Datasets
import Tensors
import TestSupport
import Testing

@Suite("Synthetic digits")
struct SyntheticDigitsTests {
  /// A linear classifier reaches about 90 % on MNIST from 5,000 images, and 80.9 % of MNIST's
  /// pixels are 0. The intervals leave room for other seeds (spread about 0.5 %) and mathematical
  /// libraries, and fail when the calibration is lost.
  @Test(arguments: [0, 1] as [UInt64])
  func softmaxRegressionFindsThemAboutAsHardAsMNIST(seed: UInt64) throws {
    let train = try SyntheticDigits.dataset(count: 5_000, split: "train", seed: seed)
    let test = try SyntheticDigits.dataset(count: 2_500, split: "test", seed: seed)
    let model = SoftmaxRegression(
      features: train.features(), labels: train.labels(), classes: 10, steps: 60, stepSize: 0.15)
    let accuracy = model.accuracy(features: test.features(), labels: test.labels())
    #expect((0.88...0.92).contains(accuracy), "test accuracy \(accuracy)")
    let zeros = Double(train.images.count { $0 == 0 }) / Double(train.images.count)
    #expect((0.79...0.83).contains(zeros), "zero pixels \(zeros)")
  }

  @Test func imagesDependOnSeedSplitAndPositionOnly() throws {
    let many = try SyntheticDigits.dataset(count: 40, split: "train", seed: 7)
    let few = try SyntheticDigits.dataset(count: 15, split: "train", seed: 7)
    #expect(Array(many.images.prefix(15 * 784)) == few.images)
    #expect(Array(many.labels.prefix(15)) == few.labels)
    let otherSeed = try SyntheticDigits.dataset(count: 15, split: "train", seed: 8)
    let otherSplit = try SyntheticDigits.dataset(count: 15, split: "test", seed: 7)
    #expect(otherSeed.images != few.images)
    #expect(otherSplit.images != few.images)
    #expect(few.isSynthetic)
  }

  @Test func everyClassOccursAboutEquallyOften() throws {
    let dataset = try SyntheticDigits.dataset(count: 4_000, split: "train", seed: 3)
    for digit in 0..<10 {
      let share = dataset.labels.count(where: { Int($0) == digit })
      // 400 expected, standard deviation 19: five of them either way.
      #expect((305...495).contains(share), "digit \(digit): \(share)")
    }
  }

  @Test(arguments: 0..<10)
  func imagesOfOneDigitDiffer(digit: Int) {
    var random = RandomStream(seed: 1, purpose: "variation")
    let images = (0..<20).map { _ in SyntheticDigits.image(of: digit, using: &random) }
    #expect(Set(images).count == 20)
    #expect(images.allSatisfy { $0.count(where: { $0 > 128 }) > 15 })
  }

  @Test func noImagesIsRefused() {
    let error = #expect(throws: DatasetError.self) {
      try SyntheticDigits.dataset(count: 0, split: "train", seed: 0)
    }
    #expect(error?.message.contains("at least one") == true)
  }
}
