import Bilevel
import Experiments

/// What a linear head is trained to: its outputs Z = Phi W against targets T, both `[n, c]`.
package enum HeadLoss: String, NamedChoice {
  /// 1/(2n) |Z - T|^2.
  case leastSquares = "least-squares"
  /// Mean over rows of the cross-entropy of softmax(Z_i) against T_i, whose rows sum to 1.
  case crossEntropy = "cross-entropy"
}

/// The loss of a linear head on features, as a function of both, in closed form:
///
///     h(Phi, W) = factor loss(Phi W, T) + ridge/2 |W|^2,    Phi [n, p], W [p, c], T [n, c].
///
/// The upper variable is the *features* (the component `component` of it); the extractor in front is
/// ``FeatureMap``'s business. With R the derivative of the data term with respect to Z = Phi W, and
/// D = Phi V, U = its Hessian applied to D, for a direction V of the head:
///
///     h_W = Phi' R + ridge W,             h_Phi = R W',
///     h_WW V = Phi' U + ridge V,          h_PhiW V = R V' + U W',
///
/// where least squares has R = factor (Z - T)/n, U = factor D/n, and cross-entropy, with P the
/// softmax, R = factor (P - T)/n, U_i = factor P_i (D_i - <P_i, D_i>)/n. Cost: two matrix products of
/// n p c per gradient, four per pullback; a kept linearisation holds R (and P).
/// The reference is the same loss as an `ExpressionObjective`.
package struct LinearHeadObjective<Scalar: TensorScalar>: Objective {
  /// The position of the features among the components of the upper variable.
  package let component: Int
  /// T.
  package let targets: Tensor<Scalar>
  /// The loss.
  package let loss: HeadLoss
  /// The coefficient of |W|^2 / 2.
  package let ridge: Scalar
  /// The factor of the data term.
  package let factor: Scalar

  /// The loss of a head on the features at `component`.
  package init(
    component: Int, targets: Tensor<Scalar>, loss: HeadLoss, ridge: Scalar = 0, factor: Scalar = 1
  ) {
    precondition(
      targets.rank == 2,
      "Targets need a row per sample and a column per output; got shape "
        + "\(targets.shape).")
    self.component = component
    self.targets = targets
    self.loss = loss
    self.ridge = ridge
    self.factor = factor
  }

  /// h(Phi, W).
  package func value(upper x: Parameters<Scalar>, lower y: Parameters<Scalar>) -> Scalar {
    evaluate(outputs: outputs(x, y)).value + ridge / 2 * y.dot(y)
  }

  /// h(Phi, W) and both gradients.
  package func gradients(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> ObjectiveGradients<Scalar> {
    let point = evaluate(outputs: outputs(x, y))
    return ObjectiveGradients(
      value: point.value + ridge / 2 * y.dot(y),
      upper: upperVector(
        like: x, point.residuals.multiplied(by: y.tensors[0], transposingOther: true)),
      lower: lowerGradient(x, y, point.residuals))
  }

  /// Phi' R + ridge W.
  package func lowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    lowerGradient(x, y, evaluate(outputs: outputs(x, y)).residuals)
  }

  /// The lower gradient with R, and P for cross-entropy, kept.
  package func linearizeLowerGradient(
    upper x: Parameters<Scalar>, lower y: Parameters<Scalar>
  ) -> any LowerGradientLinearization<Scalar> {
    let point = evaluate(outputs: outputs(x, y))
    return LinearHeadLinearization(
      objective: self, upper: x, head: y, residuals: point.residuals,
      probabilities: point.probabilities,
      lowerGradient: lowerGradient(x, y, point.residuals))
  }

  // MARK: - Parts

  private func outputs(_ x: Parameters<Scalar>, _ y: Parameters<Scalar>) -> Tensor<Scalar> {
    x.tensors[component].multiplied(by: y.tensors[0])
  }

  private func lowerGradient(
    _ x: Parameters<Scalar>, _ y: Parameters<Scalar>, _ residuals: Tensor<Scalar>
  ) -> Parameters<Scalar> {
    headVector(x, residuals, plus: y)
  }

  /// Phi' rows + ridge v.
  fileprivate func headVector(
    _ x: Parameters<Scalar>, _ rows: Tensor<Scalar>, plus v: Parameters<Scalar>
  ) -> Parameters<Scalar> {
    var result = x.tensors[component].multiplied(by: rows, transposingSelf: true)
    if ridge != 0 { result.add(v.tensors[0], scaledBy: ridge) }
    return Parameters(result)
  }

  /// Zero but for the features' component.
  fileprivate func upperVector(
    like x: Parameters<Scalar>, _ features: Tensor<Scalar>
  ) -> Parameters<Scalar> {
    Parameters(
      x.tensors.enumerated().map { $0.offset == component ? features : .zeros(like: $0.element) })
  }

  private func evaluate(outputs: Tensor<Scalar>) -> HeadEvaluation<Scalar> {
    precondition(
      outputs.shape == targets.shape,
      "Outputs of shape \(outputs.shape) for targets of shape \(targets.shape).")
    let scale = factor / Scalar(max(1, targets.shape[0]))
    switch loss {
    case .leastSquares:
      let gap = outputs.subtracting(targets)
      return HeadEvaluation(
        value: scale / 2 * gap.dot(gap), residuals: gap.scaled(by: scale), probabilities: nil)
    case .crossEntropy:
      let (probabilities, normalisers) = softmaxOfRows(outputs)
      return HeadEvaluation(
        // Row by row: the difference of two large sums would fall below zero by their rounding.
        value: scale
          * normalisers.subtracting(outputs.multiplying(targets).sum(alongAxis: 1)).sum(),
        residuals: probabilities.subtracting(targets).scaled(by: scale),
        probabilities: probabilities)
    }
  }

  /// U: the Hessian of the data term with respect to Z, applied to D.
  fileprivate func curvature(
    _ directions: Tensor<Scalar>, _ probabilities: Tensor<Scalar>?
  ) -> Tensor<Scalar> {
    let scale = factor / Scalar(max(1, targets.shape[0]))
    guard let probabilities else { return directions.scaled(by: scale) }
    return centredProducts(probabilities, directions, scale: scale)
  }
}

