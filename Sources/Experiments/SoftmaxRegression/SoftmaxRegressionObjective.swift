import Bilevel
import Tensors

/// The weighted cross-entropy of softmax regression, with all derivatives in closed form.
///
///     h(x, y) = 1/n sum_i w(x_i) CE(softmax(a_i W + b), label_i),    y = (W [d, c], b [c]).
///
/// With P = softmax(A W + b), e_i the one-hot label, and V = A V_W + v_b for a direction v:
///
///     h_y         =  A' R,   R_i = w_i (P_i - e_i) / n
///     h_yy v      =  A' U,   U_i = w_i P_i (V_i - <P_i, V_i>) / n
///     (h_xy v)_i  =  w'_i <P_i - e_i, V_i> / n
///
/// so every product is one pass forward and one transposed pass over the features, fused with one
/// pass over the `[n, c]` probabilities: block after block of rows goes forward, through the softmax
/// and back while it is in a cache. The features carry a column of ones, so the bias is a row
/// of W and needs no code of its own.
///
/// Cost of a gradient: 4 n d c floating-point operations dense, 4 nnz c sparse; of a kept
/// linearisation: n times c (padded to 16) scalars. The reference is ``ExpressionObjective``,
/// against which this is tested in Double, to rounding.
package struct SoftmaxRegressionObjective<Scalar: TensorScalar>: Objective {
  /// The samples.
  package let samples: SoftmaxRegressionSamples<Scalar>
  /// How x, whose first component holds one scalar per sample, weighs them.
  package var weighting: SampleWeighting { sampleWeights.weighting }
  /// The weights of the samples as functions of x.
  fileprivate var sampleWeights: SampleWeights<Scalar>

  /// The objective of the given samples.
  package init(samples: SoftmaxRegressionSamples<Scalar>, weighting: SampleWeighting) {
    self.samples = samples
    sampleWeights = SampleWeights(weighting: weighting, count: samples.count)
  }

  /// h(x, y).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    samples.withRows(1) { rows in
      samples.multiply(y, into: rows)
      let shared = SharedMutablePointer(rows)
      let losses = sampleWeights.perSample { losses in
        let losses = SharedMutablePointer(losses)
        samples.forEachRange {
          samples.applySoftmax($0, of: shared.pointer, losses: losses.pointer)
        }
      }
      return Tensor(losses).dot(Tensor(sampleWeights.factors(x).values))
    }
  }

  /// h(x, y) and both gradients, from one pass forward and one back.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let (values, derivatives) = sampleWeights.factors(x)
    return samples.withRows(1) { rows in
      let shared = SharedMutablePointer(rows)
      var lower = Parameters<Scalar>([])
      let losses = sampleWeights.perSample { losses in
        let losses = SharedMutablePointer(losses)
        lower = samples.multiplyBack(y, rows: rows) { range in
          samples.applySoftmax(range, of: shared.pointer, losses: losses.pointer)
          samples.formResiduals(range, of: shared.pointer, factors: values)
        }
      }
      return ObjectiveGradients(
        value: Tensor(losses).dot(Tensor(values)),
        upper: sampleWeights.upperVector(like: x, losses, times: derivatives), lower: lower)
    }
  }

  /// A' R.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    let values = sampleWeights.factors(x).values
    return samples.withRows(1) { rows in
      let shared = SharedMutablePointer(rows)
      return samples.multiplyBack(y, rows: rows) { range in
        samples.applySoftmax(range, of: shared.pointer)
        samples.formResiduals(range, of: shared.pointer, factors: values)
      }
    }
  }

  /// The lower gradient with the probabilities P kept.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let (values, derivatives) = sampleWeights.factors(x)
    return samples.withRows(1) { rows in
      let shared = SharedMutablePointer(rows)
      let width = samples.width
      var gradient = Parameters<Scalar>([])
      let probabilities = [Scalar](
        unsafeUninitializedCapacity: max(1, samples.rowScalars)
      ) { kept, count in
        guard let first = kept.baseAddress else { return }
        let target = SharedMutablePointer(first)
        gradient = samples.multiplyBack(y, rows: rows) { range in
          samples.applySoftmax(range, of: shared.pointer)
          let start = range.lowerBound * width
          (target.pointer + start).update(
            from: shared.pointer + start, count: range.count * width)
          samples.formResiduals(range, of: shared.pointer, factors: values)
        }
        count = samples.rowScalars
      }
      return Linearization(
        objective: self, lowerGradient: gradient, probabilities: probabilities, factors: values,
        derivatives: derivatives, upper: x)
    }
  }

  /// Both products, nothing kept: a product less than by way of a linearisation, whose gradient is
  /// not needed here, and A y beside A v in one pass over dense features.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    let (values, derivatives) = sampleWeights.factors(x)
    return samples.withRows(2) { rows in
      let probabilities = SharedMutablePointer(rows)
      let directions = SharedMutablePointer(rows + samples.rowScalars)
      var lower = Parameters<Scalar>([])
      let inner = sampleWeights.perSample { inner in
        let inner = SharedMutablePointer(inner)
        lower = samples.multiplyBack(
          v, rows: directions.pointer, alongside: y, rows: probabilities.pointer
        ) { range in
          samples.applySoftmax(range, of: probabilities.pointer)
          samples.formProducts(
            range, of: directions.pointer, probabilities: probabilities.pointer, factors: values,
            inner: inner.pointer)
        }
      }
      return SecondOrderProducts(
        lower: lower, upper: sampleWeights.upperVector(like: x, inner, times: derivatives))
    }
  }

  /// The same objective with its sample weights computed: inner steps then share one pair of arrays.
  package func fixed(at x: Parameters<Scalar>) -> any Objective<Scalar> {
    var result = self
    result.sampleWeights = sampleWeights.fixed(at: x)
    return result
  }
}

