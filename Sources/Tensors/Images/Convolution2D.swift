/// The geometry of a two-dimensional convolution, and its three products.
///
/// Layouts: images x `[batch, inputChannels, inputHeight, inputWidth]`, weights w
/// `[outputChannels, inputChannels, kernelHeight, kernelWidth]`, results y
/// `[batch, outputChannels, outputHeight, outputWidth]`. As everywhere in the field, "convolution" is
/// the cross-correlation
///
///     y[n, o, p, q] = sum over c, i, j of w[o, c, i, j] x[n, c, p stride + i - padding, q stride + j - padding]
///
/// with zeros outside the image. y is linear in x and in w, and the three functions here are the
/// three faces of the one trilinear form <y', conv(x, w)>: ``forward(_:_:backend:)`` its gradient in
/// y', ``dataDerivative(_:_:backend:)`` in x, ``weightDerivative(_:_:backend:)`` in w. So the
/// derivative of each in either argument is again one of the three, and derivatives of any order need
/// no fourth.
///
/// All three take 2 batch outputChannels outputHeight outputWidth inputChannels kernelHeight
/// kernelWidth operations, run on ``Parallel/threads`` cores, and give the same bits for any number
/// of them. Non-finite values spread as IEEE arithmetic says.
public struct Convolution2D: Sendable, Hashable {
  /// The number of images.
  public let batch: Int
  /// Channels of an image.
  public let inputChannels: Int
  /// Rows of an image.
  public let inputHeight: Int
  /// Columns of an image.
  public let inputWidth: Int
  /// Channels of a result: the number of filters.
  public let outputChannels: Int
  /// Rows of a filter.
  public let kernelHeight: Int
  /// Columns of a filter.
  public let kernelWidth: Int
  /// Pixels between neighbouring positions of a filter, in both directions.
  public let stride: Int
  /// Zeros added on each of the four sides.
  public let padding: Int

  /// The geometry for images and weights of the given shapes.
  public init(images: [Int], weights: [Int], stride: Int = 1, padding: Int = 0) {
    precondition(
      images.count == 4 && weights.count == 4 && images[1] == weights[1],
      "A convolution of images \(images) with weights \(weights).")
    precondition(
      stride > 0 && padding >= 0, "A convolution with stride \(stride) and padding \(padding).")
    precondition(
      weights[2] > 0 && weights[3] > 0 && weights[2] <= images[2] + 2 * padding
        && weights[3] <= images[3] + 2 * padding,
      "Filters \(weights) do not fit images \(images) with padding \(padding).")
    batch = images[0]
    inputChannels = images[1]
    inputHeight = images[2]
    inputWidth = images[3]
    outputChannels = weights[0]
    kernelHeight = weights[2]
    kernelWidth = weights[3]
    self.stride = stride
    self.padding = padding
  }

  /// The same for another number of images.
  func withBatch(_ count: Int) -> Convolution2D {
    Convolution2D(
      images: [count, inputChannels, inputHeight, inputWidth], weights: weightShape,
      stride: stride, padding: padding)
  }

  /// Rows of a result.
  public var outputHeight: Int { (inputHeight + 2 * padding - kernelHeight) / stride + 1 }
  /// Columns of a result.
  public var outputWidth: Int { (inputWidth + 2 * padding - kernelWidth) / stride + 1 }
  /// The shape of x.
  public var imageShape: [Int] { [batch, inputChannels, inputHeight, inputWidth] }
  /// The shape of w.
  public var weightShape: [Int] { [outputChannels, inputChannels, kernelHeight, kernelWidth] }
  /// The shape of y.
  public var resultShape: [Int] { [batch, outputChannels, outputHeight, outputWidth] }

  var imageSize: Int { inputChannels * inputHeight * inputWidth }
  var resultSize: Int { outputChannels * outputHeight * outputWidth }
  var weightCount: Int { outputChannels * inputChannels * kernelHeight * kernelWidth }
  /// Terms of one output: rows of the matrix of image patches.
  var patchSize: Int { inputChannels * kernelHeight * kernelWidth }
}

/// Which of the three products.
enum ConvolutionProduct: Sendable, Hashable {
  /// y from x and w.
  case forward
  /// The gradient in x from that in y, and w.
  case dataDerivative
  /// The gradient in w from x, and that in y.
  case weightDerivative
}

// MARK: - The three products

