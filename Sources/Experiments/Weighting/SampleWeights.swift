import Bilevel
import Tensors

/// The weights of an objective's samples as functions of x, and what its derivatives need of them.
///
/// Every weighted classification objective holds one; an inner loop, whose x does not move, asks for
/// ``fixed(at:)`` once, and its steps then share one pair of arrays.
struct SampleWeights<Scalar: TensorScalar>: Sendable {
  /// How x, whose first component holds one scalar per sample, weighs the samples.
  let weighting: SampleWeighting
  /// The number of samples n.
  let count: Int
  /// Where x is fixed: its first component, w_i / n and w'_i / n.
  private var known: (x: Tensor<Scalar>?, values: [Scalar], derivatives: [Scalar])?

  /// The weights of `count` samples.
  init(weighting: SampleWeighting, count: Int) {
    self.weighting = weighting
    self.count = count
  }

  /// w_i / n and w'_i / n.
  ///
  /// Fixed weights answer for their own x only; for any other one they would silently be wrong, so
  /// that is a programmer's error. The comparison reads n scalars, a small part of a pass over features.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func factors(_ x: Parameters<Scalar>) -> (values: [Scalar], derivatives: [Scalar]) {
    guard let known else { return weighting.factors(x.tensors.first, count: count) }
    if weighting != .uniform, let fixed = known.x, let given = x.tensors.first {
      let difference = given.firstDifference(from: fixed)
      precondition(
        difference == nil,
        "An objective fixed at one x was asked about another: \(difference ?? "").")
    }
    return (known.values, known.derivatives)
  }

  /// The same weights, computed once for the given x.
  func fixed(at x: Parameters<Scalar>) -> SampleWeights {
    let (values, derivatives) = factors(x)
    var result = self
    result.known = (x.tensors.first, values, derivatives)
    return result
  }

  /// One scalar per sample, written by `body`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func perSample(_ body: (UnsafeMutablePointer<Scalar>) -> Void) -> [Scalar] {
    // Room for one at least, so that `body` is called without samples, too.
    Array(unsafeUninitializedCapacity: max(1, count)) { buffer, initialized in
      if let start = buffer.baseAddress { body(start) }
      initialized = count
    }
  }

  /// The vector of x's space whose first component is the product of the two lists.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func upperVector(
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

extension Tensor {
  /// A description of the first scalar that differs, not a number counting as equal to itself; nil
  /// where all are the same.
  fileprivate func firstDifference(from other: Tensor) -> String? {
    scalars.withUnsafeBufferPointer { own in
      other.scalars.withUnsafeBufferPointer { others -> String? in
        guard own.count == others.count else {
          return "\(own.count) scalars against \(others.count)"
        }
        if own.baseAddress == others.baseAddress { return nil }
        for index in own.indices where own[index] != others[index] {
          if own[index].isNaN && others[index].isNaN { continue }
          return "\(own[index]) against \(others[index]) at \(index)"
        }
        return nil
      }
    }
  }
}
