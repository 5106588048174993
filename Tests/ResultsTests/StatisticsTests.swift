import Results
import Testing

@Suite("Statistics")
struct StatisticsTests {
  @Test("Hand-computed values")
  func values() throws {
    let statistics = Statistics([4, 1, 3, 2])
    #expect(statistics.count == 4)
    #expect(statistics.mean == 2.5)
    #expect(statistics.median == 2.5)
    #expect(statistics.minimum == 1)
    #expect(statistics.maximum == 4)
    // Squares 2.25 + 0.25 + 0.25 + 2.25 = 5, over 3.
    let deviation = try #require(statistics.standardDeviation)
    #expect(abs(deviation - 1.290_994_448_735_805_6) < 1e-15)
    let error = try #require(statistics.standardError)
    #expect(abs(error - 0.645_497_224_367_902_8) < 1e-15)
    #expect(Statistics([5, 1, 30]).median == 5)
  }

  @Test("Equal values have that mean and no spread, without rounding")
  func equal() {
    let statistics = Statistics([0.8, 0.8, 0.8])
    #expect(statistics.mean == 0.8 && statistics.standardDeviation == 0)
    #expect(statistics.studentInterval() == 0.8...0.8)
  }

  @Test("One value has no spread")
  func single() {
    let statistics = Statistics([2])
    #expect(statistics.mean == 2)
    #expect(statistics.standardDeviation == nil)
    #expect(statistics.standardError == nil)
    #expect(statistics.bootstrapInterval() == nil)
  }

  @Test("Not-a-number is never hidden")
  func notANumber() {
    let statistics = Statistics([1, .nan, 2])
    #expect(statistics.mean.isNaN)
    #expect(statistics.median.isNaN)
    #expect(statistics.minimum.isNaN)
    #expect(statistics.maximum.isNaN)
    #expect(statistics.bootstrapInterval() == nil)
  }

  @Test("Student's interval has the tabulated quantiles and n - 1 in its spread")
  func student() throws {
    // Two values: mean 1, s = sqrt(2), s / sqrt(2) = 1, t = 12.7062 for one degree of freedom.
    let two = try #require(Statistics([0, 2]).studentInterval())
    #expect(abs(two.upperBound - 13.706_204_736) < 1e-8)
    #expect(abs(two.lowerBound + 11.706_204_736) < 1e-8)
    let table: [(count: Int, quantile: Double)] = [
      (3, 4.302_652_73), (4, 3.182_446_31), (5, 2.776_445_11), (11, 2.228_138_85),
      (12, 2.200_985_16), (100, 1.984_216_95),
    ]
    for (count, quantile) in table {
      let statistics = Statistics((0..<count).map(Double.init))
      let half = try #require(statistics.studentInterval()).upperBound - statistics.mean
      let error = try #require(statistics.standardError)
      #expect(abs(half / error - quantile) < 1e-7, "\(count) values")
    }
    let ninety = try #require(Statistics([0, 2]).studentInterval(coverage: 0.9))
    #expect(abs(ninety.upperBound - 7.313_751_515) < 1e-8)
    #expect(Statistics([3, 3, 3]).studentInterval() == 3...3)
    #expect(Statistics([3]).studentInterval() == nil)
    #expect(Statistics([3, .infinity]).studentInterval() == nil)
    #expect(Statistics([3, .nan]).studentInterval() == nil)
  }

  @Test("The bootstrap interval is where theory puts it, and the same every time")
  func bootstrap() throws {
    // Two values: the means 0, 1/2, 1 have probabilities 1/4, 1/2, 1/4, so the cuts are the ends.
    #expect(Statistics([0, 1]).bootstrapInterval() == 0...1)
    #expect(Statistics([3, 3, 3]).bootstrapInterval() == 3...3)
    // Many values: mean +- 1.96 sd / sqrt(n), here 50.5 +- 5.657 (sd with divisor n: 28.866).
    let many = Statistics((1...100).map(Double.init))
    let interval = try #require(many.bootstrapInterval())
    #expect(abs(interval.lowerBound - 44.84) < 0.25)
    #expect(abs(interval.upperBound - 56.16) < 0.25)
    #expect(many.bootstrapInterval() == interval)
    #expect(many.bootstrapInterval(seed: 1) != interval)
    let narrow = try #require(many.bootstrapInterval(coverage: 0.5))
    #expect(narrow.lowerBound > interval.lowerBound && narrow.upperBound < interval.upperBound)
  }
}
