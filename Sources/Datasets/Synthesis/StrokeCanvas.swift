/// Draws strokes onto a square of grey pixels.
struct StrokeCanvas {
  /// Rows and columns.
  let side: Int
  /// The squared distance from each pixel's centre to the nearest stroke, in pixels.
  private var squaredDistance: [Double]

  /// How far from a stroke distances are kept, in pixels; beyond it a pixel is background.
  private static let reach = 5.0

  /// An empty canvas.
  init(side: Int) {
    self.side = side
    squaredDistance = Array(repeating: .infinity, count: side * side)
  }

  /// Adds a smooth curve through the points, which are in pixels.
  ///
  /// A Catmull-Rom spline; two points make a straight line.
  mutating func draw(_ stroke: Stroke) {
    guard let first = stroke.first, let last = stroke.last else { return }
    let padded = [first] + stroke + [last]
    var previous = first
    for span in 1..<(padded.count - 2) {
      let steps = stroke.count == 2 ? 1 : 6
      for step in 1...steps {
        let point = Self.spline(padded[(span - 1)...(span + 2)], Double(step) / Double(steps))
        draw(from: previous, to: point)
        previous = point
      }
    }
  }

  private static func spline(_ points: ArraySlice<StrokePoint>, _ t: Double) -> StrokePoint {
    let base = points.startIndex
    let a = points[base]
    let b = points[base + 1]
    let c = points[base + 2]
    let d = points[base + 3]
    func blend(_ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Double {
      let quadratic = 2 * a - 5 * b + 4 * c - d
      let cubic = 3 * (b - c) + d - a
      return b + 0.5 * t * (c - a + t * (quadratic + t * cubic))
    }
    return StrokePoint(blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y))
  }

  private mutating func draw(from start: StrokePoint, to end: StrokePoint) {
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let squaredLength = dx * dx + dy * dy
    let rows = pixels(between: start.y, and: end.y)
    let columns = pixels(between: start.x, and: end.x)
    for row in rows {
      for column in columns {
        let (px, py) = (Double(column) + 0.5 - start.x, Double(row) + 0.5 - start.y)
        let along =
          squaredLength > 0 ? min(1, max(0, (px * dx + py * dy) / squaredLength)) : 0
        let (ex, ey) = (px - along * dx, py - along * dy)
        let distance = ex * ex + ey * ey
        if distance < squaredDistance[row * side + column] {
          squaredDistance[row * side + column] = distance
        }
      }
    }
  }

  private func pixels(between a: Double, and b: Double) -> Range<Int> {
    let low = max(0, Int((min(a, b) - Self.reach).rounded(.down)))
    let high = min(side, Int((max(a, b) + Self.reach).rounded(.up)))
    return low..<max(low, high)
  }

  /// The ink of each pixel from 0 to 1, row-major: 1 inside the stroke's radius, falling to 0 over
  /// `softness` pixels around it.
  func ink(radius: Double, softness: Double) -> [Double] {
    squaredDistance.map { squared in
      guard squared <= Self.reach * Self.reach else { return 0 }
      return min(1, max(0, 0.5 + (radius - squared.squareRoot()) / softness))
    }
  }
}