/// h_y linearised with the probabilities kept: each product is two passes over the features.
private struct Linearization<Scalar: TensorScalar>: LowerGradientLinearization {
  let objective: SoftmaxRegressionObjective<Scalar>
  let lowerGradient: Parameters<Scalar>
  let probabilities: [Scalar]
  let factors: [Scalar]
  let derivatives: [Scalar]
  let upper: Parameters<Scalar>

  private var samples: SoftmaxRegressionSamples<Scalar> { objective.samples }

  var bytes: Int {
    (probabilities.count + factors.count + derivatives.count) * MemoryLayout<Scalar>.stride
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
    samples.withRows(1) { rows in
      let shared = SharedMutablePointer(rows)
      var lower = Parameters<Scalar>([])
      let inner = probabilities.withUnsafeBufferPointer { kept in
        objective.sampleWeights.perSample { inner in
          guard let first = kept.baseAddress else { return }
          let (p, inner) = (SharedPointer(first), SharedMutablePointer(inner))
          lower = samples.multiplyBack(v, rows: rows) { range in
            samples.formProducts(
              range, of: shared.pointer, probabilities: p.pointer, factors: factors,
              inner: inner.pointer)
          }
        }
      }
      return SecondOrderProducts(
        lower: lower,
        upper: objective.sampleWeights.upperVector(like: upper, inner, times: derivatives))
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func pushforward(
    upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
  ) -> Parameters<Scalar> {
    let moved = objective.weighting == .uniform ? nil : dx?.tensors[0]
    let scaled = moved?.reshaped([samples.count]).multiplying(Tensor(derivatives)).scalars
    return samples.withRows(2) { rows in
      let shared = SharedMutablePointer(rows)
      let unused = SharedMutablePointer(rows + samples.rowScalars)
      return probabilities.withUnsafeBufferPointer { kept in
        guard let first = kept.baseAddress else { return samples.zeroParameters }
        let p = SharedPointer(first)
        guard let dy else {
          rows.update(repeating: 0, count: samples.rowScalars)
          if let scaled {
            samples.forEachRange {
              samples.addResiduals($0, of: p.pointer, factors: scaled, to: shared.pointer)
            }
          }
          return samples.transposedMultiply(rows)
        }
        return samples.multiplyBack(dy, rows: rows) { range in
          samples.formProducts(
            range, of: shared.pointer, probabilities: p.pointer, factors: factors,
            inner: unused.pointer)
          if let scaled {
            samples.addResiduals(range, of: p.pointer, factors: scaled, to: shared.pointer)
          }
        }
      }
    }
  }
}
