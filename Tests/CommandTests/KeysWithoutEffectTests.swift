import Datasets
import Experiments
import TestSupport
import Testing

@testable import FewShotLearning
@testable import LabelCleaning
@testable import few_shot
@testable import hyper_cleaning
@testable import hyper_representation

/// Keys about what the other settings leave out: layers, samples, labels, averages.
@Suite("Keys without effect")
struct KeysWithoutEffectTests {
  private func effects<Own: OwnSettings>(
    of keys: [String], _ defaults: RunSettings<Own>, _ overrides: [String]
  ) throws -> Set<Bool> {
    let settings = try Configuration.resolve(defaults: defaults, settings: overrides).settings
    return Set(keys.map(settings.hasEffect))
  }

  @Test(
    "Samples are drawn or read, each with keys of its own",
    arguments: [
      (RepresentationProtocol.pzobo64, true), (.fewLabels, false),
    ])
  func samples(preset: RepresentationProtocol, isDrawn: Bool) throws {
    let settings = preset.settings(.smoke)
    let drawn = ["data.samples", "data.inputs", "data.noise"]
    let read = ["data.perClass", "data.validation", "data.test", "head.smoothing"]
    #expect(try effects(of: drawn, settings, []) == [isDrawn])
    #expect(try effects(of: read, settings, []) == [!isDrawn])
  }

  @Test(
    "Hidden layers, a draw of y_0 and wrong labels are needed",
    arguments: [
      ("network.activation", "network.hidden=[]", "network.hidden=[3]"),
      (
        "network.redrawnEachIteration", "network.initialization=zero",
        "network.initialization=glorot"
      ),
      ("corruption.rule", "corruption.fraction=0", "corruption.fraction=0.5"),
    ])
  func cleaning(key: String, without: String, with: String) throws {
    let settings = RunSettings(CleaningSettings())
    #expect(try effects(of: [key], settings, [without]) == [false])
    #expect(try effects(of: [key], settings, [with]) == [true])
  }

  @Test("Without outer iterations there is one start, drawn anew or not")
  func redrawnStarts() throws {
    let cleaning = Cleaning(folder: DataFolder(path: "nowhere"))
    let settings = RunSettings(CleaningSettings())
    let key = "network.redrawnEachIteration"
    for baseline in cleaning.baselines {
      #expect(!cleaning.matters(key, to: .baseline(baseline), under: settings), "\(baseline.name)")
    }
    let rhg = try cleaning.catalogue.method(named: "rhg")
    #expect(cleaning.matters(key, to: .method(rhg), under: settings))
  }

  @Test("Where the training set is smaller than forward mode's, the bound on the weights stays")
  func forwardMode() {
    for (train, reduced, largestSum) in [(150, 200, 50.0), (400, 200, 25), (200, 200, 50)] {
      var settings = RunSettings(CleaningSettings())
      settings.data.train = train
      settings.reduced.train = reduced
      settings.weights.largestSum = 50
      settings.reduceForForwardMode()
      #expect(settings.data.train == min(train, reduced))
      #expect(settings.weights.largestSum == largestSum, "\(train), \(reduced)")
    }
  }

  @Test("Activations whose maxima no number of 32 bits can point to are refused")
  func activations() throws {
    let settings = RunSettings(FewShotSettings())
    func conflict(_ overrides: [String]) throws -> String? {
      FewShotSettings.conflict(
        in: try Configuration.resolve(defaults: settings, settings: overrides).settings)
    }
    let large = ["task.ways=100", "task.queries=60", "data.side=28"]
    #expect(try conflict(large + ["network.filters=64"]) == nil)
    #expect(try conflict(large + ["network.filters=512"])?.contains("network.filters") == true)
  }

  @Test("A residual network has no halving to choose, and moments are averaged where they are used")
  func fewShot() throws {
    let settings = RunSettings(FewShotSettings())
    let keys = ["network.halving", "network.padding", "network.learnsScale"]
    #expect(try effects(of: keys, settings, ["network.kind=residual"]) == [false])
    #expect(try effects(of: keys, settings, ["network.kind=convolutional"]) == [true])
    for rule in NormalisationRule.allCases {
      let found = try effects(
        of: ["network.runningRate"], settings, ["evaluation.normalisation=\(rule.rawValue)"])
      #expect(found == [rule == .running], "\(rule)")
    }
  }
}
