/// The geometry of pooling over square windows of images `[batch, channels, height, width]`, and the
/// linear maps that maximum and average pooling and their derivatives consist of.
///
/// Maximum pooling is linear once the positions of the maxima are known: ``maximum(_:)`` finds them,
/// ``gather(_:at:)`` picks values there, and ``scatter(_:at:)``, its transpose, puts them back. The
/// derivative of each in its tensor is the other, at the same positions; so derivatives of any order
/// need no more. The same holds for ``average(_:)`` and ``averageTransposed(_:)``.
///
/// All are one pass over the data, on ``Parallel/threads`` cores, with the same bits for any number.
public struct Pooling2D: Sendable, Hashable {
  /// The shape of the images.
  public let imageShape: [Int]
  /// Rows and columns of a window.
  public let window: Int
  /// Pixels between neighbouring windows.
  public let stride: Int
  /// Rows and columns added on each side; smaller than the window, so that none is empty.
  public let padding: Int

  /// The geometry; windows that do not fit entirely are left out.
  public init(images: [Int], window: Int, stride: Int? = nil, padding: Int = 0) {
    let stride = stride ?? window
    precondition(images.count == 4, "Pooling of a tensor of shape \(images).")
    precondition(
      window > 0 && stride > 0 && padding >= 0 && padding < window,
      "Pooling with window \(window), stride \(stride) and padding \(padding).")
    precondition(
      window <= images[2] + 2 * padding && window <= images[3] + 2 * padding,
      "Windows of \(window) do not fit images \(images) with padding \(padding).")
    imageShape = images
    self.window = window
    self.stride = stride
    self.padding = padding
  }

  /// Rows of a result.
  public var outputHeight: Int { (imageShape[2] + 2 * padding - window) / stride + 1 }
  /// Columns of a result.
  public var outputWidth: Int { (imageShape[3] + 2 * padding - window) / stride + 1 }
  /// The shape of a result.
  public var resultShape: [Int] { [imageShape[0], imageShape[1], outputHeight, outputWidth] }

  var planes: Int { imageShape[0] * imageShape[1] }
  var imagePixels: Int { imageShape[2] * imageShape[3] }
  var resultPixels: Int { outputHeight * outputWidth }

  /// Where each result found its maximum.
  public struct Positions: Sendable, Equatable {
    /// The pooling that found them.
    public let pooling: Pooling2D
    /// For each result, row-major, the pixel `row * width + column` of its image plane.
    public let pixels: [Int32]
  }
}

// MARK: - Maximum

extension Pooling2D {
  /// The largest value of each window, and where it is: the first in row-major order among equals, a
  /// NaN before all numbers. Padding never wins.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func maximum<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>
  ) -> (values: Tensor<Scalar>, positions: Positions) {
    check(x, imageShape)
    let pixels = [Int32](unsafeUninitializedCapacity: planes * resultPixels) { pixels, count in
      count = planes * resultPixels
      guard let target = pixels.baseAddress, count > 0 else { return }
      let out = SharedMutablePointer(target)
      x.scalars.withUnsafeBufferPointer { x in
        guard let x = x.baseAddress.map({ SharedPointer($0) }) else { return }
        Parallel.forEachBlock(of: planes, blockSize: planesPerBlock) { block in
          for plane in block {
            self.findMaxima(
              x.pointer + plane * self.imagePixels, out.pointer + plane * self.resultPixels)
          }
        }
      }
    }
    let positions = Positions(pooling: self, pixels: pixels)
    return (gather(x, at: positions), positions)
  }

  @inline(__always)
  private func findMaxima<Scalar: TensorScalar>(
    _ image: UnsafePointer<Scalar>, _ out: UnsafeMutablePointer<Int32>
  ) {
    let width = imageShape[3]
    for p in 0..<outputHeight {
      let rows = clipped(p, imageShape[2])
      for q in 0..<outputWidth {
        let columns = clipped(q, width)
        var best = rows.lowerBound * width + columns.lowerBound
        for row in rows {
          for pixel in row * width + columns.lowerBound..<row * width + columns.upperBound
          where image[pixel] > image[best] || (image[pixel].isNaN && !image[best].isNaN) {
            best = pixel
          }
        }
        out[p * outputWidth + q] = Int32(best)
      }
    }
  }

  /// The values of images at the given positions; shape of the result.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func gather<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, at positions: Positions
  ) -> Tensor<Scalar> {
    check(x, imageShape)
    check(positions)
    return Tensor(shape: resultShape) { result in
      x.scalars.withUnsafeBufferPointer { x in
        positions.pixels.withUnsafeBufferPointer { pixels in
          for plane in 0..<planes {
            for index in plane * resultPixels..<(plane + 1) * resultPixels {
              result[index] = x[plane * imagePixels + Int(pixels[index])]
            }
          }
        }
      }
    }
  }

  /// Images that are zero but for the given results, added at their positions: the transpose of
  /// ``gather(_:at:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scatter<Scalar: TensorScalar>(
    _ dy: Tensor<Scalar>, at positions: Positions
  ) -> Tensor<Scalar> {
    check(dy, resultShape)
    check(positions)
    return Tensor(shape: imageShape) { result in
      result.update(repeating: 0)
      dy.scalars.withUnsafeBufferPointer { dy in
        positions.pixels.withUnsafeBufferPointer { pixels in
          for plane in 0..<planes {
            for index in plane * resultPixels..<(plane + 1) * resultPixels {
              result[plane * imagePixels + Int(pixels[index])] += dy[index]
            }
          }
        }
      }
    }
  }
}

