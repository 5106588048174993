import Reporting
import Results
import TestSupport
import Testing

@Suite("The commands of rows")
struct RunCommandLineTests {
  private func record(
    _ variant: [String: Value], configuration: Value = [:], of experiment: String = "hyper-cleaning"
  ) -> RunRecord {
    var record = RecordFixture.record()
    record.experiment = experiment
    record.variant = variant
    record.configuration = configuration
    return record
  }

  /// The words of a command behind those that say which runs it makes.
  private func settings(_ record: RunRecord, in words: String) -> String {
    let text = RunCommandLine.text(for: [record])
    let start = ".build/release/\(record.experiment) \(words)"
    return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : "not this: \(text)"
  }

  private let usual = "run --budget smoke --protocol icml2020 --method rhg --seed 0"

  @Test("The command of a row is the one that makes it")
  func commands() {
    let runs = (UInt64(0)..<3).map {
      RecordFixture.record(method: "bda", seed: $0, innerSteps: 100, budget: "paper")
    }
    #expect(
      RunCommandLine.text(for: runs)
        == ".build/release/hyper-cleaning run --budget paper --protocol icml2020 --method bda "
        + "--seed 0,1,2 --inner-steps 100")
    var sweep = RecordFixture.record()
    sweep.variant = [
      "sweep": "innerSteps", "y1": 0, "y2": 2, "aggregation.schedule": "outer-harmonic",
    ]
    sweep.environment.scalar = "double"
    #expect(
      RunCommandLine.text(for: [sweep])
        == ".build/release/hyper-cleaning sweep --budget smoke --protocol icml2020 --method rhg "
        + "--seed 0 --scalar double --start=0,2 --set aggregation.schedule=outer-harmonic")
    #expect(RunCommandLine.text(for: []) == "")
  }

  @Test("A list of one, which variants show as its element, is a list in the command")
  func lists() {
    let hidden = record(["network.hidden": 30], configuration: ["network": ["hidden": [30]]])
    #expect(settings(hidden, in: usual) == " --set 'network.hidden=[30]'")
    let several = record(
      ["tuning.steps": [50, 150]], configuration: ["tuning": ["steps": [50, 150]]])
    #expect(settings(several, in: usual) == " --set 'tuning.steps=[50,150]'")
    let number = record(["inner.stepSize": 0.3], configuration: ["inner": ["stepSize": 0.3]])
    #expect(settings(number, in: usual) == " --set inner.stepSize=0.3")
    let swept = record(
      ["sweep": "innerSteps", "sweep.innerSteps": 64], of: "counter-example")
    #expect(
      settings(swept, in: "sweep --budget smoke --protocol icml2020 --method rhg --seed 0")
        == " --inner-steps 64")
    let start = record(["y1": [0, 1], "y2": 2], of: "counter-example")
    #expect(
      settings(start, in: usual) == " --set 'start.first=[0,1]' --set 'start.second=[2]'")
  }

  @Test("Texts that YAML would read as something else are quoted")
  func texts() {
    #expect(
      settings(record(["data.name": "my data: 1"]), in: usual)
        == #" --set 'data.name="my data: 1"'"#)
    #expect(settings(record(["data.name": "null"]), in: usual) == #" --set 'data.name="null"'"#)
    #expect(settings(record(["data.name": "inf"]), in: usual) == " --set data.name=inf")
    #expect(settings(record(["data.split": .null]), in: usual) == " --set data.split=null")
  }

  @Test("A validation file of one's own, the reduced problem and a product of parts have options")
  func marks() {
    var own = record(
      ["validation": "own-file"], configuration: ["data": ["validationFile": "my own.h5"]])
    #expect(settings(own, in: usual) == " --validation-file 'my own.h5'")
    own.configuration = [:]
    #expect(settings(own, in: usual) == " --validation-file FILE")
    #expect(settings(record(["problem": "reduced"]), in: usual) == " --reduced")
    var reptile = record(["ways": 5, "shots": 1, "outer.learningRate": 0.5], of: "few-shot")
    reptile.method.name = "reptile"
    #expect(
      RunCommandLine.text(for: [reptile])
        == ".build/release/few-shot run --budget smoke --protocol icml2020 --method reptile "
        + "--seed 0 --set reptile.learningRate=0.5 --shots 1 --ways 5")
    var product = record([:])
    product.method.name = "heavy-ball+forward"
    #expect(
      RunCommandLine.text(for: [product])
        == ".build/release/hyper-cleaning run --budget smoke --protocol icml2020 "
        + "--dynamics heavy-ball --hypergradient forward --seed 0")
  }

  @Test("Measurements over n are `scaling`, which has neither protocol nor seed nor --start")
  func scaling() {
    var scaling = record(
      ["sweep": "dimension", "dimensions": "1 10", "innerSteps": 32, "y1": 1, "y2": 0],
      of: "counter-example")
    scaling.protocolName = "scaling"
    #expect(
      settings(scaling, in: "scaling --budget smoke --method rhg")
        == " --set 'start.first=[1]' --set 'start.second=[0]' --dimension 1 --dimension 10 "
        + "--inner-steps 32")
    scaling.variant = ["sweep": "dimension", "repeats": 3, "forwardLimit": 100]
    #expect(
      settings(scaling, in: "scaling --budget smoke --method rhg")
        == " --forward-limit 100 --repeats 3")
  }

  @Test("Labels that were cleaned are of `clean`, with what the configuration says")
  func cleaning() {
    var clean = record(
      ["keep": 0.9, "relabel": true],
      configuration: [
        "train": "a.h5", "checked": "b.h5", "test": nil, "method": "auto", "keep": 0.9,
        "relabel": true, "folds": 5,
      ])
    (clean.protocolName, clean.budget, clean.seed) = ("own-data", "own", 3)
    #expect(
      RunCommandLine.text(for: [clean])
        == ".build/release/hyper-cleaning clean --train a.h5 --checked b.h5 --method auto "
        + "--keep 0.9 --relabel --seed 3 --output cleaned")
  }

  @Test("Where no single command makes a row, it says so in a comment of the shell")
  func none() {
    var (other, budget) = (record([:]), record([:]))
    other.variant["sweep"] = "somethingElse"
    budget.budget = "own"
    let rows = [other, budget, record(["mark": 1]), record(["dimensions": "1 10"])]
    for row in rows {
      #expect(RunCommandLine.text(for: [row]) == "# No single command makes \(row.identity).")
    }
  }
}
