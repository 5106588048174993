/// A curve in one line of text.
package enum Sparkline {
  private static let steps = Array("▁▂▃▄▅▆▇█")

  /// The values as at most `width` blocks from low to high, each the mean of those that fall to it;
  /// a block without finite value is a dot. Empty without values.
  package static func text(_ values: [Double], width: Int) -> String {
    guard !values.isEmpty, width > 0 else { return "" }
    let count = min(width, values.count)
    let means = (0..<count).map { index -> Double? in
      let (start, end) = (index * values.count / count, (index + 1) * values.count / count)
      let finite = values[start..<max(start + 1, end)].filter(\.isFinite)
      // Divided before they are added: the sum of finite numbers may not be one.
      return finite.allSatisfy { $0 == finite.first }
        ? finite.first : finite.reduce(0) { $0 + $1 / Double(finite.count) }
    }
    let known = means.compactMap { $0 }
    guard let low = known.min(), let high = known.max() else {
      return String(repeating: "·", count: count)
    }
    return String(
      means.map { mean -> Character in
        guard let mean else { return "·" }
        guard high / 2 > low / 2 else { return steps[0] }
        // Halved, so that the distance of two finite numbers is finite.
        let level = (mean / 2 - low / 2) / (high / 2 - low / 2) * Double(steps.count - 1)
        return steps[Int(level.rounded())]
      })
  }
}
