/// Convolution of images with channels last, and its derivatives.
///
/// Patches are a linear map and its transpose; with the matrix product they make convolution, its
/// derivative with respect to the images and its derivative with respect to the filters, closed under
/// differentiation of any order.
extension Variable {
  /// The scalars under every placement of the window, `[placements, window x window x channels]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func patches(_ geometry: WindowGeometry) -> Variable {
    .applying(Patches(geometry: geometry), to: [self], value: value.patches(geometry))
  }

  /// The images in which every patch has been added where it came from.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func accumulatingPatches(_ geometry: WindowGeometry) -> Variable {
    .applying(
      AccumulatedPatches(geometry: geometry), to: [self],
      value: value.accumulatingPatches(geometry))
  }

  /// The convolution (without flipping, as the field has it) of images `[images, height, width, c]`
  /// with filters `[f, window, window, c]`: `[images, height', width', f]`.
  ///
  /// Cost: 2 placements f window^2 c operations, and the patches in memory while a derivative needs
  /// them.
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
    return patches(geometry).multiplied(by: matrix, transposingOther: true)
      .reshaped([shape[0], geometry.outputHeight, geometry.outputWidth, filters.shape[0]])
  }

  private struct Patches: LinearRule {
    let geometry: WindowGeometry
    func apply(_ input: Variable) -> Variable { input.patches(geometry) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.accumulatingPatches(geometry)
    }
  }

  private struct AccumulatedPatches: LinearRule {
    let geometry: WindowGeometry
    func apply(_ input: Variable) -> Variable { input.accumulatingPatches(geometry) }
    func applyTransposed(_ cotangent: Variable, inputShape: [Int]) -> Variable {
      cotangent.patches(geometry)
    }
  }
}
