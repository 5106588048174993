import Commands
import Datasets
import Foundation
import TestSupport
import Testing

@Suite("datasets command")
struct DatasetsCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func datasets(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> CommandResult {
    let merged = ["BDA_DATA_DIR": folder.path("data")].merging(environment) { $1 }
    return try CommandRunner.run("datasets", arguments, environment: merged)
  }

  @Test func helpNamesExitCodesAndEnvironment() throws {
    let result = try datasets("--help")
    #expect(result.exitCode == 0 && result.standardError == "")
    for text in [
      "BDA_DATA_DIR", "BDA_MIRROR", "EXIT CODES", "66 data missing", "fetch", "convert", "verify",
      "synthesise", "list",
    ] {
      // Help is wrapped to the terminal's width.
      let words = result.standardOutput.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(words.contains(text), "help lacks '\(text)'")
    }
  }

  @Test func wrongUsageHasItsOwnExitCode() throws {
    for arguments in [
      ["nonsense"], ["fetch", "imagenet"], ["synthesise", "--train-count", "0"],
      ["synthesise", "--kind", "letters"], ["fetch", "--timeout", "0"],
    ] {
      let result = try CommandRunner.run("datasets", arguments)
      #expect(result.exitCode == 64 && result.standardOutput == "", "\(arguments)")
      #expect(result.standardError.contains("Error:"))
    }
  }

  @Test func synthesiseIsRepeatableAndVerifiable() throws {
    let arguments = [
      "--kind", "digits", "--train-count", "30", "--test-count", "20", "--seed", "4",
    ]
    func synthesise() throws -> CommandResult {
      try CommandRunner.run(
        "datasets", ["synthesise"] + arguments, environment: ["BDA_DATA_DIR": folder.path("data")])
    }
    let first = try synthesise()
    #expect(first.exitCode == 0 && first.standardOutput.contains("generated"))
    #expect(
      try folder.names(in: "data") == ["synthetic-digits-test.h5", "synthetic-digits-train.h5"])
    let bytes = try Data(
      contentsOf: URL(fileURLWithPath: folder.path("data/synthetic-digits-train.h5")))
    #expect(try synthesise().standardOutput.contains("ready"))
    let other = try CommandRunner.run(
      "datasets", ["synthesise", "--force", "--data", folder.path("other")] + arguments)
    #expect(other.exitCode == 0)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("other/synthetic-digits-train.h5")))
        == bytes)
    let verified = try datasets("verify")
    #expect(verified.exitCode == 0)
    #expect(verified.standardOutput.split(separator: "\n").count == 2)
    // A name that others begin with is none of theirs.
    #expect(try datasets("verify", "synthetic").exitCode == 66)
    #expect(try datasets("verify", "synthetic-digits").exitCode == 0)
    let list = try datasets("list")
    #expect(list.exitCode == 0 && list.standardOutput.contains("30 x 28 x 28"))
    #expect(list.standardOutput.contains("mnist"))
  }

  @Test func damageIsFoundByVerify() throws {
    _ = try datasets(
      "synthesise", "--kind", "digits", "--train-count", "30", "--test-count", "20")
    let path = folder.path("data/synthetic-digits-train.h5")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(bytes.count - 100).write(to: URL(fileURLWithPath: path))
    let result = try datasets("verify")
    #expect(result.exitCode == 65)
    #expect(result.standardError.contains(path) && result.standardError.contains("cut short"))
    #expect(result.standardOutput.contains("synthetic-digits-test.h5"))
    #expect(try datasets("list").standardOutput.contains("damaged"))
  }

  @Test func missingDataHasItsOwnExitCode() throws {
    let convert = try datasets("convert", "mnist")
    #expect(convert.exitCode == 66)
    #expect(convert.standardError.contains("datasets fetch mnist"))
    #expect(try datasets("convert").exitCode == 66)
    #expect(try datasets("verify").exitCode == 66)
    #expect(try datasets("verify", "absent.h5").exitCode == 66)
    let mirror = try datasets("fetch", "mnist", "--mirror", folder.path("nowhere"))
    #expect(mirror.exitCode == 66 && mirror.standardError.contains("nowhere"))
  }

  /// Whether there is somebody else, whom permissions concern.
  static let hasOther = geteuid() == 0 && LimitTests.hasLimitedUser

  /// What somebody else is told who runs a command on the data folder.
  private func another(_ arguments: String) throws -> ShellLine {
    #expect(chmod(folder.path, 0o755) == 0)
    return try ShellLine(
      "exec timeout 60 \(LimitTests.limitedUser) \"$0\" \(arguments) --data "
        + "'\(folder.path("data"))'", "datasets")
  }

  private func expectRefusal(_ result: ShellLine, _ reason: String) {
    #expect(result.code == 66 && result.text.contains(reason), "\(result.text)")
    for word in ["damaged", "nothing to verify", "fetch", "synthesise", "create"] {
      #expect(!result.text.contains(word), "\(result.text)")
    }
  }

  @Test(
    .enabled(if: hasOther, "There is nobody else who can run the products."),
    arguments: [0o700, 0o711, 0o744])
  func aDataFolderThatIsClosedIsNotEmpty(mode: Int) throws {
    _ = try datasets("synthesise", "--kind", "digits", "--train-count", "30", "--test-count", "20")
    #expect(chmod(folder.path("data"), mode_t(mode)) == 0)
    for arguments in ["verify", "list"] {
      expectRefusal(try another(arguments), "Permission denied")
    }
  }

  @Test(.enabled(if: hasOther, "There is nobody else who can run the products."))
  func whatMayNotBeReadIsNotDamaged() throws {
    _ = try datasets("synthesise", "--kind", "digits", "--train-count", "30", "--test-count", "20")
    let path = folder.path("data/synthetic-digits-train.h5")
    #expect(chmod(folder.path("data"), 0o755) == 0 && chmod(path, 0) == 0)
    for arguments in ["list", "verify"] {
      let result = try another(arguments)
      #expect(result.code == 66, "\(result.text)")
      #expect(result.text.contains("The file \(path) could not be read (Permission denied)"))
      #expect(!result.text.contains("damaged"), "\(result.text)")
    }
    #expect(try another("list").text.contains("unreadable"))
    // A folder of originals that is closed does not lack them.
    _ = try folder.write([1], to: "data/mnist/train-images-idx3-ubyte.gz")
    #expect(chmod(path, 0o644) == 0 && chmod(folder.path("data/mnist"), 0) == 0)
    for arguments in ["list", "verify", "convert mnist", "fetch mnist --mirror /"] {
      let result = try another(arguments)
      #expect(result.code == 66 && result.text.contains("Permission denied"), "\(result.text)")
      #expect(!result.text.contains("datasets fetch"), "\(result.text)")
    }
  }

  @Test func whatIsNoDataFolderIsSaid() throws {
    let file = try folder.write([1], to: "file")
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    for place in [file, folder.path("pipe"), "/dev/null"] {
      for verb in ["verify", "list", "convert"] {
        let result = try datasets(verb, "--data", place)
        #expect(result.exitCode == 66, "\(result.standardError)")
        #expect(
          result.standardError.contains("The data folder \(place) is a file"),
          "\(result.standardError)")
      }
    }
  }

  @Test func aDamagedMirrorIsRefused() throws {
    _ = try folder.write(
      Gzip.compress([1, 2, 3]), to: "mirror/mnist/train-images-idx3-ubyte.gz")
    let result = try datasets(
      "fetch", "mnist", environment: ["BDA_MIRROR": folder.path("mirror")])
    #expect(result.exitCode == 65)
    #expect(result.standardError.contains("has 3 bytes once decompressed"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("data/mnist")))
  }

  @Test(arguments: [
    ("/status", Int32(1), "status 404"), ("/cut", Int32(1), "could not be downloaded"),
    ("/garbage", Int32(65), "is cut short or not"), ("/stall", Int32(1), "could not be downloaded"),
  ])
  func aFailedDownloadLeavesNothing(place: String, exitCode: Int32, sentence: String) throws {
    let server = try LocalHTTPServer { path in
      if path.hasPrefix("/status") { return .init(status: 404) }
      if path.hasPrefix("/cut") { return .init(body: [1, 2, 3], promisedLength: 1_000) }
      if path.hasPrefix("/stall") {
        return .init(body: [1, 2, 3], promisedLength: 1_000, stalls: true)
      }
      return .init(body: Array("not the file".utf8))
    }
    let result = try datasets(
      "fetch", "mnist", "--timeout", "2", "--mirror", server.address + place.dropFirst())
    #expect(result.exitCode == exitCode, "\(result.standardError)")
    #expect(result.standardError.contains(sentence), "\(result.standardError)")
    #expect(result.standardOutput == "")
    #expect(try folder.names(in: "data/mnist") == [])
  }

  @Test func aFileThatCannotGrowIsNoFaultOfTheNetwork() throws {
    let server = try LocalHTTPServer { _ in .init(body: [UInt8](repeating: 7, count: 300_000)) }
    let result = try ShellLine(
      "ulimit -f 100; exec timeout 60 \"$0\" fetch mnist --mirror \(server.address)", "datasets",
      environment: ["BDA_DATA_DIR": folder.path("data")])
    #expect(result.code == 1, "\(result.text)")
    let place = folder.path("data/mnist/train-images-idx3-ubyte.gz")
    #expect(
      result.text.contains("The file '\(place)' could not be written (File too large)"),
      "\(result.text)")
    #expect(result.text.contains("ulimit -f") && !result.text.contains("check the network"))
    #expect(try folder.names(in: "data/mnist") == [])
  }

  @Test(arguments: [[], ["--force"]])
  func aFileOfSomebodysOwnIsNotReplaced(options: [String]) throws {
    let path = folder.path("data/synthetic-digits-train.h5")
    let writer = try HDF5Writer(path: path)
    try writer.write([1, 2, 3, 4] as [UInt8], shape: [2, 1, 2], to: "images")
    try writer.write([0, 1] as [UInt8], shape: [2], to: "labels")
    try writer.finish()
    let own = try Data(contentsOf: URL(fileURLWithPath: path))
    let result = try CommandRunner.run(
      "datasets", ["synthesise", "--kind", "digits", "--train-count", "30"] + options,
      environment: ["BDA_DATA_DIR": folder.path("data")])
    #expect(result.exitCode == 1, "\(result.standardError)")
    #expect(result.standardError.contains("it would be lost"), "\(result.standardError)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == own)
    #expect(try folder.names(in: "data") == ["synthetic-digits-train.h5"])
  }

  @Test func theInterruptKeyLeavesNothing() throws {
    let server = try LocalHTTPServer { _ in
      .init(body: [1, 2, 3], promisedLength: 1_000_000, stalls: true)
    }
    let command = try CommandRunner.start(
      "datasets", ["fetch", "mnist", "--mirror", server.address],
      environment: ["BDA_DATA_DIR": folder.path("data")])
    // Wait until the unfinished file is there, so that there is something to remove.
    let limit = Date().addingTimeInterval(20)
    while Date() < limit, (try? folder.names(in: "data/mnist").isEmpty) ?? true { usleep(20_000) }
    #expect(try folder.names(in: "data/mnist").count == 1)
    command.send(signal: SIGINT)
    let result = try command.wait(timeout: 20)
    #expect(result.exitCode == 130 && !result.timedOut)
    #expect(result.standardError.contains("Interrupted"))
    #expect(try folder.names(in: "data/mnist") == [])
  }
}
