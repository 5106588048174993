import Tensors
import Testing

@Suite("Random streams")
struct RandomStreamTests {
  @Test("The same seed and purpose give the same numbers, for ever")
  func golden() {
    // Stored results depend on these numbers: a change of the generator is a change of all records.
    var stream = RandomStream(seed: 7, purpose: "split")
    let first = (0..<4).map { _ in stream.next() }
    var again = RandomStream(seed: 7, purpose: "split")
    #expect((0..<4).map { _ in again.next() } == first)
    #expect(first == Self.expected)
  }

  /// From another program, written after the article: SplitMix64 on an FNV-1a hash.
  private static let expected: [UInt64] = [
    0x917b_d2fc_3e3f_af45,
    0x5a93_3a37_2bcd_3263,
    0x1bc6_e865_d0d8_5c49,
    0x5b22_e1a6_d4f8_8a91,
  ]

  @Test("Every order is as frequent as any other")
  func permutations() {
    var stream = RandomStream(seed: 7, purpose: "split")
    var counts: [[Int]: Int] = [:]
    for _ in 0..<12_000 { counts[stream.permutation(3), default: 0] += 1 }
    #expect(counts.count == 6)
    // Of 12,000 draws with probability 1/6 the deviation is 41.
    for (order, count) in counts { #expect(abs(count - 2_000) < 200, "\(order): \(count)") }
  }

  @Test("Seeds, purposes and sub-streams are unrelated, and splitting does not advance")
  func independence() {
    var parent = RandomStream(seed: 7, purpose: "split")
    let untouched = parent
    var streams = [
      parent, RandomStream(seed: 8, purpose: "split"), RandomStream(seed: 7, purpose: "corruption"),
      parent.split("episode", 0), parent.split("episode", 1), parent.split("worker", 0),
    ]
    #expect(parent == untouched)
    let draws = streams.indices.map { index in (0..<2_000).map { _ in streams[index].uniform() } }
    for left in draws.indices {
      for right in draws.indices where left < right {
        // The correlation of independent uniform draws has deviation 1/sqrt(n) = 0.022.
        let products = zip(draws[left], draws[right]).map { 12 * ($0 - 0.5) * ($1 - 0.5) }
        #expect(abs(products.reduce(0, +) / 2_000) < 0.11, "streams \(left) and \(right)")
      }
    }
    _ = parent.next()
    #expect(parent != untouched)
  }

  @Test("Uniform and normal draws have their moments")
  func moments() {
    var stream = RandomStream(seed: 1, purpose: "moments")
    let count = 40_000
    let uniform = (0..<count).map { _ in stream.uniform() }
    #expect(uniform.allSatisfy { (0..<1).contains($0) })
    // Five deviations of the mean: 5 / sqrt(12 n) = 0.0072.
    #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.0072)
    let normal = (0..<count).map { _ in stream.normal() }
    let mean = normal.reduce(0, +) / Double(count)
    let square = normal.reduce(0) { $0 + $1 * $1 } / Double(count)
    let fourth = normal.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(count)
    #expect(abs(mean) < 0.025)
    #expect(abs(square - 1) < 0.036)
    #expect(abs(fourth - 3) < 0.25)
    let range = stream.uniform([1_000], in: -2..<3, as: Double.self)
    #expect(range.scalars.allSatisfy { (-2..<3).contains($0) })
    #expect(range.scalars.contains { $0 < -1.8 } && range.scalars.contains { $0 > 2.8 })
  }

  @Test("Integers are uniform, permutations are permutations and differ")
  func integers() {
    var stream = RandomStream(seed: 2, purpose: "integers")
    var counts = Array(repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.integer(below: 7)] += 1 }
    // Five deviations of a count of mean 10,000: 5 sqrt(10,000 * 6/7) = 463.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 463 }, "\(counts)")
    #expect((0..<100).allSatisfy { _ in stream.integer(below: 1) == 0 })
    let orders = (0..<3).map { _ in stream.permutation(50) }
    #expect(orders.allSatisfy { $0.sorted() == Array(0..<50) })
    #expect(Set(orders).count == 3)
    #expect(stream.permutation(0).isEmpty && stream.permutation(1) == [0])
    // Each value is first equally often: a biased shuffle (swapping with any position) is not.
    var firsts = Array(repeating: 0, count: 4)
    for _ in 0..<8_000 { firsts[stream.permutation(4)[0]] += 1 }
    #expect(firsts.allSatisfy { abs($0 - 2_000) < 194 }, "\(firsts)")
  }
}
