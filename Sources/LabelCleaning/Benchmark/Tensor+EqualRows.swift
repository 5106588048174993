import Tensors

extension Tensor {
  /// How many rows of another matrix are equal to one of this one's, `[n, d]` and `[m, d]`: O((n + m) d) by
  /// the hashes of rows.
  func rows(equalToOneOf other: Tensor) -> Int {
    let width = shape[1]
    precondition(other.shape[1] == width, "Rows of \(width) and of \(other.shape[1]) numbers.")
    func row(_ index: Int, of tensor: Tensor) -> ArraySlice<Scalar> {
      tensor.scalars[index * width..<(index + 1) * width]
    }
    func hash(_ row: ArraySlice<Scalar>) -> Int {
      var hasher = Hasher()
      for value in row { hasher.combine(value) }
      return hasher.finalize()
    }
    var known: [Int: [Int]] = [:]
    for index in 0..<shape[0] { known[hash(row(index, of: self)), default: []].append(index) }
    return (0..<other.shape[0]).count { index in
      let wanted = row(index, of: other)
      return known[hash(wanted)]?.contains { row($0, of: self) == wanted } ?? false
    }
  }
}
