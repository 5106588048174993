import Tensors

/// The images of an episode side by side: one row per class, support images, a gap, query images.
public struct EpisodePicture {
  private let episode: Episode<Float>
  private let isNegative: Bool
  private let magnification: Int

  /// The picture of an episode.
  ///
  /// - Parameters:
  ///   - isNegative: whether black and white are exchanged, as the network sees ink.
  ///   - magnification: rows and columns that a pixel becomes.
  public init(episode: Episode<Float>, isNegative: Bool, magnification: Int) {
    self.episode = episode
    self.isNegative = isNegative
    self.magnification = magnification
  }

  private static let gap = 4

  /// The picture, on a grey ground.
  public var image: PNGImage {
    let shape = episode.supportImages.shape
    let (side, channels) = (shape[1], shape[3])
    let (shots, queries) = (shape[0] / episode.ways, episode.queryImages.shape[0] / episode.ways)
    let cell = side * magnification + Self.gap
    let width = (shots + queries) * cell + 3 * Self.gap
    let height = episode.ways * cell + Self.gap
    var pixels = [UInt8](repeating: 160, count: width * height * channels)
    func draw(_ images: Tensor<Float>, _ index: Int, row: Int, left: Int) {
      let source = index * side * side * channels
      for y in 0..<side * magnification {
        for x in 0..<side * magnification {
          let from = source + ((y / magnification) * side + x / magnification) * channels
          let to = ((row + y) * width + left + x) * channels
          for channel in 0..<channels {
            let value = (255 * images.scalars[from + channel]).rounded()
            let sample = UInt8(max(0, min(255, value)))
            pixels[to + channel] = isNegative ? 255 - sample : sample
          }
        }
      }
    }
    for way in 0..<episode.ways {
      let row = Self.gap + way * cell
      for shot in 0..<shots {
        draw(episode.supportImages, way * shots + shot, row: row, left: Self.gap + shot * cell)
      }
      for query in 0..<queries {
        let left = 3 * Self.gap + (shots + query) * cell
        draw(episode.queryImages, way * queries + query, row: row, left: left)
      }
    }
    return PNGImage(width: width, height: height, channels: channels, pixels: pixels)
  }
}
