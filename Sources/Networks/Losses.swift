/// The cross-entropy of each row: logSumExp(z_i) - <targets_i, z_i>, of shape `[rows]`.
///
/// `logits` and `targets` are `[rows, classes]`; each row of targets sums to 1 (one-hot, or
/// smoothed). Computed from the smooth maximum, so that no logarithm of a vanishing softmax is
/// taken.
public func crossEntropies<Scalar>(
  logits: Variable<Scalar>, targets: Variable<Scalar>
) -> Variable<Scalar> {
  precondition(
    logits.shape == targets.shape,
    "Logits of shape \(logits.shape) and targets of shape \(targets.shape).")
  return logits.logSumExp() - (logits * targets).sum(alongAxis: 1)
}

/// The fraction of rows whose largest logit is at the label, in [0, 1]; NaN without rows. A row with a NaN
/// has no largest logit.
public func accuracy<Scalar>(logits: Tensor<Scalar>, labels: [Int]) -> Double {
  let predictions = logits.argumentsOfRowMaxima()
  precondition(
    predictions.count == labels.count, "\(predictions.count) rows and \(labels.count) labels.")
  guard !labels.isEmpty else { return .nan }
  let maxima = logits.maximumAlongLastAxis().scalars
  let correct = labels.indices.count { predictions[$0] == labels[$0] && !maxima[$0].isNaN }
  return Double(correct) / Double(labels.count)
}
