/// The three products of a convolution as matrix products over the matrix of image patches.
///
/// For a group of images, column (image, p, q) of the patch matrix `[patchSize, positions]` holds the
/// inputs that output (p, q) sees. Then y = w P, the gradient in w is dy P^T, and the gradient in x
/// adds the columns of w^T dy back into the image. Images are grouped so that a group has some
/// hundreds of positions: late layers, of a few pixels, would else be products with almost no
/// columns. Scratch: (patchSize + outputChannels) times the positions of a group.
struct PortableConvolution<Scalar: TensorScalar> {
  let geometry: Convolution2D

  private var pixels: Int { geometry.outputHeight * geometry.outputWidth }
  private var imagesPerGroup: Int {
    max(1, min(geometry.batch, (512 + pixels - 1) / max(1, pixels)))
  }

  /// y from x and w.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func forward(
    _ x: UnsafePointer<Scalar>, _ w: UnsafePointer<Scalar>, into y: UnsafeMutablePointer<Scalar>
  ) {
    forEachGroup { images, patches, results in
      gatherPatches(x, images, patches)
      let shape = MatrixProductShape(
        rows: geometry.outputChannels, columns: images.count * pixels, inner: geometry.patchSize)
      portableMultiplyMatrices(shape, w, patches, 0, results)
      copyResults(images) { image, channel, positions in
        (y + (image * geometry.outputChannels + channel) * pixels)
          .update(from: results + positions, count: pixels)
      }
    }
  }

  /// The gradient in x from that in y, and w.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func dataDerivative(
    _ dy: UnsafePointer<Scalar>, _ w: UnsafePointer<Scalar>, into dx: UnsafeMutablePointer<Scalar>
  ) {
    dx.update(repeating: 0, count: geometry.batch * geometry.imageSize)
    forEachGroup { images, patches, results in
      copyResults(images) { image, channel, positions in
        (results + positions)
          .update(from: dy + (image * geometry.outputChannels + channel) * pixels, count: pixels)
      }
      let shape = MatrixProductShape(
        rows: geometry.patchSize, columns: images.count * pixels, inner: geometry.outputChannels,
        transposesLeft: true)
      portableMultiplyMatrices(shape, w, results, 0, patches)
      scatterPatches(patches, images, dx)
    }
  }

  /// The gradient in w from x, and that in y.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func weightDerivative(
    _ x: UnsafePointer<Scalar>, _ dy: UnsafePointer<Scalar>, into dw: UnsafeMutablePointer<Scalar>
  ) {
    dw.update(repeating: 0, count: geometry.weightCount)
    forEachGroup { images, patches, results in
      gatherPatches(x, images, patches)
      copyResults(images) { image, channel, positions in
        (results + positions)
          .update(from: dy + (image * geometry.outputChannels + channel) * pixels, count: pixels)
      }
      let shape = MatrixProductShape(
        rows: geometry.outputChannels, columns: geometry.patchSize, inner: images.count * pixels,
        transposesRight: true)
      portableMultiplyMatrices(shape, results, patches, 1, dw)
    }
  }

  // MARK: - Groups and patches

  /// Calls `body` with each group of images and scratch for its patches and its results
  /// `[outputChannels, positions]`.
  @inline(__always)
  private func forEachGroup(
    _ body: (Range<Int>, UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
  ) {
    let positions = imagesPerGroup * pixels
    let count = (geometry.patchSize + geometry.outputChannels) * positions
    let scratch = alignedAllocation(of: Scalar.self, count: count)
    defer { UnsafeMutableRawPointer(scratch).deallocate() }
    var first = 0
    while first < geometry.batch {
      let images = first..<min(geometry.batch, first + imagesPerGroup)
      body(images, scratch, scratch + geometry.patchSize * positions)
      first = images.upperBound
    }
  }

  /// Calls `body` with (image, channel, offset of its pixels in the results of the group).
  @inline(__always)
  private func copyResults(_ images: Range<Int>, _ body: (Int, Int, Int) -> Void) {
    for channel in 0..<geometry.outputChannels {
      for image in images {
        body(image, channel, (channel * images.count + image - images.lowerBound) * pixels)
      }
    }
  }

  /// The output columns q whose input column `q stride + j - padding` lies inside the image.
  @inline(__always)
  private func columnsInside(_ j: Int) -> Range<Int> {
    let offset = j - geometry.padding
    let first = offset >= 0 ? 0 : (-offset + geometry.stride - 1) / geometry.stride
    let room = geometry.inputWidth - 1 - offset
    let end = room < 0 ? 0 : min(geometry.outputWidth, room / geometry.stride + 1)
    return first..<max(first, end)
  }

  @inline(__always)
  private func gatherPatches(
    _ x: UnsafePointer<Scalar>, _ images: Range<Int>, _ patches: UnsafeMutablePointer<Scalar>
  ) {
    forEachPatchRow(images) { source, target, inside in
      guard let source else {
        (patches + target).update(repeating: 0, count: geometry.outputWidth)
        return
      }
      let line = patches + target
      for q in 0..<inside.lowerBound { line[q] = 0 }
      if geometry.stride == 1 {
        for q in inside { line[q] = x[source + q] }
      } else {
        for q in inside { line[q] = x[source + q * geometry.stride] }
      }
      for q in inside.upperBound..<max(inside.upperBound, geometry.outputWidth) { line[q] = 0 }
    }
  }

  @inline(__always)
  private func scatterPatches(
    _ patches: UnsafePointer<Scalar>, _ images: Range<Int>, _ dx: UnsafeMutablePointer<Scalar>
  ) {
    forEachPatchRow(images) { source, target, inside in
      guard let source else { return }
      for q in inside { dx[source + q * geometry.stride] += patches[target + q] }
    }
  }

  /// Calls `body` for each row of output pixels of each patch row: the offset in the images of the
  /// input of q = 0 (nil where the input row lies outside; it may point before the row, where only
  /// the columns `inside` exist), the offset in the patches, and the columns inside.
  @inline(__always)
  private func forEachPatchRow(_ images: Range<Int>, _ body: (Int?, Int, Range<Int>) -> Void) {
    let (height, width) = (geometry.inputHeight, geometry.inputWidth)
    var patchRow = 0
    for channel in 0..<geometry.inputChannels {
      for i in 0..<geometry.kernelHeight {
        for j in 0..<geometry.kernelWidth {
          let inside = columnsInside(j)
          for image in images {
            let plane = (image * geometry.inputChannels + channel) * height * width
            let position = (patchRow * images.count + image - images.lowerBound) * pixels
            for p in 0..<geometry.outputHeight {
              let row = p * geometry.stride + i - geometry.padding
              let source =
                row >= 0 && row < height ? plane + row * width + j - geometry.padding : nil
              body(source, position + p * geometry.outputWidth, inside)
            }
          }
          patchRow += 1
        }
      }
    }
  }
}