// MARK: - Average

extension Pooling2D {
  /// The sum of each window divided by window^2; padding counts as zeros.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func average<Scalar: TensorScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    check(x, imageShape)
    let weight = 1 / Scalar(window * window)
    return Tensor(shape: resultShape) { result in
      x.scalars.withUnsafeBufferPointer { x in
        forEachWindow { output, pixels, isFirst in
          var sum = isFirst ? 0 : result[output]
          for pixel in pixels { sum += x[pixel] }
          result[output] = sum
        }
      }
      for index in result.indices { result[index] *= weight }
    }
  }

  /// Images in which each result is spread evenly over its window: the transpose of
  /// ``average(_:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func averageTransposed<Scalar: TensorScalar>(_ dy: Tensor<Scalar>) -> Tensor<Scalar> {
    check(dy, resultShape)
    let weight = 1 / Scalar(window * window)
    return Tensor(shape: imageShape) { result in
      result.update(repeating: 0)
      dy.scalars.withUnsafeBufferPointer { dy in
        forEachWindow { output, pixels, _ in
          for pixel in pixels { result[pixel] += weight * dy[output] }
        }
      }
    }
  }

  /// Calls `body` with (result, a row of pixels of its window, whether it is the window's first row).
  @inline(__always)
  private func forEachWindow(_ body: (Int, Range<Int>, Bool) -> Void) {
    let (height, width) = (imageShape[2], imageShape[3])
    for plane in 0..<planes {
      for p in 0..<outputHeight {
        let rows = clipped(p, height)
        for q in 0..<outputWidth {
          let columns = clipped(q, width)
          let output = plane * resultPixels + p * outputWidth + q
          for row in rows {
            let line = plane * imagePixels + row * width
            body(
              output, line + columns.lowerBound..<line + columns.upperBound,
              row == rows.lowerBound)
          }
        }
      }
    }
  }
}

// MARK: - Checks

extension Pooling2D {
  private var planesPerBlock: Int { max(16, (planes + 63) / 64) }

  /// The part of window number `index` that lies inside an extent. Never empty, because the padding
  /// is smaller than the window.
  @inline(__always)
  private func clipped(_ index: Int, _ extent: Int) -> Range<Int> {
    let first = index * stride - padding
    return max(0, first)..<min(extent, first + window)
  }

  private func check<Scalar>(_ tensor: Tensor<Scalar>, _ shape: [Int]) {
    precondition(tensor.shape == shape, "Pooling expects shape \(shape), got \(tensor.shape).")
  }

  private func check(_ positions: Positions) {
    precondition(
      positions.pooling == self, "Positions of \(positions.pooling) used with \(self).")
  }
}
