import Autodiff
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Fully connected networks and losses")
struct FullyConnectedNetworkTests {
  @Test("Logits are the layers written out", arguments: Activation.allCases)
  func logits(_ activation: Activation) {
    let network = FullyConnectedNetwork(widths: [4, 5, 3], activation: activation)
    var stream = RandomStream(seed: 1, purpose: "network")
    var parameters = network.glorotParameters(using: &stream, as: Double.self)
    #expect(parameters.map(\.shape) == [[4, 5], [5], [5, 3], [3]])
    parameters[1] = randomTensor([5], seed: 2)
    parameters[3] = randomTensor([3], seed: 3)
    let input = randomTensor([6, 4], seed: 4, as: Double.self)
    let found = network(.constant(input), parameters: parameters.map { .constant($0) }).value
    let function: (Double) -> Double =
      switch activation {
      case .rectifier: { max(0, $0) }
      case .sigmoid: { Tensor($0).sigmoid().scalar }
      case .hyperbolicTangent: { Tensor($0).hyperbolicTangent().scalar }
      case .identity: { $0 }
      }
    for row in 0..<6 {
      let hidden = (0..<5).map { unit -> Double in
        function(
          (0..<4).reduce(parameters[1][unit]) { $0 + input[row, $1] * parameters[0][$1, unit] })
      }
      for output in 0..<3 {
        let logit = (0..<5).reduce(parameters[3][output]) {
          $0 + hidden[$1] * parameters[2][$1, output]
        }
        #expect(abs(found[row, output] - logit) < 1e-13)
      }
    }
  }

  @Test("A row that is not a number is at no label")
  func accuracyOfBrokenRows() {
    let logits = Tensor<Float>([.nan, .nan, 0, 1, 1, 0, 3, .nan]).reshaped([4, 2])
    #expect(accuracy(logits: logits, labels: [0, 1, 0, 0]) == 0.5)
    #expect(accuracy(logits: Tensor<Float>(repeating: 0, shape: [0, 2]), labels: []).isNaN)
  }

  @Test("Glorot's weights fill their interval, biases are zero")
  func glorot() {
    let network = FullyConnectedNetwork(widths: [60, 40], activation: .rectifier)
    var stream = RandomStream(seed: 5, purpose: "network")
    let parameters = network.glorotParameters(using: &stream, as: Double.self)
    let bound = (6.0 / 100).squareRoot()
    #expect(parameters[0].scalars.allSatisfy { abs($0) <= bound })
    #expect(parameters[0].scalars.contains { abs($0) > 0.95 * bound })
    #expect(parameters[1] == .zeros([40]))
  }

  @Test("Cross-entropies of one-hot and smoothed targets, also where the softmax underflows")
  func crossEntropy() {
    let logits = Tensor<Double>(shape: [3, 3], scalars: [1, 2, 3, 0, 0, 0, -2_000, 0, 2_000])
    let oneHot = Tensor<Double>.oneHot([2, 1, 0], classes: 3)
    let found = crossEntropies(logits: .constant(logits), targets: .constant(oneHot)).value
    let first = (Tensor([1.0, 2, 3]).exponential().sum()).squareRoot()
    #expect(abs(found[0] - (2 * Tensor(first).logarithm().scalar - 3)) < 1e-13)
    #expect(abs(found[1] - Tensor(3.0).logarithm().scalar) < 1e-14)
    #expect(found[2] == 4_000)
    let smooth = Tensor<Double>(repeating: 1 / 3, shape: [3, 3])
    let smoothed = crossEntropies(logits: .constant(logits), targets: .constant(smooth)).value
    #expect(abs(smoothed[0] - (found[0] + 3 - 2)) < 1e-13)
  }

  @Test("Accuracy counts rows whose largest logit is at the label")
  func accuracies() {
    let logits = Tensor<Float>(shape: [4, 2], scalars: [1, 0, 0, 1, 3, 2, 2, 3])
    #expect(accuracy(logits: logits, labels: [0, 1, 1, 1]) == 0.75)
  }
}
