import Bilevel
import Networks
import Tensors

/// The weighted cross-entropy of a fully connected network, with all derivatives in closed form.
///
///     h(x, y) = 1/n sum_i w(x_i) CE(softmax(network_y(a_i)), label_i),  y = (W1, b1, W2, b2, ...).
///
/// A gradient is one pass over blocks of rows: through the network, the softmax and back while the
/// block's units are in a cache; products with the second derivatives are the same pass
/// differentiated along a direction (Pearlmutter, Neural Computation 6, 1994; ``NetworkBlock`` has the
/// equations). Biases, activations and their derivatives are part of these passes.
///
/// Cost of a gradient or a kept linearisation's product: the first layer's two products,
/// 4 n d width1 floating-point operations (times the density where the features are sparse), and the
/// further layers'. Memory of a kept linearisation: the units of all layers, n times the sum of
/// the widths. The reference is ``networkClassificationExpression(network:features:labels:weighting:)``,
/// against which this is tested in Double, to rounding.
package struct NetworkClassificationObjective<Scalar: TensorScalar>: Objective {
  /// The samples and the network.
  package let samples: NetworkSamples<Scalar>
  /// How x, whose first component holds one scalar per sample, weighs them.
  package var weighting: SampleWeighting { sampleWeights.weighting }
  /// The weights of the samples as functions of x.
  fileprivate var sampleWeights: SampleWeights<Scalar>

  /// The objective of the given samples.
  package init(samples: NetworkSamples<Scalar>, weighting: SampleWeighting) {
    self.samples = samples
    sampleWeights = SampleWeights(weighting: weighting, count: samples.count)
  }

  private var layout: NetworkLayout { samples.layout }

  /// h(x, y).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    let losses = sampleWeights.perSample { losses in
      let losses = SharedMutablePointer(losses)
      _ = unitsForward(y, losses: losses)
    }
    return Tensor(losses).dot(Tensor(sampleWeights.factors(x).values))
  }

  /// h(x, y) and both gradients, from one pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let (values, derivatives) = sampleWeights.factors(x)
    var lower = Parameters<Scalar>([])
    let losses = sampleWeights.perSample { losses in
      lower = backward(y, factors: values, losses: SharedMutablePointer(losses), keeping: nil)
    }
    return ObjectiveGradients(
      value: Tensor(losses).dot(Tensor(values)),
      upper: sampleWeights.upperVector(like: x, losses, times: derivatives), lower: lower)
  }

  /// h_y.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    backward(y, factors: sampleWeights.factors(x).values, losses: nil, keeping: nil)
  }

  /// The lower gradient with the units of all layers kept.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let (values, derivatives) = sampleWeights.factors(x)
    let units = samples.scratch.buffer(count: samples.count * layout.unitScalars)
    let gradient = backward(y, factors: values, losses: nil, keeping: units)
    return NetworkLinearization(
      objective: self, lowerGradient: gradient, point: y, units: units, factors: values,
      derivatives: derivatives, upper: x)
  }

  /// Both products, nothing kept: one product with the features less than by way of a linearisation,
  /// whose gradient is not needed here.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    let (values, derivatives) = sampleWeights.factors(x)
    let units = unitsForward(y, losses: nil)
    return NetworkLinearization(
      objective: self, lowerGradient: Parameters([]), point: y, units: units, factors: values,
      derivatives: derivatives, upper: x
    ).pullback(v)
  }

  // MARK: - Passes over all blocks

  /// The units of all layers at y.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func unitsForward(
    _ y: Parameters<Scalar>, losses: SharedMutablePointer<Scalar>?
  ) -> PooledBuffer<Scalar> {
    let units = samples.scratch.buffer(count: samples.count * layout.unitScalars)
    samples.withPacked(y) { packed in
      let (weights, samples) = (SharedPointer(UnsafePointer(packed)), samples)
      samples.features.multiply(packed, columns: layout.stride(1), into: units.pointer) { rows in
        NetworkBlock(samples: samples, rows: rows, units: units, weights: weights.pointer)
          .runForward(losses: losses?.pointer)
      }
    }
    return units
  }

  /// h_y, with the units of all layers left in `units` if given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func backward(
    _ y: Parameters<Scalar>, factors: [Scalar], losses: SharedMutablePointer<Scalar>?,
    keeping units: PooledBuffer<Scalar>?
  ) -> Parameters<Scalar> {
    samples.withPacked(y) { packed in
      let (weights, samples) = (SharedPointer(UnsafePointer(packed)), samples)
      return collectingGradients { gradients, result in
        samples.features.multiplyBack(
          packed, columns: layout.stride(1), keeping: units?.pointer, into: result
        ) { task, rows, first, residuals in
          let share = gradients.pointer + task * samples.layout.laterScalars
          func run(_ block: NetworkBlock<Scalar>) {
            block.runForward(losses: losses?.pointer)
            block.runBackward(
              factors: factors, gradients: share - samples.layout.firstLayerScalars,
              residuals: residuals)
          }
          if let units {
            run(NetworkBlock(samples: samples, rows: rows, units: units, weights: weights.pointer))
          } else {
            samples.scratch.withBuffer(count: samples.layout.unitScalars * rows.count) { local in
              run(
                NetworkBlock(
                  samples: samples, rows: rows, firstLayer: first, units: local,
                  capacity: rows.count, first: 0, weights: weights.pointer))
            }
          }
        }
      }
    }
  }

  /// The packed gradient that `body` makes: the first layer's into its second argument, the others'
  /// as one share per task, which are added in their order.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func collectingGradients(
    _ body: (SharedMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
  ) -> Parameters<Scalar> {
    let (tasks, later) = (samples.features.taskCount, layout.laterScalars)
    return samples.scratch.withBuffer(count: layout.weightScalars + tasks * later) { result in
      let shares = result + layout.weightScalars
      shares.update(repeating: 0, count: tasks * later)
      body(SharedMutablePointer(shares), result)
      let target = result + layout.firstLayerScalars
      target.update(repeating: 0, count: later)
      for task in 0..<tasks {
        let share = shares + task * later
        for index in 0..<later { target[index] += share[index] }
      }
      return samples.unpacked(result)
    }
  }

  /// The same objective with its sample weights computed: inner steps then share one pair of arrays.
  package func fixed(at x: Parameters<Scalar>) -> any Objective<Scalar> {
    var result = self
    result.sampleWeights = sampleWeights.fixed(at: x)
    return result
  }
}

