import Tensors
import TestSupport
import Testing

/// A convolution over images with channels last, one output scalar at a time.
private func naiveConvolution(
  _ images: Tensor<Double>, _ filters: Tensor<Double>, _ g: WindowGeometry
) -> [Double] {
  var result: [Double] = []
  for image in 0..<g.images {
    for row in 0..<g.outputHeight {
      for column in 0..<g.outputWidth {
        for filter in 0..<filters.shape[0] {
          var sum = 0.0
          for y in 0..<g.window {
            for x in 0..<g.window {
              let (top, left) = (row * g.stride - g.before + y, column * g.stride - g.before + x)
              guard (0..<g.height).contains(top), (0..<g.width).contains(left) else { continue }
              for channel in 0..<g.channels {
                sum += images[image, top, left, channel] * filters[filter, y, x, channel]
              }
            }
          }
          result.append(sum)
        }
      }
    }
  }
  return result
}

@Suite("Patches and pooling of images with channels last")
struct PatchesTests {
  static let geometries:
    [(shape: [Int], window: Int, stride: Int, padding: WindowGeometry.Padding)] =
      [
        ([2, 5, 5, 3], 3, 1, .symmetric(1)), ([1, 7, 7, 1], 3, 2, .same),
        ([2, 6, 6, 2], 3, 2, .same), ([2, 6, 4, 2], 3, 2, .symmetric(1)),
        ([1, 3, 3, 4], 3, 1, .none),
        ([1, 1, 1, 2], 3, 2, .symmetric(1)), ([3, 4, 4, 1], 1, 1, .none),
        ([0, 4, 4, 1], 3, 1, .none),
      ]

  @Test("A product with patches is the naive convolution", arguments: geometries.indices)
  func convolution(index: Int) {
    let (shape, window, stride, padding) = Self.geometries[index]
    let g = WindowGeometry(shape: shape, window: window, stride: stride, padding: padding)
    var stream = RandomStream(seed: UInt64(index), purpose: "images")
    let images: Tensor<Double> = stream.uniform(shape, in: -1..<1)
    let filters: Tensor<Double> = stream.uniform([4, window, window, shape[3]], in: -1..<1)
    let found = images.patches(g).multiplied(
      by: filters.reshaped([4, g.patchSize]), transposingOther: true)
    let expected = naiveConvolution(images, filters, g)
    #expect(found.count == expected.count)
    for (left, right) in zip(found.scalars, expected) { #expect(abs(left - right) < 1e-13) }
  }

  @Test("Patches and their accumulation are transposes", arguments: geometries.indices)
  func transposes(index: Int) {
    let (shape, window, stride, padding) = Self.geometries[index]
    let g = WindowGeometry(shape: shape, window: window, stride: stride, padding: padding)
    var stream = RandomStream(seed: UInt64(index), purpose: "pairs")
    let images: Tensor<Double> = stream.uniform(shape, in: -1..<1)
    let patches: Tensor<Double> = stream.uniform([g.placements, g.patchSize], in: -1..<1)
    let left = images.patches(g).dot(patches)
    let right = images.dot(patches.accumulatingPatches(g))
    #expect(abs(left - right) < 1e-12)
    #expect(left != 0 || images.count == 0)
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
