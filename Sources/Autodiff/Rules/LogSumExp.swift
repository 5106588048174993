/// The smooth maximum along the last axis, from which softmax and cross-entropy are composed.
extension Variable {
  /// log sum exp over the last axis, which disappears; computed from the largest element, so that
  /// nothing overflows.
  ///
  /// The derivative is softmax(z) = exp(z - logSumExp(z)), written in terms of the output, so it is
  /// stable too and can be differentiated again.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logSumExp() -> Variable {
    let axis = value.rank - 1
    let largest = value.maximumAlongLastAxis()
    let shifted = value.subtracting(largest.repeated(value.shape[axis], alongNewAxis: axis))
    let result = shifted.exponential().sum(alongAxis: axis).logarithm().adding(largest)
    return .applying(LogSumExp(), to: [self], value: result)
  }

  /// softmax over the last axis.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func softmax() -> Variable { softmax(given: logSumExp()) }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  fileprivate func softmax(given normaliser: Variable) -> Variable {
    let axis = value.rank - 1
    return (self - normaliser.repeated(shape[axis], alongNewAxis: axis)).exponential()
  }

  private struct LogSumExp: DifferentiationRule {
    func pullback(_ cotangent: Variable, inputs: [Variable], output: Variable) -> [Variable?] {
      let axis = inputs[0].value.rank - 1
      let extent = inputs[0].shape[axis]
      return [cotangent.repeated(extent, alongNewAxis: axis) * inputs[0].softmax(given: output)]
    }

    func pushforward(_ tangents: [Variable?], inputs: [Variable], output: Variable) -> Variable? {
      tangents[0].map {
        ($0 * inputs[0].softmax(given: output)).sum(alongAxis: inputs[0].value.rank - 1)
      }
    }
  }
}
