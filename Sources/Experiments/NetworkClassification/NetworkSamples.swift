import Bilevel
import Networks
import Tensors

/// Labelled samples prepared once for the passes of one fully connected network.
///
/// Inside, rows of units are padded to whole registers and end in a one, so that a layer's bias is a
/// row of its weights; weights of all layers lie in one packed buffer, padding zero.
package final class NetworkSamples<Scalar: TensorScalar>: Sendable {
  /// The network.
  package let network: FullyConnectedNetwork
  /// The number of samples n.
  package let count: Int
  /// The label of each sample.
  package let labels: [Int]
  let features: WideFeatureMatrix<Scalar>
  let layout: NetworkLayout
  let scratch = ScratchPool<Scalar>()

  /// Samples with features `[n, d]`; storage follows their density unless given. O(n d) once.
  package init(
    network: FullyConnectedNetwork, features: Tensor<Scalar>, labels: [Int],
    storage: WideFeatureMatrix<Scalar>.Storage? = nil
  ) {
    precondition(
      features.rank == 2 && features.shape == [labels.count, network.widths[0]],
      "Features of shape \(features.shape) with \(labels.count) labels, \(network.widths[0]) inputs."
    )
    let classes = network.widths[network.widths.count - 1]
    precondition(
      labels.allSatisfy { (0..<classes).contains($0) },
      "Labels from \(labels.min() ?? 0) to \(labels.max() ?? 0) for \(classes) classes.")
    self.network = network
    self.labels = labels
    count = labels.count
    layout = NetworkLayout(network)
    self.features = WideFeatureMatrix(features, storage: storage, appendsOnes: true)
  }

  /// Calls `body` with the packed form of parameters (W1, b1, W2, b2, ...).
  func withPacked<Result>(
    _ y: Parameters<Scalar>, _ body: (UnsafeMutablePointer<Scalar>) -> Result
  ) -> Result {
    scratch.withBuffer(count: layout.weightScalars) { packed in
      pack(y, into: packed)
      return body(packed)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func pack(_ y: Parameters<Scalar>, into packed: UnsafeMutablePointer<Scalar>) {
    precondition(
      y.shapes == network.parameterShapes,
      "Network parameters of shapes \(y.shapes), expected \(network.parameterShapes).")
    packed.update(repeating: 0, count: layout.weightScalars)
    for layer in 1...layout.layerCount {
      let target = packed + layout.weights(layer)
      let (inputs, outputs) = (network.widths[layer - 1], network.widths[layer])
      let stride = layout.stride(layer)
      y.tensors[2 * layer - 2].scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        for row in 0..<inputs {
          (target + row * stride).update(from: source + row * outputs, count: outputs)
        }
      }
      y.tensors[2 * layer - 1].scalars.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        (target + inputs * stride).update(from: source, count: outputs)
      }
    }
  }

  /// (W1, b1, W2, b2, ...) from their packed form.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func unpacked(_ packed: UnsafePointer<Scalar>) -> Parameters<Scalar> {
    var tensors: [Tensor<Scalar>] = []
    for layer in 1...layout.layerCount {
      let source = packed + layout.weights(layer)
      let (inputs, outputs) = (network.widths[layer - 1], network.widths[layer])
      let stride = layout.stride(layer)
      tensors.append(
        Tensor(shape: [inputs, outputs]) { result in
          guard let target = result.baseAddress else { return }
          for row in 0..<inputs {
            (target + row * outputs).update(from: source + row * stride, count: outputs)
          }
        })
      tensors.append(
        Tensor(shape: [outputs]) { result in
          result.baseAddress?.update(from: source + inputs * stride, count: outputs)
        })
    }
    return Parameters(tensors)
  }
}

/// Where a network's padded units and weights lie. Layers are counted from 1 to `layerCount`.
struct NetworkLayout: Sendable {
  /// The number of layers with weights, L.
  let layerCount: Int
  /// Scalars from one sample's units to the next, by layer; of the last, its logits.
  private let strides: [Int]
  private let unitOffsets: [Int]
  private let weightOffsets: [Int]
  /// Scalars of one sample's units in all layers.
  let unitScalars: Int
  /// Scalars of all packed weights.
  let weightScalars: Int

  init(_ network: FullyConnectedNetwork) {
    let widths = network.widths
    layerCount = widths.count - 1
    // A hidden layer's rows hold a one behind the units; the features' column of ones is not padded.
    let inner = widths.dropFirst().dropLast().map { ($0 + 16) / 16 * 16 }
    let strides = [widths[0] + 1] + inner + [(widths[widths.count - 1] + 15) / 16 * 16]
    self.strides = strides
    var units = [0]
    var weights = [0]
    for layer in 1..<strides.count {
      units.append(units[layer - 1] + strides[layer])
      weights.append(weights[layer - 1] + strides[layer - 1] * strides[layer])
    }
    unitOffsets = units
    weightOffsets = weights
    unitScalars = units[units.count - 1]
    weightScalars = weights[weights.count - 1]
  }

  /// Scalars from one row to the next of a layer's units; layer 0 are the features.
  func stride(_ layer: Int) -> Int { strides[layer] }

  /// The first unit of a layer in memory that holds all layers of `rows` samples, layer after layer.
  func units(_ layer: Int, rows: Int) -> Int { unitOffsets[layer - 1] * rows }

  /// The first weight of a layer in the packed buffer, `[stride(layer - 1), stride(layer)]`.
  func weights(_ layer: Int) -> Int { weightOffsets[layer - 1] }

  /// Packed scalars before the second layer's weights: what the features' products make.
  var firstLayerScalars: Int { weightOffsets[1] }
}
