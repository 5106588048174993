import Foundation

/// A seeded, splittable stream of random bits (SplitMix64, Steele, Lea and Flood, OOPSLA 2014).
///
/// Every consumer of randomness gets a stream of its own, derived from (seed, purpose):
///
///     var split = RandomStream(seed: 7, purpose: "split")
///     var corruption = RandomStream(seed: 7, purpose: "corruption")
///
/// so that adding a consumer never shifts another's numbers. All derived draws (uniform, normal,
/// permutation) are defined here and not by the standard library, whose algorithms may change
/// between releases: the same seed gives the same bits, integers, permutations and uniform numbers on every
/// platform and toolchain, and normal ones up to the last digit of the C library's logarithm and cosine.
public struct RandomStream: RandomNumberGenerator, Sendable, Equatable, Codable {
  private var state: UInt64
  private let increment: UInt64

  /// The stream of one purpose under one seed.
  public init(seed: UInt64, purpose: String) {
    // FNV-1a over the purpose, then two finalisers: neighbouring seeds give unrelated streams.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let mixed = Self.finalize(seed &+ 0x9e37_79b9_7f4a_7c15) ^ Self.finalize(hash)
    self.init(state: Self.finalize(mixed), gamma: Self.finalize(mixed &+ 0xbf58_476d_1ce4_e5b9))
  }

  private init(state: UInt64, gamma: UInt64) {
    self.state = state
    // An odd increment visits all 2^64 states; one with too few bit changes is corrected as in the
    // article (section 5).
    let odd = gamma | 1
    increment = (odd ^ (odd >> 1)).nonzeroBitCount < 24 ? odd ^ 0xaaaa_aaaa_aaaa_aaaa : odd
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= increment
    return Self.finalize(state)
  }

  /// A stream for a sub-purpose (a task, an episode, a worker), without advancing this one.
  public func split(_ purpose: String, _ index: Int = 0) -> RandomStream {
    RandomStream(
      seed: Self.finalize(state ^ increment) &+ UInt64(bitPattern: Int64(index)), purpose: purpose)
  }

  /// A uniform draw from [0, 1) with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A uniform draw from the range.
  public mutating func uniform(in range: Range<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A uniform integer in `0..<bound`, without bias (Lemire's multiplication with rejection).
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "An integer below \(bound) does not exist.")
    let range = UInt64(bound)
    let threshold = (0 &- range) % range
    while true {
      let product = next().multipliedFullWidth(by: range)
      if product.low >= threshold { return Int(product.high) }
    }
  }

  /// A standard normal draw (Box and Muller, 1958; one of the pair, so that streams stay aligned).
  public mutating func normal() -> Double {
    let radius = (-2 * Foundation.log(1 - uniform())).squareRoot()
    return radius * Foundation.cos(2 * Double.pi * uniform())
  }

  /// A random order of `0..<count` (Fisher and Yates). O(count).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(below: last + 1))
    }
    return order
  }

  /// A tensor of independent normal draws.
  public mutating func normal<Scalar: TensorScalar>(
    _ shape: [Int], standardDeviation: Double = 1, as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    Tensor(
      shape: shape,
      scalars: (0..<shape.reduce(1, *)).map { _ in Scalar(standardDeviation * normal()) })
  }

  /// A tensor of independent uniform draws.
  public mutating func uniform<Scalar: TensorScalar>(
    _ shape: [Int], in range: Range<Double>, as type: Scalar.Type = Scalar.self
  ) -> Tensor<Scalar> {
    Tensor(
      shape: shape, scalars: (0..<shape.reduce(1, *)).map { _ in Scalar(uniform(in: range)) })
  }

  private static func finalize(_ value: UInt64) -> UInt64 {
    var bits = value
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }
}
