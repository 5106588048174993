extension Int {
  /// The given fraction of so many things, rounded down to whole ones.
  ///
  /// Products that are whole but for their rounding are whole: 0.57 of 100 is 57, where the product in
  /// double precision is 56.99999999999999.
  public func share(_ fraction: Double) -> Int {
    let exact = fraction * Double(self)
    let nearest = exact.rounded()
    return Int(abs(exact - nearest) <= 1e-12 * abs(nearest) ? nearest : exact.rounded(.down))
  }
}
