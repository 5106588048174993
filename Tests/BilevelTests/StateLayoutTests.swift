import Bilevel
import TestSupport
import Testing

@Suite("What the state of an inner loop holds")
struct StateLayoutTests {
  /// A point of the space of so many lower variables.
  static func point(_ copies: Int, _ stream: inout RandomStream) -> Parameters<Double> {
    Parameters(
      (0..<copies).flatMap { _ in
        [stream.uniform([3], in: -1..<1) as Tensor<Double>, stream.uniform([2, 2], in: -1..<1)]
      })
  }

  @Test("Pullbacks are transposes: <u, J v> = <J' u, v>", arguments: [1, 2, 3])
  func transposes(count: Int) {
    var stream = RandomStream(seed: 31, purpose: "layouts")
    let layout = StateLayout(lowerVariables: count)
    let (lower, state) = (Self.point(1, &stream), Self.point(count, &stream))
    func isTranspose(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-14 }
    #expect(
      isTranspose(
        state.dot(layout.initialState(from: lower)),
        layout.initialStatePullback(state).dot(lower)))
    #expect(
      isTranspose(
        lower.dot(layout.lowerVariable(of: state)),
        layout.lowerVariablePullback(lower).dot(state)))
    // Replacing is linear in (state, lower): what is left of the state, and the lower variable.
    let replaced = layout.replacingLowerVariable(of: state, with: lower)
    let other = Self.point(count, &stream)
    let kept = layout.replacingLowerVariable(of: other, with: .zeros(like: lower))
    #expect(
      isTranspose(
        other.dot(replaced), kept.dot(state) + layout.lowerVariable(of: other).dot(lower)))
    // The check can fail.
    #expect(!isTranspose(state.dot(state), state.dot(layout.initialState(from: lower))))
  }

  @Test("Lower variables are found by their age", arguments: [1, 2, 3])
  func ages(count: Int) {
    var stream = RandomStream(seed: 32, purpose: "layouts")
    let layout = StateLayout(lowerVariables: count)
    let state = Self.point(count, &stream)
    #expect((0..<count).flatMap { layout.lowerVariable($0, of: state).tensors } == state.tensors)
    #expect(layout.lowerVariable(of: state) == layout.lowerVariable(0, of: state))
    let lower = Self.point(1, &stream)
    let replaced = layout.replacingLowerVariable(of: state, with: lower)
    #expect(layout.lowerVariable(of: replaced) == lower)
    for age in 1..<max(count, 1) where age < count {
      #expect(layout.lowerVariable(age, of: replaced) == layout.lowerVariable(age, of: state))
    }
    let start = layout.initialState(from: lower)
    #expect((0..<count).allSatisfy { layout.lowerVariable($0, of: start) == lower })
  }
}
