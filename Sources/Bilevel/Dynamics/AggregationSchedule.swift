import Foundation

/// The weights a_k of the upper and b_k of the lower descent direction in step k = 1, 2, ...
///
/// Every schedule in circulation, by name. With alpha = 0 each of them is plain gradient descent.
/// The theory of arXiv 2102.07976 (as of Sabach and Shtern 2017, on which it builds) asks for
/// a_k -> 0 with sum a_k = infinity; ``weightSumDiverges`` says which schedules keep to it, and
/// those that do not are offered because published code uses them: on the counter-example they stop
/// at a wrong point.
public struct AggregationSchedule: Sendable, Equatable {
  /// The rule by which weights follow from alpha and k.
  public enum Rule: String, NamedChoice {
    /// Form A with a_k = alpha / k, b_k = 1 - a_k. Also the BOML library's form C
    /// (`boml/lower_iter/aggr.py`, lines 150 to 156), where alpha is 0.6 by default.
    case harmonic
    /// Form A with a_k = alpha / (k + 1), b_k = 1 - a_k.
    case shiftedHarmonic = "shifted-harmonic"
    /// Form A with a_k = alpha, b_k = 1 - alpha: the ablation of the ICML article's figure 3 (as recalled).
    case constant
    /// Form B, the journal's: a_k = alpha / (k + 1), b_k = 1 - alpha, with alpha the aggregation
    /// parameter mu and beta_k = 1 (arXiv 2102.07976; as recalled, to be checked against the PDF).
    case journal
    /// Form D, the official repository's: a_k = alpha 0.9^(k-1), b_k = 1 - alpha, the lower weight
    /// constant (vis-opt-group/BDA `boml/lower_iter/aggr.py`, `combine_grads`).
    case officialCode = "official-code"
    /// Form E, BOAT's: a_k = alpha 0.9^(k-1), b_k = 1 - a_k (callous-youth/BOAT
    /// `boat_torch/gm_ol/gda.py`).
    case geometric
    /// Form F, first variant: constant within an inner loop; over outer iterations n = 0, 1, ...
    /// alpha is multiplied by (n + 1) / (n + 2) each time, so a = alpha / (n + 1) (sl-BAMM
    /// `merely_convex/strategy3.py`). Meant for inner loops that start from the last y. The file itself
    /// multiplies before its first step, which makes it alpha / (n + 2); and its aggregated loss has alpha
    /// as the default of a parameter, which Python evaluates once, so that its inner step goes on with the
    /// first alpha whatever becomes of it.
    case outerHarmonic = "outer-harmonic"
    /// Form F, second variant: a = alpha / (n + 1)^(1/10) (same file, with p0 = 10).
    case outerPower = "outer-power"
  }

  /// The rule.
  public let rule: Rule
  /// alpha in [0, 1], the weight that the rule starts from (mu for the journal's form).
  public let alpha: Double

  /// The schedule of a rule with its parameter.
  public init(_ rule: Rule, alpha: Double) {
    precondition((0...1).contains(alpha), "alpha must lie in [0, 1], got \(alpha).")
    self.rule = rule
    self.alpha = alpha
  }

  /// (a_k, b_k) in step k = 1, 2, ... of outer iteration n = 0, 1, ...
  public func weights(step k: Int, outerIteration n: Int = 0) -> (upper: Double, lower: Double) {
    precondition(k >= 1, "Inner steps are counted from 1, got \(k).")
    switch rule {
    case .harmonic: return complementary(alpha / Double(k))
    case .shiftedHarmonic: return complementary(alpha / Double(k + 1))
    case .constant: return complementary(alpha)
    case .journal: return (alpha / Double(k + 1), 1 - alpha)
    case .officialCode: return (alpha * pow(0.9, Double(k - 1)), 1 - alpha)
    case .geometric: return complementary(alpha * pow(0.9, Double(k - 1)))
    case .outerHarmonic: return complementary(alpha / Double(n + 1))
    case .outerPower: return complementary(alpha / pow(Double(n + 1), 0.1))
    }
  }

  private func complementary(_ weight: Double) -> (upper: Double, lower: Double) {
    (weight, 1 - weight)
  }

  /// Whether the sum of a_k over the steps of one inner loop diverges as K grows.
  ///
  /// False means that the loop can travel only a bounded distance within S(x), so that in general
  /// it stops short of the point that the upper objective prefers, whatever K is.
  public var weightSumDiverges: Bool { alpha > 0 && rule.weightSumDiverges }

  /// Whether the weights keep to the theory's condition: a_k -> 0 and a divergent sum.
  public var satisfiesTheory: Bool { alpha > 0 && rule.satisfiesTheory }
}

extension AggregationSchedule.Rule {
  /// Whether sum a_k diverges for alpha > 0.
  public var weightSumDiverges: Bool { self != .officialCode && self != .geometric }

  /// Whether a_k tends to 0 within an inner loop while the sum diverges.
  public var satisfiesTheory: Bool {
    switch self {
    case .harmonic, .shiftedHarmonic, .journal: true
    case .constant, .officialCode, .geometric, .outerHarmonic, .outerPower: false
    }
  }

  /// Whether the weights stay the same from the first step of an inner loop to its last.
  public var isConstantWithinLoop: Bool {
    switch self {
    case .constant, .outerHarmonic, .outerPower: true
    case .harmonic, .shiftedHarmonic, .journal, .officialCode, .geometric: false
    }
  }

  /// The letter of the published form.
  public var form: String {
    switch self {
    case .harmonic: "A, C"
    case .shiftedHarmonic, .constant: "A"
    case .journal: "B"
    case .officialCode: "D"
    case .geometric: "E"
    case .outerHarmonic, .outerPower: "F"
    }
  }

  /// The weights as a formula.
  public var formula: String {
    switch self {
    case .harmonic: "a_k = A/k, b_k = 1 - a_k"
    case .shiftedHarmonic: "a_k = A/(k+1), b_k = 1 - a_k"
    case .constant: "a_k = A, b_k = 1 - A"
    case .journal: "a_k = A/(k+1), b_k = 1 - A"
    case .officialCode: "a_k = A 0.9^(k-1), b_k = 1 - A"
    case .geometric: "a_k = A 0.9^(k-1), b_k = 1 - a_k"
    case .outerHarmonic: "a_k = A/(n+1), b_k = 1 - a_k, n = outer iteration"
    case .outerPower: "a_k = A/(n+1)^0.1, b_k = 1 - a_k, n = outer iteration"
    }
  }

  /// Where the rule was published.
  public var source: String {
    switch self {
    case .harmonic: "arXiv 2006.04045 form A; dut-media-lab/BOML boml/lower_iter/aggr.py"
    case .shiftedHarmonic: "arXiv 2006.04045 form A"
    case .constant: "arXiv 2006.04045, figure 3, ablation (as recalled)"
    case .journal: "arXiv 2102.07976 (as recalled, to be checked against the PDF)"
    case .officialCode: "vis-opt-group/BDA boml/lower_iter/aggr.py"
    case .geometric: "callous-youth/BOAT boat_torch/gm_ol/gda.py"
    case .outerHarmonic, .outerPower: "vis-opt-group/sl-BAMM merely_convex/strategy3.py"
    }
  }
}
