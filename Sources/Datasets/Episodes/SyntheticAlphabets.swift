import Foundation
import Tensors

/// Seeded characters of invented alphabets, several drawers each, as 1-bit PNG images of black ink on
/// white paper: Omniglot's form.
///
/// A character is a handful of strokes over a coarse grid; characters of one alphabet share the way
/// strokes are made (how many, how curved). A drawer redraws it with points displaced, the whole
/// slanted, turned, scaled and moved, by a pen of another width. Character c of alphabet a by drawer
/// d depends on the seed and (a, c, d) only.
public enum SyntheticAlphabets {
  /// The name of the data set, part of its folder's name.
  public static let name = "synthetic-alphabets"
  /// Rows and columns of an image.
  public static let side = 28

  /// How many there are.
  public struct Size: Sendable, Equatable {
    /// Alphabets.
    public var alphabets: Int
    /// Characters of each alphabet.
    public var characters: Int
    /// Drawings of each character.
    public var drawers: Int

    /// A size; the default makes 4,000 images.
    public init(alphabets: Int = 20, characters: Int = 10, drawers: Int = 20) {
      self.alphabets = alphabets
      self.characters = characters
      self.drawers = drawers
    }
  }

  /// The most alphabets, characters of one, and drawings of one; names have two digits.
  static let maximumSize = 99

  /// Writes the tree; each part of its size is from 1 to `maximumSize`.
  ///
  /// - Parameter command: what is recorded as the command that made it.
  public static func write(
    to path: String, _ size: Size, seed: UInt64, command: String
  ) throws(DatasetError) -> ImageTreeDescription {
    for (part, count) in [
      ("alphabets", size.alphabets), ("characters", size.characters), ("drawers", size.drawers),
    ] where !(1...maximumSize).contains(count) {
      throw DatasetError(
        .unsupported,
        "\(count) \(part) cannot be made: ask for a number from 1 to \(maximumSize).")
    }
    let writer = try ImageTreeWriter(path: path)
    for alphabet in 0..<size.alphabets {
      for character in 0..<size.characters {
        for drawer in 0..<size.drawers {
          let image = image(alphabet: alphabet, character: character, drawer: drawer, seed: seed)
          let name = String(
            format: "alphabet%02d/character%02d/%02d.png", alphabet + 1, character + 1, drawer + 1)
          try writer.write(try image.encoded(bilevel: true), to: name)
        }
      }
    }
    return try writer.finish(
      ImageTreeDescription(
        name: name, source: "generated: strokes of invented characters, seed \(seed)",
        command: command, synthetic: true))
  }

  /// One drawing, 0 = ink, 255 = paper.
  public static func image(
    alphabet: Int, character: Int, drawer: Int, seed: UInt64
  ) -> PNGImage {
    let stream = RandomStream(seed: seed, purpose: "synthetic alphabets")
      .split("alphabet", alphabet)
    let strokes = form(of: character, in: stream)
    var random = stream.split("character", character).split("drawer", drawer)
    var canvas = StrokeCanvas(side: side)
    for stroke in drawn(strokes, using: &random) { canvas.draw(stroke) }
    let radius = random.uniform(in: 0.7..<1.15)
    let pixels = canvas.ink(radius: radius, softness: 0.5).map { $0 >= 0.5 ? UInt8(0) : 255 }
    return PNGImage(width: side, height: side, channels: 1, pixels: pixels)
  }

  /// The strokes of a character, in the unit square.
  private static func form(of character: Int, in alphabet: RandomStream) -> [Stroke] {
    var style = alphabet.split("style")
    let mostStrokes = 2 + style.integer(below: 2)
    let curved = style.uniform()
    var random = alphabet.split("form", character)
    let strokes = 1 + random.integer(below: mostStrokes)
    func anchor(_ random: inout RandomStream) -> StrokePoint {
      StrokePoint(
        Double(random.integer(below: 4)) / 3 + 0.06 * random.normal(),
        Double(random.integer(below: 4)) / 3 + 0.06 * random.normal())
    }
    var joint: StrokePoint?
    return (0..<max(strokes, 1)).map { _ in
      let points = random.uniform() < curved ? 3 + random.integer(below: 2) : 2
      // Every other stroke begins where the last one ended, as in writing.
      var stroke = [random.uniform() < 0.5 ? joint ?? anchor(&random) : anchor(&random)]
      while stroke.count < points {
        let next = anchor(&random)
        guard let last = stroke.last,
          (next.x - last.x) * (next.x - last.x) + (next.y - last.y) * (next.y - last.y) > 0.1
        else { continue }
        stroke.append(next)
      }
      joint = stroke.last
      return stroke
    }
  }

  /// The strokes in pixels, as one drawer draws them.
  private static func drawn(
    _ strokes: [Stroke], using random: inout RandomStream
  ) -> [Stroke] {
    let angle = 0.14 * random.normal()
    let slant = 0.14 * random.normal()
    let height = random.uniform(in: 14..<20)
    let width = height * random.uniform(in: 0.8..<1.15)
    let (shiftX, shiftY) = (1.1 * random.normal(), 1.1 * random.normal())
    let (cosine, sine) = (cos(angle), sin(angle))
    let centre = Double(side) / 2
    return strokes.map { stroke in
      stroke.map { point in
        let y = (point.y - 0.5 + 0.045 * random.normal()) * height
        let x = (point.x - 0.5 + 0.045 * random.normal()) * width - slant * y
        return StrokePoint(
          cosine * x - sine * y + shiftX + centre, sine * x + cosine * y + shiftY + centre)
      }
    }
  }
}
