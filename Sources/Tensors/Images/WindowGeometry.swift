/// How a square window moves over images `[images, height, width, channels]`.
///
/// The invariant: the window is placed at every `stride`-th pixel of the image padded by `before`
/// zeros on the top and left and by what the last placement needs on the bottom and right.
public struct WindowGeometry: Sendable, Equatable {
  /// Images.
  public private(set) var images: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Channels of an image.
  public let channels: Int
  /// Rows and columns of the window.
  public let window: Int
  /// Pixels between placements.
  public let stride: Int
  /// Zeros above and to the left of the image.
  public let before: Int
  /// Rows of placements.
  public let outputHeight: Int
  /// Columns of placements.
  public let outputWidth: Int

  /// Which placements there are.
  public enum Padding: Sendable, Equatable {
    /// ceil(extent / stride) placements a dimension, zeros shared between the two sides with the odd
    /// one below and to the right: TensorFlow's "SAME", which the official code uses.
    case same
    /// The given number of zeros on every side, as in PyTorch.
    case symmetric(Int)
    /// Placements wholly inside the image.
    case none
  }

  /// The placements of a window over images of the given shape.
  public init(shape: [Int], window: Int, stride: Int, padding: Padding) {
    precondition(
      shape.count == 4 && window > 0 && stride > 0,
      "A window of \(window) with stride \(stride) over images of shape \(shape).")
    images = shape[0]
    height = shape[1]
    width = shape[2]
    channels = shape[3]
    self.window = window
    self.stride = stride
    switch padding {
    case .same:
      outputHeight = (height + stride - 1) / stride
      outputWidth = (width + stride - 1) / stride
      before = max(0, ((outputHeight - 1) * stride + window - height)) / 2
      precondition(height == width, "Padding \"same\" wants square images, not \(shape).")
    case .symmetric(let zeros):
      precondition(
        (0..<window).contains(zeros),
        "A window of \(window) would lie in \(zeros) zeros beside the image altogether.")
      before = zeros
      let (high, wide) = (height + 2 * zeros, width + 2 * zeros)
      outputHeight = high < window ? 0 : (high - window) / stride + 1
      outputWidth = wide < window ? 0 : (wide - window) / stride + 1
    case .none:
      before = 0
      outputHeight = height < window ? 0 : (height - window) / stride + 1
      outputWidth = width < window ? 0 : (width - window) / stride + 1
    }
  }

  /// The same for another number of images.
  func withImages(_ count: Int) -> WindowGeometry {
    var result = self
    result.images = count
    return result
  }

  /// Placements of the window over all images.
  public var placements: Int { images * outputHeight * outputWidth }

  /// Scalars under the window.
  public var patchSize: Int { window * window * channels }

  /// The shape of the images.
  var imageShape: [Int] { [images, height, width, channels] }

  /// The rows or columns of a window placed at `origin` that lie within an extent.
  @inline(__always)
  func inside(_ origin: Int, _ extent: Int) -> Range<Int> {
    let low = max(0, -origin)
    return low..<max(low, min(window, extent - origin))
  }
}
