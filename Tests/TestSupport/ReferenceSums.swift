import Tensors

/// Sums computed in the simplest possible way, in Double, with what is needed to bound the rounding
/// errors of any other order of addition.
public struct ReferenceSums: Sendable {
  /// The shape of the result.
  public var shape: [Int]
  /// The sums.
  public var values: [Double]
  /// The sums of the absolute values of the terms.
  public var magnitudes: [Double]
  /// An upper bound on the number of terms in any sum.
  public var terms: Int

  /// All sums empty.
  public init(shape: [Int], terms: Int) {
    self.shape = shape
    self.terms = terms
    values = Array(repeating: 0, count: shape.reduce(1, *))
    magnitudes = values
  }

  /// Adds a term to one sum.
  public mutating func add(_ term: Double, to index: Int) {
    values[index] += term
    magnitudes[index] += abs(term)
  }

  /// What is wrong with `actual`, or nil.
  ///
  /// The inequality: |actual - value| <= 2 (terms + 4) u sum |term|, u the unit roundoff of the
  /// scalar: the classical bound for summation in any order (Higham, Accuracy and Stability of
  /// Numerical Algorithms, section 4.2), doubled because the reference rounds as well. Non-finite
  /// sums must be non-finite in the same way.
  public func violation<Scalar: TensorScalar>(by actual: Tensor<Scalar>) -> String? {
    if actual.shape != shape { return "shape \(actual.shape) instead of \(shape)" }
    let unit = Double(Scalar.ulpOfOne)
    for (index, scalar) in actual.scalars.enumerated() {
      let (found, expected) = (Double(scalar), values[index])
      if !expected.isFinite {
        let same = expected.isNaN ? found.isNaN : found == expected
        if !same { return "element \(index) is \(found) instead of \(expected)" }
        continue
      }
      let bound = 2 * Double(terms + 4) * unit * magnitudes[index]
      if !(abs(found - expected) <= bound) {
        return "element \(index) is \(found) instead of \(expected), bound \(bound)"
      }
    }
    return nil
  }
}
