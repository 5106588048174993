/// Convolution of images with channels last, and its two derivatives, without storing patches.
///
/// The three functions are the three faces of one trilinear form <c, conv(x, w)>: its gradient in the
/// result c, in the images x and in the filters w. The derivative of each in either argument is again
/// one of the three, so derivatives of any order need no fourth.
///
/// Goals, in this order: the same bits for any number of threads; every scalar of the images read
/// from memory once; one implementation for both backends. The patches of as many images as fit a
/// core's second-level cache are laid out, multiplied as a matrix, and overwritten by the next. (With
/// oneDNN 2.6 that runs as fast as its own convolutions: both reach 220 to 290 GFLOP/s per core on
/// 64 filters; with one input channel its derivative in the images is ten times slower.)
extension Tensor {
  /// The convolution (without flipping) of images of `geometry` with filters `[f, patchSize]`:
  /// `[placements, f]`. 2 placements f patchSize operations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolved(
    with filters: Tensor, _ geometry: WindowGeometry, backend: KernelBackend = .selected
  ) -> Tensor {
    precondition(
      shape == geometry.imageShape && filters.rank == 2 && filters.shape[1] == geometry.patchSize,
      "A convolution of images \(shape) with filters \(filters.shape) under \(geometry).")
    let count = filters.shape[0]
    return Tensor(shape: [geometry.placements, count]) { result in
      withOperands(filters, result) { images, filters, result in
        geometry.forEachBlock { block in
          block.withScratch(of: Scalar.self) { patches in
            block.copyPatches(from: images.pointer + block.firstScalar, to: patches)
            multiplyMatrices(
              MatrixProductShape(
                rows: block.geometry.placements, columns: count, inner: geometry.patchSize,
                transposesRight: true),
              patches, filters.pointer, into: result.pointer + block.firstPlacement * count,
              backend: backend)
          }
        }
      }
    }
  }

  /// The derivative of <self, conv(x, filters)> in the images x; self is `[placements, f]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolutionImageGradient(
    filters: Tensor, _ geometry: WindowGeometry, backend: KernelBackend = .selected
  ) -> Tensor {
    precondition(
      filters.rank == 2 && filters.shape[1] == geometry.patchSize
        && shape == [geometry.placements, filters.shape[0]],
      "A cotangent \(shape) and filters \(filters.shape) under \(geometry).")
    let count = filters.shape[0]
    return Tensor(shape: geometry.imageShape) { result in
      result.update(repeating: 0)
      withOperands(filters, result) { cotangents, filters, result in
        geometry.forEachBlock { block in
          block.withScratch(of: Scalar.self) { patches in
            multiplyMatrices(
              MatrixProductShape(
                rows: block.geometry.placements, columns: geometry.patchSize, inner: count),
              cotangents.pointer + block.firstPlacement * count, filters.pointer, into: patches,
              backend: backend)
            block.addPatches(patches, to: result.pointer + block.firstScalar)
          }
        }
      }
    }
  }

  /// The derivative of <cotangent, conv(self, w)> in the filters w, `[f, patchSize]`; blocks of images
  /// are added in their order.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func convolutionFilterGradient(
    cotangent: Tensor, _ geometry: WindowGeometry, backend: KernelBackend = .selected
  ) -> Tensor {
    precondition(
      shape == geometry.imageShape && cotangent.rank == 2
        && cotangent.shape[0] == geometry.placements,
      "Images \(shape) and a cotangent \(cotangent.shape) under \(geometry).")
    let count = cotangent.shape[1]
    return Tensor(shape: [count, geometry.patchSize]) { result in
      result.update(repeating: 0)
      withOperands(cotangent, result) { images, cotangents, result in
        geometry.block(0, of: geometry.imagesPerBlock).withScratch(of: Scalar.self) { patches in
          for index in 0..<geometry.blocks {
            let block = geometry.block(index, of: geometry.imagesPerBlock)
            block.copyPatches(from: images.pointer + block.firstScalar, to: patches)
            multiplyMatrices(
              MatrixProductShape(
                rows: count, columns: geometry.patchSize, inner: block.geometry.placements,
                transposesLeft: true),
              cotangents.pointer + block.firstPlacement * count, patches, beta: 1,
              into: result.pointer, backend: backend)
          }
        }
      }
    }
  }

  /// Pointers to self, another tensor and a result, where none of them is empty; an empty operand
  /// leaves a result of zeros.
  private func withOperands(
    _ other: Tensor, _ result: UnsafeMutableBufferPointer<Scalar>,
    _ body: (SharedPointer<Scalar>, SharedPointer<Scalar>, SharedMutablePointer<Scalar>) -> Void
  ) {
    guard let out = result.baseAddress, !result.isEmpty else { return }
    guard count > 0, other.count > 0 else { return result.update(repeating: 0) }
    scalars.withUnsafeBufferPointer { first in
      other.scalars.withUnsafeBufferPointer { second in
        guard let first = first.baseAddress, let second = second.baseAddress else { return }
        body(SharedPointer(first), SharedPointer(second), SharedMutablePointer(out))
      }
    }
  }
}

/// Consecutive images whose patches are laid out together.
private struct ImageBlock {
  /// The geometry of these images alone.
  let geometry: WindowGeometry
  let firstScalar: Int
  let firstPlacement: Int

  func withScratch<Scalar: TensorScalar>(
    of type: Scalar.Type, _ body: (UnsafeMutablePointer<Scalar>) -> Void
  ) {
    let scratch = alignedAllocation(
      of: Scalar.self, count: max(1, geometry.placements * geometry.patchSize))
    defer { scratch.deallocate() }
    body(scratch)
  }

  func copyPatches<Scalar: TensorScalar>(
    from images: UnsafePointer<Scalar>, to patches: UnsafeMutablePointer<Scalar>
  ) {
    geometry.copyPatches(from: images, to: patches)
  }

  func addPatches<Scalar: TensorScalar>(
    _ patches: UnsafePointer<Scalar>, to images: UnsafeMutablePointer<Scalar>
  ) {
    geometry.addPatches(patches, to: images)
  }
}

extension WindowGeometry {
  /// Bytes of patches, in single precision, that a core works on at a time: half of a common
  /// second-level cache, which leaves room for filters and results.
  private static let scratchBytes = 1 << 19

  fileprivate var imagesPerBlock: Int {
    let perImage = max(1, outputHeight * outputWidth * patchSize)
    return max(1, min(max(1, images), Self.scratchBytes / (4 * perImage)))
  }

  fileprivate var blocks: Int { (images + imagesPerBlock - 1) / imagesPerBlock }

  fileprivate func block(_ index: Int, of size: Int) -> ImageBlock {
    let first = index * size
    return ImageBlock(
      geometry: withImages(min(size, images - first)),
      firstScalar: first * height * width * channels,
      firstPlacement: first * outputHeight * outputWidth)
  }

  /// Calls `body` for every block of images, blocks on separate cores.
  fileprivate func forEachBlock(_ body: @Sendable (ImageBlock) -> Void) {
    let size = imagesPerBlock
    Parallel.forEach(blocks) { body(block($0, of: size)) }
  }
}
