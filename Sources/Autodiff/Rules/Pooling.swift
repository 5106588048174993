/// Maximum and average pooling of images with channels last.
extension Variable {
  /// The largest scalar of every window of the given size, windows side by side; pixels that fill no
  /// whole window are left out.
  ///
  /// The positions of the maxima are constants of the derivative (the maximum is piecewise linear), so
  /// what is differentiated is a gather, whose transpose is a scatter.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func maximumPooled(window: Int) -> Variable {
    let geometry = WindowGeometry(shape: shape, window: window, stride: window, padding: .none)
    return gathering(
      value.positionsOfWindowMaxima(geometry),
      shape: [shape[0], geometry.outputHeight, geometry.outputWidth, shape[3]])
  }

  /// The mean of each channel over all pixels of an image: `[images, channels]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func averagedOverPixels() -> Variable {
    let pixels = shape[1] * shape[2]
    return (1 / Scalar(max(1, pixels)))
      * reshaped([shape[0], pixels, shape[3]]).sum(alongAxis: 1)
  }

  /// The scalars at fixed positions of the storage, under a shape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func gathering(_ positions: [Int32], shape newShape: [Int]) -> Variable {
    .applying(
      Gather(positions: positions, sourceShape: shape, resultShape: newShape), to: [self],
      value: value.gathering(positions, shape: newShape))
  }

  /// Zeros of a shape to which every scalar has been added at its fixed position.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func scattering(_ positions: [Int32], shape newShape: [Int]) -> Variable {
    .applying(
      Scatter(positions: positions, sourceShape: shape, resultShape: newShape), to: [self],
      value: value.scattering(positions, shape: newShape))
  }

  private struct Gather: LinearRule {
    let positions: [Int32]
    let sourceShape: [Int]
    let resultShape: [Int]
    func apply(_ input: Variable) -> Variable { input.gathering(positions, shape: resultShape) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.scattering(positions, shape: sourceShape)
    }
  }

  private struct Scatter: LinearRule {
    let positions: [Int32]
    let sourceShape: [Int]
    let resultShape: [Int]
    func apply(_ input: Variable) -> Variable { input.scattering(positions, shape: resultShape) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.gathering(positions, shape: sourceShape)
    }
  }
}
