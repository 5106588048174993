import Foundation

/// How the outer learning rate depends on the outer iteration n = 0, 1, ...
public enum LearningRate: Sendable, Equatable {
  /// rate.
  case constant(Double)
  /// rate / (1 + decay n): TensorFlow's inverse-time decay, used by the official code.
  case inverseTime(Double, decay: Double)
  /// From rate to `final` along half a cosine over the given number of iterations, then `final`
  /// (Loshchilov and Hutter 2017, without restarts).
  case cosine(Double, final: Double, iterations: Int)

  /// The rate in outer iteration n.
  public func rate(at n: Int) -> Double {
    switch self {
    case .constant(let rate): return rate
    case .inverseTime(let rate, let decay): return rate / (1 + decay * Double(n))
    case .cosine(let rate, let final, let iterations):
      let progress = min(1, Double(n) / Double(max(1, iterations)))
      return final + (rate - final) * (1 + cos(Double.pi * progress)) / 2
    }
  }
}