extension NetworkBlock {
  /// The block of the given rows of units that are kept for all samples.
  fileprivate init(
    samples: NetworkSamples<Scalar>, rows: Range<Int>, units: PooledBuffer<Scalar>,
    weights: UnsafePointer<Scalar>
  ) {
    self.init(
      samples: samples, rows: rows,
      firstLayer: units.pointer + rows.lowerBound * samples.layout.stride(1),
      units: units.pointer, capacity: samples.count, first: rows.lowerBound, weights: weights)
  }
}

extension NetworkLayout {
  /// Packed scalars from the second layer's weights on.
  var laterScalars: Int { weightScalars - firstLayerScalars }
}

/// h_y linearised with the units of all layers kept: a product is one pass over the features.
private struct NetworkLinearization<Scalar: TensorScalar>: LowerGradientLinearization {
  let objective: NetworkClassificationObjective<Scalar>
  let lowerGradient: Parameters<Scalar>
  /// y, whose weights the products need.
  let point: Parameters<Scalar>
  let units: PooledBuffer<Scalar>
  let factors: [Scalar]
  let derivatives: [Scalar]
  let upper: Parameters<Scalar>

  var bytes: Int {
    (units.count + factors.count + derivatives.count) * MemoryLayout<Scalar>.stride
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
    var lower = Parameters<Scalar>([])
    let inner = objective.sampleWeights.perSample { inner in
      lower = secondOrder(v, factorTangents: nil, inner: SharedMutablePointer(inner))
    }
    return SecondOrderProducts(
      lower: lower,
      upper: objective.sampleWeights.upperVector(like: upper, inner, times: derivatives))
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func pushforward(
    upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
  ) -> Parameters<Scalar> {
    let count = objective.samples.count
    let moved = objective.weighting == .uniform ? nil : dx?.tensors[0]
    let scaled = moved?.reshaped([count]).multiplying(Tensor(derivatives)).scalars
    var result = Parameters<Scalar>([])
    _ = objective.sampleWeights.perSample { unused in
      result = secondOrder(
        dy ?? .zeros(like: point), factorTangents: scaled, inner: SharedMutablePointer(unused))
    }
    return result
  }

  /// The derivative of h_y along (factors' tangents, v).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func secondOrder(
    _ v: Parameters<Scalar>, factorTangents: [Scalar]?, inner: SharedMutablePointer<Scalar>
  ) -> Parameters<Scalar> {
    let (samples, units, factors) = (objective.samples, units, factors)
    let later = samples.layout.laterScalars
    return samples.withPacked(point) { packed in
      samples.withPacked(v) { direction in
        let weights = SharedPointer(UnsafePointer(packed))
        let directions = SharedPointer(UnsafePointer(direction))
        return objective.collectingGradients { gradients, result in
          samples.features.multiplyBack(
            direction, columns: samples.layout.stride(1), into: result
          ) { task, rows, tangents, residuals in
            NetworkBlock(samples: samples, rows: rows, units: units, weights: weights.pointer)
              .runSecondOrder(
                directions: directions.pointer, tangents: tangents, factors: factors,
                factorTangents: factorTangents, inner: inner.pointer,
                gradients: gradients.pointer + task * later - samples.layout.firstLayerScalars,
                residuals: residuals)
          }
        }
      }
    }
  }
}
