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
  /// therefore repeats pixels. The mean of the whole image is kept up to rounding. Memory beyond that of
  /// both images is of the order of one row of each.
  public func resized(width newWidth: Int, height newHeight: Int) -> PNGImage {
    guard newWidth != width || newHeight != height else { return self }
    let columns = (0..<newWidth).map { Coverage(by: $0, of: newWidth, from: width) }
    let stride = newWidth * channels
    var result = [UInt8](repeating: 0, count: newHeight * stride)
    // One old row at a time, already as wide as the new ones; two new rows share at most the last one.
    var narrow = [Double](repeating: 0, count: stride)
    var narrowed: Int?
    var sums = narrow
    for row in 0..<newHeight {
      for offset in 0..<stride { sums[offset] = 0 }
      let covered = Coverage(by: row, of: newHeight, from: height)
      for source in covered.sources {
        guard let weight = covered.weight(of: source) else { continue }
        if narrowed != source {
          resample(row: source, columns, into: &narrow)
          narrowed = source
        }
        for offset in 0..<stride { sums[offset] += weight * narrow[offset] }
      }
      for offset in 0..<stride {
        result[row * stride + offset] = UInt8(min(255, max(0, sums[offset].rounded())))
      }
    }
    return PNGImage(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }

  /// Makes `narrow` one row of the image with its columns resampled, `[columns, channels]`.
  private func resample(row: Int, _ columns: [Coverage], into narrow: inout [Double]) {
    for (column, covered) in columns.enumerated() {
      let place = column * channels
      for channel in 0..<channels { narrow[place + channel] = 0 }
      for source in covered.sources {
        guard let weight = covered.weight(of: source) else { continue }
        for channel in 0..<channels {
          narrow[place + channel] +=
            weight * Double(pixels[(row * width + source) * channels + channel])
        }
      }
    }
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

  /// The old cells, of a row or a column, that a new one covers, with weights that sum to 1.
  private struct Coverage {
    private let low: Double
    private let high: Double
    /// The old cells.
    let sources: Range<Int>

    /// What the new cell `index` of `new` covers of `old` ones.
    init(by index: Int, of new: Int, from old: Int) {
      low = Double(index) * Double(old) / Double(new)
      high = Double(index + 1) * Double(old) / Double(new)
      sources = Int(low)..<min(old, Int(high.rounded(.up)))
    }

    /// The weight of an old cell; nil where nothing but rounding makes it a part.
    func weight(of source: Int) -> Double? {
      let overlap = min(high, Double(source + 1)) - max(low, Double(source))
      return overlap > 1e-12 ? overlap / (high - low) : nil
    }
  }
}