extension Convolution2D {
  /// The convolution y of images x with weights w.
  public func forward<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, _ w: Tensor<Scalar>, backend: KernelBackend = .selected
  ) -> Tensor<Scalar> {
    check(x, imageShape, "images")
    check(w, weightShape, "weights")
    return perImage(.forward, x, w, resultShape, inputSize: imageSize, resultSize, backend)
  }

  /// The gradient in x of <dy, conv(x, w)>: the transposed convolution of dy (shape of y) with w.
  public func dataDerivative<Scalar: TensorScalar>(
    _ dy: Tensor<Scalar>, _ w: Tensor<Scalar>, backend: KernelBackend = .selected
  ) -> Tensor<Scalar> {
    check(dy, resultShape, "results")
    check(w, weightShape, "weights")
    return perImage(.dataDerivative, dy, w, imageShape, inputSize: resultSize, imageSize, backend)
  }

  /// The gradient in w of <dy, conv(x, w)>, with dy of the shape of y; summed over the images in a
  /// fixed order.
  public func weightDerivative<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, _ dy: Tensor<Scalar>, backend: KernelBackend = .selected
  ) -> Tensor<Scalar> {
    check(x, imageShape, "images")
    check(dy, resultShape, "results")
    let block = imagesPerBlock
    let blocks = max(1, (batch + block - 1) / block)
    // One sum per block of images, added up afterwards in their order.
    let partial = Tensor<Scalar>(shape: [blocks] + weightShape) { partial in
      partial.update(repeating: 0)
      guard let target = partial.baseAddress, !partial.isEmpty else { return }
      let out = SharedMutablePointer(target)
      x.scalars.withUnsafeBufferPointer { x in
        dy.scalars.withUnsafeBufferPointer { dy in
          guard let x = x.baseAddress.map({ SharedPointer($0) }),
            let dy = dy.baseAddress.map({ SharedPointer($0) })
          else { return }
          Parallel.forEachBlock(of: batch, blockSize: block) { images in
            self.withBatch(images.count).run(
              .weightDerivative, x.pointer + images.lowerBound * self.imageSize,
              dy.pointer + images.lowerBound * self.resultSize,
              into: out.pointer + images.lowerBound / block * self.weightCount, backend)
          }
        }
      }
    }
    return blocks == 1 ? partial.reshaped(weightShape) : partial.sum(alongAxis: 0)
  }

  /// The images that one task takes: about eight tasks, none smaller than eight images.
  private var imagesPerBlock: Int { max(8, (batch + 7) / 8) }

  /// A product whose result belongs to the images one by one, shared out by images.
  private func perImage<Scalar: TensorScalar>(
    _ product: ConvolutionProduct, _ input: Tensor<Scalar>, _ weights: Tensor<Scalar>,
    _ shape: [Int], inputSize: Int, _ outputSize: Int, _ backend: KernelBackend
  ) -> Tensor<Scalar> {
    Tensor(shape: shape) { result in
      result.update(repeating: 0)
      guard let target = result.baseAddress, !result.isEmpty else { return }
      let out = SharedMutablePointer(target)
      input.scalars.withUnsafeBufferPointer { input in
        weights.scalars.withUnsafeBufferPointer { weights in
          // Without channels there is nothing to add up.
          guard let input = input.baseAddress.map({ SharedPointer($0) }), inputSize > 0,
            let weights = weights.baseAddress.map({ SharedPointer($0) }), weightCount > 0
          else { return }
          Parallel.forEachBlock(of: batch, blockSize: imagesPerBlock) { images in
            self.withBatch(images.count).run(
              product, input.pointer + images.lowerBound * inputSize, weights.pointer,
              into: out.pointer + images.lowerBound * outputSize, backend)
          }
        }
      }
    }
  }

  /// One product on one thread, by the backend or, where that refuses, in plain Swift.
  private func run<Scalar: TensorScalar>(
    _ product: ConvolutionProduct, _ first: UnsafePointer<Scalar>, _ second: UnsafePointer<Scalar>,
    into out: UnsafeMutablePointer<Scalar>, _ backend: KernelBackend
  ) {
    if backend == .oneDNN, Scalar.self == Float.self {
      let done = OneDNNConvolution.run(
        product, self, UnsafeRawPointer(first), UnsafeRawPointer(second),
        into: UnsafeMutableRawPointer(out))
      if done { return }
    }
    let portable = PortableConvolution<Scalar>(geometry: self)
    switch product {
    case .forward: portable.forward(first, second, into: out)
    case .dataDerivative: portable.dataDerivative(first, second, into: out)
    case .weightDerivative: portable.weightDerivative(first, second, into: out)
    }
  }

  private func check<Scalar>(_ tensor: Tensor<Scalar>, _ shape: [Int], _ role: String) {
    precondition(
      tensor.shape == shape, "A convolution expects \(role) \(shape), got \(tensor.shape).")
  }
}
