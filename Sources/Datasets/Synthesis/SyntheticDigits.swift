import Foundation
import Tensors

/// Seeded images of digit-like characters, 28 x 28, in MNIST's manner: light ink on a background of
/// exact zeros, roughly centred.
///
/// Each image draws a form of its digit, disturbs the form (control points, curvature, slant,
/// rotation, proportions, size), and writes it with a pen of random width and softness. The amounts
/// are such that softmax regression finds them about as hard as MNIST: trained on 5,000 images it
/// reaches 88 to 92 % on new ones, and some 81 % of the pixels are 0. Both are tested.
///
/// Image i of a split depends on the seed, the split and i only, not on how many are made.
public enum SyntheticDigits {
  /// The name of the data set, part of its files' names.
  public static let name = "synthetic-digits"
  /// Rows and columns of an image.
  public static let side = 28

  /// The most images that are made at once: their pixels are held in memory, and read again as one array.
  package static let maximumCount = 5_000_000

  /// A data set of `count` images, from 1 to `maximumCount`.
  ///
  /// - Parameter command: what is recorded as the command that made it.
  public static func dataset(
    count: Int, split: String, seed: UInt64, command: String = ""
  ) throws(DatasetError) -> ImageDataset {
    guard count > 0 else {
      throw DatasetError(
        .unsupported, "\(count) images cannot be made: ask for at least one image a split.")
    }
    guard count <= maximumCount else {
      throw DatasetError(
        .unsupported,
        "\(count) images cannot be made: ask for at most \(maximumCount) images a split.")
    }
    let stream = RandomStream(seed: seed, purpose: "synthetic digits \(split)")
    var images: [UInt8] = []
    images.reserveCapacity(count * side * side)
    var labels: [UInt8] = []
    labels.reserveCapacity(count)
    for index in 0..<count {
      var random = stream.split("image", index)
      let label = random.integer(below: 10)
      labels.append(UInt8(label))
      images.append(contentsOf: image(of: label, using: &random))
    }
    return try ImageDataset(
      name: name, split: split, shape: [count, side, side], images: images, labels: labels,
      classNames: (0...9).map { String($0) },
      provenance: ImageProvenance(
        source: "generated: strokes of digits, seed \(seed)", command: command,
        tool: ImageDataset.ownTool, isSynthetic: true))
  }

  /// One image of the digit, `[side, side]` row-major, 0 = background.
  public static func image(of digit: Int, using random: inout RandomStream) -> [UInt8] {
    precondition((0...9).contains(digit), "\(digit) is not a digit from 0 to 9.")
    let variation = Variation.standard
    let glyph = form(of: digit, using: &random)
    let strokes = placed(disturbed(glyph.strokes, variation, &random), variation, &random)
    var canvas = StrokeCanvas(side: side)
    for stroke in strokes { canvas.draw(stroke) }
    let radius = variation.penRadius * exp(variation.penRadiusSpread * random.normal())
    let softness = random.uniform(in: variation.softness)
    let strength = 1 - variation.fading * random.uniform()
    return canvas.ink(radius: min(2.4, max(0.5, radius)), softness: softness).map { ink in
      // Noise only where there is ink: an exact background is what makes such images sparse.
      guard ink > 0 else { return 0 }
      let noisy = strength * ink + variation.pixelNoise * random.normal()
      return UInt8((255 * min(1, max(0, noisy))).rounded())
    }
  }

  private static func form(of digit: Int, using random: inout RandomStream) -> DigitGlyph {
    let forms = DigitGlyph.forms[digit]
    var remaining = random.uniform() * forms.reduce(0) { $0 + $1.weight }
    for form in forms {
      remaining -= form.weight
      if remaining < 0 { return form }
    }
    return forms[forms.count - 1]
  }

  /// The strokes with every point moved: each on its own, and all together by a smooth field.
  private static func disturbed(
    _ strokes: [Stroke], _ variation: Variation, _ random: inout RandomStream
  ) -> [Stroke] {
    // A smooth field bends the whole character, so that joined strokes mostly stay joined.
    var waves: [(Double, Double, Double, Double, Double)] = []
    for _ in 0..<3 {
      waves.append(
        (
          random.uniform(in: -5..<5), random.uniform(in: -5..<5), random.uniform(in: 0..<6.2832),
          variation.bending * random.normal(), variation.bending * random.normal()
        ))
    }
    return strokes.map { stroke in
      stroke.map { point in
        var moved = point
        for (fx, fy, phase, ax, ay) in waves {
          let wave = sin(fx * point.x + fy * point.y + phase)
          moved.x += ax * wave
          moved.y += ay * wave
        }
        moved.x += variation.pointJitter * random.normal()
        moved.y += variation.pointJitter * random.normal()
        return moved
      }
    }
  }

  /// The strokes in pixels: slanted, turned, scaled, and centred by their points with a small error.
  private static func placed(
    _ strokes: [Stroke], _ variation: Variation, _ random: inout RandomStream
  ) -> [Stroke] {
    let slant = variation.slantMean + variation.slant * random.normal()
    let angle = variation.rotation * random.normal()
    let height = random.uniform(in: variation.height)
    let width = height * random.uniform(in: variation.aspect)
    let (cosine, sine) = (cos(angle), sin(angle))
    func place(_ point: StrokePoint) -> StrokePoint {
      let y = point.y - 0.5
      let x = (point.x - 0.5) * width - slant * y * height
      return StrokePoint(cosine * x - sine * y * height, sine * x + cosine * y * height)
    }
    let turned = strokes.map { $0.map(place) }
    let points = turned.flatMap { $0 }
    let count = Double(points.count)
    let shiftX = variation.position * random.normal() - points.reduce(0) { $0 + $1.x } / count
    let shiftY = variation.position * random.normal() - points.reduce(0) { $0 + $1.y } / count
    let centre = Double(side) / 2
    return turned.map { stroke in
      stroke.map { StrokePoint($0.x + shiftX + centre, $0.y + shiftY + centre) }
    }
  }

  /// How much images of one digit differ. Lengths of the form are fractions of its height; pen and
  /// position are in pixels.
  struct Variation {
    var pointJitter: Double
    var bending: Double
    var slantMean: Double
    var slant: Double
    var rotation: Double
    var height: Range<Double>
    var aspect: Range<Double>
    var position: Double
    var penRadius: Double
    var penRadiusSpread: Double
    var softness: Range<Double>
    var fading: Double
    var pixelNoise: Double

    /// Calibrated against MNIST, see the type's description.
    static let standard = Variation(
      pointJitter: 0.033, bending: 0.04, slantMean: 0.12, slant: 0.22, rotation: 0.08,
      height: 16..<20, aspect: 0.55..<0.95, position: 0.9, penRadius: 1.1,
      penRadiusSpread: 0.25, softness: 0.9..<1.8, fading: 0.15, pixelNoise: 0.06)
  }
}
