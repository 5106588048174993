import Bilevel
import Results
import Testing

@testable import Experiments

@Suite("Trials of a setting, and budgets")
struct SettingTrialsTests {
  @Test("Trials spread out from the given setting, up and down in turn")
  func factors() {
    #expect((0..<5).map(SettingTrials(5).factor) == [1, 3, 1.0 / 3, 9, 1.0 / 9])
    #expect((0..<3).map(SettingTrials(3, base: 10).factor) == [1, 10, 0.1])
  }

  @Test("A choice among the last two trials is at the edge, and a single trial has none")
  func edge() {
    func isAtEdge(_ chosen: Int, of count: Int) -> Bool? {
      SettingTrials(count).note(
        chosen: chosen, setting: "inner.stepSize", value: 0.3, on: "loss"
      )["isAtEdge"]?.boolValue
    }
    #expect((0..<5).map { isAtEdge($0, of: 5) } == [false, false, false, true, true])
    #expect(isAtEdge(0, of: 1) == false)
    // The note's edge is that of the factors themselves.
    for count in 2..<7 {
      let factors = (0..<count).map(SettingTrials(count).factor)
      for chosen in factors.indices {
        let isExtreme = [factors.min(), factors.max()].contains(factors[chosen])
        #expect(isAtEdge(chosen, of: count) == isExtreme)
      }
    }
  }

  @Test("A note names what was tried and chosen, and the losses where they are given")
  func note() {
    let note = SettingTrials(2).note(
      chosen: 1, setting: "baseline.ridge", value: 0.5, on: "held-out loss", losses: [2, 1])
    #expect(
      note.canonicalText
        == #"{"chosen":1,"isAtEdge":true,"losses":[2,1],"on":"held-out loss","#
        + #""setting":"baseline.ridge","trials":2,"value":0.5}"#)
  }

  @Test("A budget bounds an evening's iterations, and a smoke run has a problem of its own")
  func budgets() {
    var settings = RunSettings(TinySettings())
    settings.outer.iterations = 500
    func iterations(_ budget: Budget, _ bound: Int) -> Int {
      settings.within(budget, iterations: bound) { $0.outer.iterations = 7 }.outer.iterations
    }
    #expect(iterations(.paper, 100) == 500)
    #expect(iterations(.short, 100) == 100 && iterations(.short, 1_000) == 500)
    #expect(iterations(.smoke, 100) == 7)
  }
}
