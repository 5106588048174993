import Networks
import TestSupport
import Testing

@Suite("Convolutional networks")
struct ConvolutionalNetworkTests {
  @Test("The published trunk has its published sizes")
  func publishedSizes() {
    let omniglot = ConvolutionalNetwork(side: 28, channels: 1)
    #expect(omniglot.sides == [14, 7, 4, 2] && omniglot.featureCount == 256)
    #expect(omniglot.parameterNames.prefix(4) == ["conv0", "gamma0", "beta0", "conv1"])
    #expect(omniglot.parameterShapes[3] == [64, 3, 3, 64])
    let mini = ConvolutionalNetwork(
      side: 84, channels: 3, filters: [32, 32, 32, 32], halving: .maximumPooling)
    #expect(mini.featureCount == 800)
    let averaged = ConvolutionalNetwork(side: 28, channels: 1, averagesPixels: true)
    #expect(averaged.featureCount == 64)
  }

  @Test(
    "The whole network's gradient equals central differences, first and second order",
    arguments: ConvolutionalNetwork.Halving.allCases, ConvolutionalNetwork.Padding.allCases)
  func gradients(
    halving: ConvolutionalNetwork.Halving, padding: ConvolutionalNetwork.Padding
  ) {
    let network = ConvolutionalNetwork(
      side: 6, channels: 2, filters: [2, 3], halving: halving, padding: padding, epsilon: 0.01)
    check(network)
  }

  @Test("So do the residual network's")
  func residualGradients() {
    check(
      ResidualNetwork(
        side: 6, channels: 2, filters: [2, 3], hidden: 4, features: 3, epsilon: 0.01))
  }

  @Test("The residual network has the official sizes")
  func residualSizes() {
    let network = ResidualNetwork(side: 28, channels: 1)
    let shapes = Dictionary(
      uniqueKeysWithValues: zip(network.parameterNames, network.parameterShapes))
    #expect(network.featureCount == 512 && shapes["block0/skip"] == [64, 1, 1, 1])
    #expect(shapes["block1/conv0"] == [96, 3, 3, 64] && shapes["block1/conv2"] == [96, 3, 3, 96])
    #expect(shapes["wide/weights"] == [96, 2_048] && shapes["features/weights"] == [2_048, 512])
    #expect(network.normalisedFilters == [64, 64, 64, 96, 96, 96])
  }

  /// First and second derivatives of a network against central differences.
  private func check(_ network: some ImageNetwork) {
    var stream = RandomStream(seed: 1, purpose: "network")
    let images: Tensor<Double> = stream.uniform([3, 6, 6, 2], in: 0..<1)
    var point = network.glorotParameters(using: &stream, as: Double.self)
    // Shifts away from zero, so that no rectifier sits at its kink for a constant input.
    for index in point.indices where point[index].rank == 1 {
      point[index].add(stream.uniform(point[index].shape, in: -0.3..<0.3))
    }
    let weights: Tensor<Double> = stream.uniform([3, network.featureCount], in: -1..<1)
    let function: ([Variable<Double>]) -> Variable<Double> = { parameters in
      let features = network.features(of: .constant(images), parameters: parameters)
      return (features * features * .constant(weights)).sum()
    }
    let slope = valueAndGradient(at: point, of: function).gradient
    let expected = centralDifferenceGradient(at: point, step: 1e-6) {
      function($0.map { .constant($0) }).value.scalar
    }
    #expect(largestDeviation(slope, expected) < 1e-7)
    #expect(slope.contains { $0.scalars.contains { abs($0) > 1e-3 } })
    let direction: [Tensor<Double>] = point.map { stream.uniform($0.shape, in: -1..<1) }
    let product = hessianVectorProduct(at: point, along: direction, of: function)
    let differences = centralDifferenceGradient(at: point, step: 1e-6) { moved in
      zip(valueAndGradient(at: moved, of: function).gradient, direction)
        .reduce(0) { $0 + $1.0.dot($1.1) }
    }
    #expect(largestDeviation(product, differences) < 1e-5)
  }

  @Test("Float and Double agree")
  func scalars() {
    let network = ConvolutionalNetwork(side: 12, channels: 1, filters: [8, 8])
    var stream = RandomStream(seed: 2, purpose: "network")
    let images: Tensor<Double> = stream.uniform([4, 12, 12, 1], in: 0..<1)
    let point: [Tensor<Double>] = network.glorotParameters(using: &stream)
    let double = network.features(of: .constant(images), parameters: point.map { .constant($0) })
    let float = network.features(
      of: .constant(images.converted(to: Float.self)),
      parameters: point.map { .constant($0.converted(to: Float.self)) })
    #expect(largestDeviation([float.value.converted(to: Double.self)], [double.value]) < 1e-5)
  }
}