/// The data term of a head at one point.
private struct HeadEvaluation<Scalar: TensorScalar> {
  var value: Scalar
  var residuals: Tensor<Scalar>
  var probabilities: Tensor<Scalar>?
}

/// h_W linearised at one point.
private struct LinearHeadLinearization<Scalar: TensorScalar>: LowerGradientLinearization {
  let objective: LinearHeadObjective<Scalar>
  let upper: Parameters<Scalar>
  let head: Parameters<Scalar>
  let residuals: Tensor<Scalar>
  let probabilities: Tensor<Scalar>?
  let lowerGradient: Parameters<Scalar>

  private var features: Tensor<Scalar> { upper.tensors[objective.component] }

  /// Features and head are the point's own: they are shared, not copied.
  var bytes: Int {
    (residuals.count + (probabilities?.count ?? 0) + lowerGradient.count)
      * MemoryLayout<Scalar>.stride
  }

  func pullback(_ v: Parameters<Scalar>) -> SecondOrderProducts<Scalar> {
    let products = products(v)
    return SecondOrderProducts(
      lower: objective.headVector(upper, products, plus: v),
      upper: objective.upperVector(like: upper, mixed(v, products)))
  }

  func addPullback(
    _ v: Parameters<Scalar>, scaledBy factor: Scalar, toLower lower: inout Parameters<Scalar>,
    toUpper upper: inout Parameters<Scalar>
  ) {
    let products = products(v)
    lower.add(objective.headVector(self.upper, products, plus: v), scaledBy: factor)
    upper.tensors[objective.component].add(mixed(v, products), scaledBy: factor)
  }

  func hessianVectorProduct(_ v: Parameters<Scalar>) -> Parameters<Scalar> {
    objective.headVector(upper, products(v), plus: v)
  }

  func pushforward(
    upper dx: Parameters<Scalar>?, lower dy: Parameters<Scalar>?
  ) -> Parameters<Scalar> {
    let moved = dx?.tensors[objective.component]
    var outputs = Tensor<Scalar>.zeros(like: residuals)
    if let moved { outputs.add(moved.multiplied(by: head.tensors[0])) }
    if let dy { outputs.add(features.multiplied(by: dy.tensors[0])) }
    var result = objective.headVector(
      upper, objective.curvature(outputs, probabilities), plus: dy ?? .zeros(like: head))
    if let moved {
      result.tensors[0].add(moved.multiplied(by: residuals, transposingSelf: true))
    }
    return result
  }

  /// R V' + U W'.
  private func mixed(_ v: Parameters<Scalar>, _ products: Tensor<Scalar>) -> Tensor<Scalar> {
    var result = residuals.multiplied(by: v.tensors[0], transposingOther: true)
    result.add(products.multiplied(by: head.tensors[0], transposingOther: true))
    return result
  }

  private func products(_ v: Parameters<Scalar>) -> Tensor<Scalar> {
    objective.curvature(features.multiplied(by: v.tensors[0]), probabilities)
  }
}

/// The softmax of each row of `[n, c]`, and each row's log sum exp, from its largest element.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func softmaxOfRows<Scalar: TensorScalar>(
  _ outputs: Tensor<Scalar>
) -> (probabilities: Tensor<Scalar>, normalisers: Tensor<Scalar>) {
  let width = outputs.shape[1]
  let largest = outputs.maximumAlongLastAxis()
  let shifted = outputs.subtracting(largest.repeated(width, alongNewAxis: 1)).exponential()
  let totals = shifted.sum(alongAxis: 1)
  return (
    shifted.dividing(totals.repeated(width, alongNewAxis: 1)), totals.logarithm().adding(largest)
  )
}

/// scale P_i (D_i - <P_i, D_i>) for each row i.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func centredProducts<Scalar: TensorScalar>(
  _ probabilities: Tensor<Scalar>, _ directions: Tensor<Scalar>, scale: Scalar
) -> Tensor<Scalar> {
  let weighted = probabilities.multiplying(directions)
  let means = weighted.sum(alongAxis: 1).repeated(directions.shape[1], alongNewAxis: 1)
  return weighted.subtracting(probabilities.multiplying(means)).scaled(by: scale)
}
