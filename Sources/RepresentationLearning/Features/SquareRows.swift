/// A square matrix by rows, with what ``TridiagonalMatrix`` does to whole rows of it.
///
/// The unsafe part of the eigendecomposition: every loop runs along rows through pointers. Row r is used
/// for two things at once, as in EISPACK: its first r elements are the vector u of a reflection, and the
/// rows above it are what is reflected.
struct SquareRows {
  /// The number of rows, and of columns.
  let width: Int
  /// The elements, row by row.
  private(set) var scalars: [Double]

  /// A matrix of the given elements.
  init(width: Int, scalars: [Double]) {
    precondition(
      scalars.count == width * width, "\(scalars.count) elements for \(width) rows and columns.")
    self.width = width
    self.scalars = scalars
  }

  /// An element.
  subscript(row: Int, column: Int) -> Double {
    get { scalars[row * width + column] }
    set { scalars[row * width + column] = newValue }
  }

  /// Divides u by the sum of its absolute values, so that squares neither overflow nor vanish, and
  /// returns that sum; nil where u is zero.
  mutating func scale(_ row: Int) -> Double? {
    let columns = row * width..<row * width + row
    let sum = columns.reduce(0) { $0 + abs(scalars[$1]) }
    guard sum != 0 else { return nil }
    for index in columns { scalars[index] /= sum }
    return sum
  }

  /// The sum of the squares of a row's first elements.
  func square(_ row: Int, _ count: Int) -> Double {
    scalars.withUnsafeBufferPointer {
      guard let all = $0.baseAddress else { return 0 }
      return dot(all + row * width, all + row * width, count)
    }
  }

  /// P B P with P = I - u u' / h, for the symmetric B above row r, of which the lower triangle is kept:
  ///
  ///     p = B u / h,    q = p - (u' p / 2h) u,    B - u q' - q u'.
  mutating func reflectBothSides(_ row: Int, _ h: Double) {
    let width = width
    var products = [Double](repeating: 0, count: row)
    scalars.withUnsafeMutableBufferPointer { buffer in
      products.withUnsafeMutableBufferPointer { products in
        guard let all = buffer.baseAddress, let p = products.baseAddress else { return }
        let u = UnsafePointer(all + row * width)
        for j in 0..<row {
          let line = UnsafePointer(all + j * width)
          p[j] = dot(line, u, j + 1)
          add(line, scaledBy: u[j], to: p, j)
        }
        for j in 0..<row { p[j] /= h }
        let half = dot(p, u, row) / (2 * h)
        add(u, scaledBy: -half, to: p, row)
        for j in 0..<row {
          let line = all + j * width
          add(p, scaledBy: -u[j], to: line, j + 1)
          add(u, scaledBy: -p[j], to: line, j + 1)
        }
      }
    }
  }

  /// B P with P = I - u u' / h, for the rows B above row r.
  mutating func reflectRows(_ row: Int, _ h: Double) {
    let width = width
    scalars.withUnsafeMutableBufferPointer { buffer in
      guard let all = buffer.baseAddress else { return }
      let u = UnsafePointer(all + row * width)
      for j in 0..<row {
        let line = all + j * width
        add(u, scaledBy: -dot(line, u, row) / h, to: line, row)
      }
    }
  }

  /// Makes row and column r, up to the diagonal, those of the identity.
  mutating func addUnit(_ row: Int) {
    for other in 0..<row {
      self[row, other] = 0
      self[other, row] = 0
    }
    self[row, row] = 1
  }

  /// Turns a row and the next one in their plane: c v_r - s v_(r+1) and s v_r + c v_(r+1).
  mutating func rotate(_ row: Int, _ cosine: Double, _ sine: Double) {
    let width = width
    scalars.withUnsafeMutableBufferPointer { buffer in
      guard let upper = buffer.baseAddress.map({ $0 + row * width }) else { return }
      let lower = upper + width
      for index in 0..<width {
        let (a, b) = (upper[index], lower[index])
        upper[index] = cosine * a - sine * b
        lower[index] = sine * a + cosine * b
      }
    }
  }
}

/// a' b, in four sums that do not wait for each other.
private func dot(
  _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
) -> Double {
  var (first, second, third, fourth) = (0.0, 0.0, 0.0, 0.0)
  let whole = count & ~3
  var index = 0
  while index < whole {
    first += a[index] * b[index]
    second += a[index + 1] * b[index + 1]
    third += a[index + 2] * b[index + 2]
    fourth += a[index + 3] * b[index + 3]
    index += 4
  }
  while index < count {
    first += a[index] * b[index]
    index += 1
  }
  return (first + second) + (third + fourth)
}

/// Adds a multiple of a vector to another one.
private func add(
  _ vector: UnsafePointer<Double>, scaledBy factor: Double, to sum: UnsafeMutablePointer<Double>,
  _ count: Int
) {
  for index in 0..<count { sum[index] += factor * vector[index] }
}
