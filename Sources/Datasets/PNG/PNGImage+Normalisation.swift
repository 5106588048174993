/// Bringing images of any form to the one a network expects.
extension PNGImage {
  /// The image with 1 channel (luminance, weights of ITU-R BT.601) or 3 (grey repeated).
  public func converted(channels wanted: Int) -> PNGImage {
    guard wanted != channels else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(width * height * wanted)
    for index in 0..<(width * height) {
      if wanted == 1 {
        let (r, g, b) = (pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2])
        let luminance = 0.299 * Double(r) + 0.587 * Double(g) + 0.114 * Double(b)
        result.append(UInt8(min(255, luminance.rounded())))
      } else {
        result += [pixels[index], pixels[index], pixels[index]]
      }
    }
    return PNGImage(width: width, height: height, channels: wanted, pixels: result)
  }

  /// The negative: 255 - each sample.
  public var inverted: PNGImage {
    PNGImage(width: width, height: height, channels: channels, pixels: pixels.map { 255 - $0 })
  }

  /// The image resampled to the given size.
  ///
  /// Each new pixel is the mean of the area that it covers in the old image, separably; enlarging
  /// therefore repeats pixels. The mean of the whole image is kept up to rounding.
  public func resized(width newWidth: Int, height newHeight: Int) -> PNGImage {
    guard newWidth != width || newHeight != height else { return self }
    let columns = Self.coverage(from: width, to: newWidth)
    let rows = Self.coverage(from: height, to: newHeight)
    var narrow = [Double](repeating: 0, count: height * newWidth * channels)
    for row in 0..<height {
      for (column, parts) in columns.enumerated() {
        for (source, weight) in parts {
          for channel in 0..<channels {
            narrow[(row * newWidth + column) * channels + channel] +=
              weight * Double(pixels[(row * width + source) * channels + channel])
          }
        }
      }
    }
    let stride = newWidth * channels
    var result = [UInt8](repeating: 0, count: newHeight * stride)
    for (row, parts) in rows.enumerated() {
      for offset in 0..<stride {
        let value = parts.reduce(0.0) { $0 + $1.weight * narrow[$1.source * stride + offset] }
        result[row * stride + offset] = UInt8(min(255, max(0, value.rounded())))
      }
    }
    return PNGImage(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }

  /// The image resampled to the given size by taking the pixel in the middle of what each new one
  /// covers, and every sample black or white, whichever is nearer.
  public func oneBit(width newWidth: Int, height newHeight: Int) -> PNGImage {
    let columns = Self.middles(from: width, to: newWidth)
    let rows = Self.middles(from: height, to: newHeight)
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * newHeight * channels)
    for row in rows {
      for column in columns {
        for channel in 0..<channels {
          result.append(pixels[(row * width + column) * channels + channel] >= 128 ? 255 : 0)
        }
      }
    }
    return PNGImage(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }

  /// For each new cell the old one that holds its middle.
  private static func middles(from old: Int, to new: Int) -> [Int] {
    (0..<new).map { min(old - 1, (2 * $0 + 1) * old / (2 * new)) }
  }

  /// For each new cell the old cells that it covers, with weights that sum to 1.
  private static func coverage(
    from old: Int, to new: Int
  ) -> [[(source: Int, weight: Double)]] {
    (0..<new).map { index in
      let low = Double(index) * Double(old) / Double(new)
      let high = Double(index + 1) * Double(old) / Double(new)
      return (Int(low)..<min(old, Int(high.rounded(.up)))).compactMap { source in
        let overlap = min(high, Double(source + 1)) - max(low, Double(source))
        return overlap > 1e-12 ? (source, overlap / (high - low)) : nil
      }
    }
  }
}
