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
/// pass over the `[n, c]` probabilities. The features carry a column of ones, so the bias is a row
/// of W and needs no code of its own.
///
/// Cost of a gradient: 4 n d c floating-point operations dense, 4 nnz c sparse; of a kept
/// linearisation: n times c (padded to 16) scalars. The reference is ``ExpressionObjective``,
/// against which this is tested in Double, to rounding.
public struct SoftmaxRegressionObjective<Scalar: TensorScalar>: Objective {
  /// The samples.
  public let samples: SoftmaxRegressionSamples<Scalar>
  /// How x, whose first component holds one scalar per sample, weighs them.
  public let weighting: SampleWeighting

  /// The objective of the given samples.
  public init(samples: SoftmaxRegressionSamples<Scalar>, weighting: SampleWeighting) {
    self.samples = samples
    self.weighting = weighting
  }

  /// h(x, y).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    samples.withRows(1) { rows in
      samples.multiply(y, into: rows)
      return Tensor(losses(replacingLogits: rows)).dot(Tensor(factors(x).values))
    }
  }

  /// h(x, y) and both gradients, from one pass forward and one back.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let (values, derivatives) = factors(x)
    return samples.withRows(1) { rows in
      samples.multiply(y, into: rows)
      let losses = losses(replacingLogits: rows)
      formResiduals(rows, values)
      return ObjectiveGradients(
        value: Tensor(losses).dot(Tensor(values)),
        upper: upperVector(like: x, losses, times: derivatives),
        lower: samples.transposedMultiply(rows))
    }
  }

  /// A' R.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    samples.withRows(1) { rows in
      samples.multiply(y, into: rows)
      samples.applySoftmax(rows)
      formResiduals(rows, factors(x).values)
      return samples.transposedMultiply(rows)
    }
  }

  /// The lower gradient with the probabilities P kept.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let (values, derivatives) = factors(x)
    return samples.withRows(1) { rows in
      samples.multiply(y, into: rows)
      samples.applySoftmax(rows)
      let probabilities = Array(UnsafeBufferPointer(start: rows, count: samples.rowScalars))
      formResiduals(rows, values)
      return Linearization(
        objective: self, lowerGradient: samples.transposedMultiply(rows),
        probabilities: probabilities, factors: values, derivatives: derivatives, upper: x)
    }
  }

  /// Both products from three passes over the features, nothing kept: one less than by way of a
  /// linearisation, whose gradient is not needed here.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func lowerGradientPullback(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>, _ v: Parameters<Scalar>
  ) -> SecondOrderProducts<Scalar> {
    let (values, derivatives) = factors(x)
    return samples.withRows(2) { rows in
      let directions = rows + samples.rowScalars
      samples.multiply(y, into: rows)
      samples.applySoftmax(rows)
      samples.multiply(v, into: directions)
      let inner = perSample { inner in
        softmaxProductRows(
          probabilities: rows, directions: directions, width: samples.width,
          labels: samples.labels, factors: values, into: directions, inner: inner)
      }
      return SecondOrderProducts(
        lower: samples.transposedMultiply(directions),
        upper: upperVector(like: x, inner, times: derivatives))
    }
  }

  /// w_i / n and w'_i / n.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func factors(_ x: Parameters<Scalar>) -> (values: [Scalar], derivatives: [Scalar]) {
    weighting.factors(x.tensors.first, count: samples.count)
  }

  /// Replaces probabilities by residuals.
  private func formResiduals(_ rows: UnsafeMutablePointer<Scalar>, _ factors: [Scalar]) {
    softmaxResidualRows(rows, width: samples.width, labels: samples.labels, factors: factors)
  }

  /// Each sample's cross-entropy; the logits in `rows` become probabilities.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func losses(replacingLogits rows: UnsafeMutablePointer<Scalar>) -> [Scalar] {
    perSample { losses in
      samples.applySoftmax(rows, losses: losses)
    }
  }

  /// One scalar per sample, written by `body`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func perSample(_ body: (UnsafeMutablePointer<Scalar>) -> Void) -> [Scalar] {
    Array(unsafeUninitializedCapacity: samples.count) { buffer, initialized in
      if let start = buffer.baseAddress { body(start) }
      initialized = samples.count
    }
  }

  /// The vector of x's space whose first component is the product of the two lists.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func upperVector(
    like x: Parameters<Scalar>, _ left: [Scalar], times right: [Scalar]
  ) -> Parameters<Scalar> {
    var result = Parameters.zeros(like: x)
    if weighting != .uniform {
      let product = Tensor(left).multiplying(Tensor(right))
      result.tensors[0] = product.reshaped(x.tensors[0].shape)
    }
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
      let inner = formProducts(v, rows)
      return SecondOrderProducts(
        lower: samples.transposedMultiply(rows),
        upper: objective.upperVector(like: upper, inner, times: derivatives))
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func pushforward(
    upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
  ) -> Parameters<Scalar> {
    samples.withRows(1) { rows in
      if let dy {
        _ = formProducts(dy, rows)
      } else {
        rows.update(repeating: 0, count: samples.rowScalars)
      }
      if let dx, objective.weighting != .uniform {
        let scaled = dx.tensors[0].reshaped([samples.count]).multiplying(Tensor(derivatives))
        probabilities.withUnsafeBufferPointer { p in
          if let p = p.baseAddress {
            samples.addResiduals(p, factors: scaled.scalars, to: rows)
          }
        }
      }
      return samples.transposedMultiply(rows)
    }
  }

  /// Writes U to `rows` and returns <P_i - e_i, V_i>.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func formProducts(
    _ v: Parameters<Scalar>, _ rows: UnsafeMutablePointer<Scalar>
  ) -> [Scalar] {
    samples.multiply(v, into: rows)
    return probabilities.withUnsafeBufferPointer { p in
      objective.perSample { inner in
        guard let p = p.baseAddress else { return }
        softmaxProductRows(
          probabilities: p, directions: rows, width: samples.width, labels: samples.labels,
          factors: factors, into: rows, inner: inner)
      }
    }
  }
}
