import Tensors
import TestSupport
import Testing

@Suite("Convolution and pooling of images with channels last")
struct ConvolutionTests {
  /// Odd, tiny, empty, and (the last) more images than are laid out at a time.
  static let geometries:
    [(shape: [Int], window: Int, stride: Int, padding: WindowGeometry.Padding)] =
      [
        ([2, 5, 5, 3], 3, 1, .symmetric(1)), ([1, 7, 7, 1], 3, 2, .same),
        ([2, 6, 6, 2], 3, 2, .same), ([2, 6, 4, 2], 3, 2, .symmetric(1)),
        ([1, 3, 3, 4], 3, 1, .none),
        ([1, 1, 1, 2], 3, 2, .symmetric(1)), ([3, 4, 4, 1], 1, 1, .none),
        ([0, 4, 4, 1], 3, 1, .none), ([2, 3, 3, 0], 3, 1, .symmetric(1)),
        ([90, 7, 7, 4], 3, 1, .symmetric(1)), ([2, 2, 2, 3], 3, 2, .symmetric(0)),
      ]

  private func check<Scalar: TensorScalar>(
    _ index: Int, _ backend: KernelBackend, as type: Scalar.Type
  ) {
    let (shape, window, stride, padding) = Self.geometries[index]
    let g = WindowGeometry(shape: shape, window: window, stride: stride, padding: padding)
    let count = 5
    let x = randomTensor(shape, seed: 1, as: type)
    let w = randomTensor([count, g.patchSize], seed: 2, as: type)
    let y = randomTensor([g.placements, count], seed: 3, as: type)
    var result = ReferenceSums(shape: y.shape, terms: g.patchSize)
    var ofImages = ReferenceSums(shape: x.shape, terms: count * window * window)
    var ofFilters = ReferenceSums(shape: w.shape, terms: g.placements)
    let (xs, ws, ys) = (x.scalars, w.scalars, y.scalars)
    forEachConvolutionTerm(g, filters: count) { i, j, k in
      result.add(Double(xs[i]) * Double(ws[j]), to: k)
      ofImages.add(Double(ys[k]) * Double(ws[j]), to: i)
      ofFilters.add(Double(xs[i]) * Double(ys[k]), to: j)
    }
    let found = x.convolved(with: w, g, backend: backend)
    #expect(result.violation(by: found) == nil)
    let images = y.convolutionImageGradient(filters: w, g, backend: backend)
    #expect(ofImages.violation(by: images) == nil)
    let filters = x.convolutionFilterGradient(cotangent: y, g, backend: backend)
    #expect(ofFilters.violation(by: filters) == nil)
    // The checker can fail.
    if found.count > 0, g.patchSize > 0 {
      #expect(result.violation(by: found.scaled(by: 1.01)) != nil)
    }
  }

  @Test("The three products of a convolution are the naive loops", arguments: geometries.indices)
  func convolution(index: Int) {
    for backend in KernelBackend.available {
      check(index, backend, as: Float.self)
      check(index, backend, as: Double.self)
    }
  }

  @Test("Sizes follow the usual formulas")
  func sizes() {
    let same = [28, 14, 7, 4].map {
      WindowGeometry(shape: [1, $0, $0, 1], window: 3, stride: 2, padding: .same)
    }
    #expect(same.map(\.outputHeight) == [14, 7, 4, 2])
    #expect(same.map(\.before) == [0, 0, 1, 0])
    let symmetric = WindowGeometry(
      shape: [1, 28, 28, 1], window: 3, stride: 2, padding: .symmetric(1))
    #expect(symmetric.outputHeight == 14 && symmetric.before == 1)
  }

  @Test(
    "Pairwise maxima are those of the general search", arguments: [[2, 4, 6, 5], [1, 5, 5, 1]])
  func pairMaxima(shape: [Int]) {
    var images = randomTensor(shape, as: Double.self)
    images.withUnsafeMutableScalars { scalars in
      // Ties, and NaN at every place of a window.
      for index in scalars.indices where index % 3 == 0 { scalars[index] = 0 }
      for index in scalars.indices where index % 17 == 5 { scalars[index] = .nan }
    }
    let g = WindowGeometry(shape: shape, window: 2, stride: 2, padding: .none)
    var expected: [Int32] = []
    for image in 0..<g.images {
      for row in 0..<g.outputHeight {
        for column in 0..<g.outputWidth {
          for channel in 0..<g.channels {
            var best = -1
            for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
              let at =
                ((image * g.height + 2 * row + y) * g.width + 2 * column + x) * g.channels + channel
              let value = images.scalars[at]
              if best < 0 || value > images.scalars[best] || value.isNaN { best = at }
            }
            expected.append(Int32(best))
          }
        }
      }
    }
    #expect(images.positionsOfWindowMaxima(g) == expected)
  }

  @Test(
    "Maxima of normalised images are those of separate passes, with NaN at every place of a window",
    arguments: [[2, 4, 6, 17], [1, 5, 5, 1]])
  func normalisedMaximaWithNaN(shape: [Int]) {
    let (pixels, channels) = (shape[0] * shape[1] * shape[2], shape[3])
    var images = randomTensor([pixels, channels], as: Double.self)
    // Of the images without NaN: the moments of others would be NaN themselves, and say nothing.
    let moments = images.columnMoments(epsilon: 1e-3)
    images.withUnsafeMutableScalars { scalars in
      for index in scalars.indices where index % 7 == 5 { scalars[index] = .nan }
    }
    let scale = randomTensor([channels], as: Double.self)
    let shift = randomTensor([channels], as: Double.self)
    let g = WindowGeometry(shape: shape, window: 2, stride: 2, padding: .none)
    let fused = images.normalisedRectifiedMaxima(g, moments, scale: scale, shift: shift)
    let separate = images.normalisedRectified(moments, scale: scale, shift: shift).reshaped(shape)
    let positions = separate.positionsOfWindowMaxima(g)
    let maxima = separate.gathering(positions, shape: [g.placements, channels])
    #expect(fused.maxima.shape == maxima.shape)
    #expect(maxima.scalars.contains(where: \.isNaN) && maxima.scalars.contains { $0 > 0 })
    for (k, (own, other)) in zip(fused.maxima.scalars, maxima.scalars).enumerated() {
      #expect(own.isNaN == other.isNaN && (own.isNaN || abs(own - other) < 1e-14))
      // Where the whole window is cut off, any place will do.
      #expect(other == 0 || fused.positions[k] == positions[k])
    }
  }

  @Test("Maxima are found where they are, the first among equals, NaN first")
  func maxima() {
    let images = Tensor<Double>(
      shape: [1, 2, 4, 1], scalars: [1, 5, .nan, 2, 5, 3, 9, 7])
    let g = WindowGeometry(shape: [1, 2, 4, 1], window: 2, stride: 2, padding: .none)
    let positions = images.positionsOfWindowMaxima(g)
    #expect(positions == [1, 2])
    let gathered = images.gathering(positions, shape: [2])
    #expect(gathered.scalars[0] == 5 && gathered.scalars[1].isNaN)
    let scattered = Tensor<Double>([2, 3]).scattering([1, 1], shape: [3])
    #expect(scattered.scalars == [0, 5, 0])
  }
}
