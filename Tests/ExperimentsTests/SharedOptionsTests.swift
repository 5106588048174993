import Commands
import Datasets
import Experiments
import Foundation
import Testing

@Suite("Shared options")
struct SharedOptionsTests {
  @Test("have the documented defaults")
  func defaults() throws {
    let options = try SharedOptions.parse([])
    #expect(options.budget == .smoke)
    #expect(options.scalar == .float)
    #expect(options.progress == .auto)
    #expect(options.color == .auto)
    #expect(!options.quiet && !options.dryRun)
    #expect(options.methods.isEmpty)
    #expect(options.threads.threads == nil)
    #expect(options.seeds(default: [4, 5]) == [4, 5])
    #expect(options.outputFolder == "results/runs")
    #expect(options.data.dataFolder == nil)
    #expect(DataFolder.standard(environment: [:]).path == "datasets")
    #expect(DataFolder.standard(environment: ["BDA_DATA_DIR": ""]).path == "datasets")
    #expect(DataFolder.standard(environment: ["BDA_DATA_DIR": "/a"]).path == "/a")
  }

  @Test("take what is written")
  func values() throws {
    let options = try SharedOptions.parse([
      "--seed", "7", "--seed", "0...2,9", "--budget", "paper", "--method", "rhg", "--method", "bda",
      "--config", "a.yaml", "--set", "innerSteps=3", "--data", "d", "--output", "o", "--threads",
      "2", "--scalar", "double", "--progress", "plain", "--color", "never", "-q", "--dry-run",
    ])
    #expect(options.seeds(default: []) == [7, 0, 1, 2, 9])
    #expect(options.budget == .paper)
    #expect(options.methods == ["rhg", "bda"])
    #expect(options.configurationFile == "a.yaml")
    #expect(options.settings == ["innerSteps=3"])
    #expect(options.folder.path == "d")
    #expect(options.outputFolder == "o")
    #expect(options.threads.threads == 2)
    #expect(options.scalar == .double)
    #expect(options.progress == .plain)
    #expect(options.color == .never)
    #expect(options.quiet && options.dryRun)
  }

  @Test(
    "refuse what cannot be meant, naming the option and the value",
    arguments: [
      (["--threads", "0"], "--threads wants a number from 1 to 1024 but was given 0"),
      (["--threads", "many"], "many"),
      (["--seed", "-1"], "--seed"),
      (["--seed", "x"], "'x' is invalid for '--seed"),
      (["--seed", "0,x"], "\"x\" is no seed; write whole numbers"),
      (["--seed", "3...1"], "The range 3...1 goes down; write the smaller seed first: 1...3"),
      (["--seed", "0...99999999999"], "There are more than 10000 seeds"),
      (["--seed", "1,1"], "The seed 1 is named twice"),
      (["--budget", "huge"], "'huge' is invalid for '--budget"),
      (["--set", "innerSteps"], "--set wants key=value"),
      (["--set", "=3"], "--set wants key=value"),
      (["--method", ""], "--method wants the name of a method"),
      (["--scalar", "half"], "'half' is invalid for '--scalar"),
    ] as [([String], String)])
  func refusals(arguments: [String], fragment: String) {
    do {
      _ = try SharedOptions.parse(arguments)
      Issue.record("\(arguments) was accepted.")
    } catch {
      #expect(SharedOptions.message(for: error).contains(fragment))
      #expect(SharedOptions.exitCode(for: error) == ExitStatus.usage.exitCode)
    }
  }

  @Test("resolve a configuration from file and settings, the settings last")
  func configuration() throws {
    struct Settings: Codable, Sendable, Equatable {
      var innerSteps = 100
      var alpha = 0.5
    }
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("a.yaml")
      try Data("innerSteps: 5\nalpha: 0.25\n".utf8).write(to: file)
      let options = try SharedOptions.parse(["--config", file.path, "--set", "innerSteps=7"])
      let configuration = try options.configuration(defaults: Settings())
      #expect(configuration.settings == Settings(innerSteps: 7, alpha: 0.25))
    }
  }
}
