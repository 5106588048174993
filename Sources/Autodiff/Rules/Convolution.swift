/// Convolution of images with channels last, and its derivatives.
///
/// <c, conv(x, w)> is linear in each of its three arguments. Its gradients in c, x and w are the three
/// operations below; the derivative of each in either of its arguments is another of them, so the
/// family is closed under differentiation of any order.
extension Variable {
  /// The convolution (without flipping, as the field has it) of images `[images, height, width, c]`
  /// with filters `[f, window, window, c]`: `[images, height', width', f]`.
  ///
  /// Cost: 2 placements f window^2 c operations; nothing is kept but the operands.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolved(
    with filters: Variable, stride: Int, padding: WindowGeometry.Padding
  ) -> Variable {
    precondition(
      filters.shape.count == 4 && shape.count == 4 && filters.shape[1] == filters.shape[2]
        && filters.shape[3] == shape[3],
      "Filters of shape \(filters.shape) for images of shape \(shape).")
    let geometry = WindowGeometry(
      shape: shape, window: filters.shape[1], stride: stride, padding: padding)
    let matrix = filters.reshaped([filters.shape[0], geometry.patchSize])
    return convolved(with: matrix, geometry)
      .reshaped([shape[0], geometry.outputHeight, geometry.outputWidth, filters.shape[0]])
  }

  /// conv(self, w), `[placements, f]`, of images with filters `[f, patchSize]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolved(with filters: Variable, _ geometry: WindowGeometry) -> Variable {
    .applying(
      Convolution(geometry: geometry), to: [self, filters],
      value: value.convolved(with: filters.value, geometry))
  }

  /// The gradient of <self, conv(x, w)> in x: images.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolutionImageGradient(
    filters: Variable, _ geometry: WindowGeometry
  ) -> Variable {
    .applying(
      ImageGradient(geometry: geometry), to: [self, filters],
      value: value.convolutionImageGradient(filters: filters.value, geometry))
  }

  /// The gradient of <c, conv(self, w)> in w: filters `[f, patchSize]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolutionFilterGradient(
    cotangent: Variable, _ geometry: WindowGeometry
  ) -> Variable {
    .applying(
      FilterGradient(geometry: geometry), to: [self, cotangent],
      value: value.convolutionFilterGradient(cotangent: cotangent.value, geometry))
  }

  private struct Convolution: BilinearRule {
    let geometry: WindowGeometry
    func apply(_ images: Variable, _ filters: Variable) -> Variable {
      images.convolved(with: filters, geometry)
    }
    func firstCotangent(_ cotangent: Variable, second filters: Variable) -> Variable {
      cotangent.convolutionImageGradient(filters: filters, geometry)
    }
    func secondCotangent(_ cotangent: Variable, first images: Variable) -> Variable {
      images.convolutionFilterGradient(cotangent: cotangent, geometry)
    }
  }

  private struct ImageGradient: BilinearRule {
    let geometry: WindowGeometry
    func apply(_ c: Variable, _ filters: Variable) -> Variable {
      c.convolutionImageGradient(filters: filters, geometry)
    }
    func firstCotangent(_ images: Variable, second filters: Variable) -> Variable {
      images.convolved(with: filters, geometry)
    }
    func secondCotangent(_ images: Variable, first c: Variable) -> Variable {
      images.convolutionFilterGradient(cotangent: c, geometry)
    }
  }

  private struct FilterGradient: BilinearRule {
    let geometry: WindowGeometry
    func apply(_ images: Variable, _ c: Variable) -> Variable {
      images.convolutionFilterGradient(cotangent: c, geometry)
    }
    func firstCotangent(_ filters: Variable, second c: Variable) -> Variable {
      c.convolutionImageGradient(filters: filters, geometry)
    }
    func secondCotangent(_ filters: Variable, first images: Variable) -> Variable {
      images.convolved(with: filters, geometry)
    }
  }
}
