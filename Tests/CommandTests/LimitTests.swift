import Foundation
import Results
import TestSupport
import Testing

/// A machine that gives less than programs usually get: what a command then does is its work, or one
/// sentence with an exit code; it neither traps nor waits for ever.
@Suite("Limits of the machine", .serialized)
struct LimitTests {
  private let folder: TemporaryFolder
  private let run =
    "run --method rhg --inner-steps 4 --outer-iterations 2 --progress none --output"

  init() throws { folder = try TemporaryFolder() }

  /// What ends a shell that a signal has ended a command in, among them traps (132) and aborts (134).
  private func isOrderly(_ code: Int32) -> Bool { code < 128 || [129, 130, 143].contains(code) }

  @Test("Few descriptors: the run, or a sentence", arguments: [6, 7, 8, 10, 12, 16])
  func descriptors(count: Int) throws {
    let result = try ShellLine(
      "ulimit -n \(count); exec timeout 60 \"$0\" \(run) '\(folder.path)'", "counter-example")
    #expect(isOrderly(result.code) && !result.endedBySignal, "\(result.code): \(result.text)")
    // Twelve are enough for everything, git's answer included.
    if count >= 12 { #expect(result.code == 0, "\(result.text)") }
    if result.code != 0 { #expect(result.text.contains("Too many open files"), "\(result.text)") }
  }

  @Test("Few descriptors do not make another command of it")
  func argumentsWithFewDescriptors() throws {
    for count in [5, 6, 8] {
      let result = try ShellLine(
        "ulimit -n \(count); exec timeout 60 \"$0\" list", "counter-example")
      #expect(isOrderly(result.code) && result.code != 124, "\(result.text)")
      #expect(result.code != 0 || result.text.contains("icml2020"), "\(result.text)")
    }
  }

  /// A prefix with which a command has a limit of processes: the superuser has none, somebody who
  /// owns nothing does.
  static let limitedUser =
    geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups" : ""
  static let hasLimitedUser =
    (try? ShellLine("exec \(limitedUser) \"$0\" --version", "counter-example"))?.code == 0

  @Test(
    "No more processes: threads are done without, or it is said",
    .enabled(if: hasLimitedUser, "setpriv is not there, or nobody else can run the products."))
  func processes() throws {
    let user = Self.limitedUser
    #expect(chmod(folder.path, 0o777) == 0)
    let result = try ShellLine(
      "exec timeout -k 1 60 \(user) sh -c 'ulimit -u 1; exec \"$0\" \"$@\"' \"$0\" \(run) "
        + "'\(folder.path)'", "counter-example")
    #expect(isOrderly(result.code) && result.code != 124, "\(result.code): \(result.text)")
    #expect(result.code == 0, "\(result.text)")
    #expect(try !RecordStore.load(folder.path).isEmpty)
  }

  private static let hide = "mount -t tmpfs none /proc"
  private static let canHide = (try? ShellLine("unshare -m sh -c '\(hide)'", "sh"))?.code == 0

  @Test(
    "Without /proc a command does what it is told, and no more",
    .enabled(if: canHide, "Only the superuser can hide /proc."))
  func noProc() throws {
    let hide = Self.hide
    func hidden(
      _ arguments: String, _ executable: String = "counter-example"
    ) throws -> ShellLine {
      try ShellLine(
        "exec unshare -m sh -c '\(hide); exec timeout 60 \"$0\" \(arguments)' \"$0\"", executable)
    }
    #expect(try hidden("list").text == ShellLine("exec \"$0\" list", "counter-example").text)
    let result = try hidden("\(run) \(folder.path)")
    #expect(result.code == 0, "\(result.text)")
    #expect(try !RecordStore.load(folder.path).isEmpty)
    let file = try folder.write(
      Array("grid: {experiment: counter-example, method: rhg, seed: 0}".utf8), to: "one.yaml")
    // It looks for the experiment beside its own executable, which /proc names elsewhere.
    let sweep = try hidden("list \(file) --output \(folder.path("cells"))", "sweep")
    #expect(sweep.code == 0 && sweep.text.contains("1 cell: 1 missing."), "\(sweep.text)")
  }

  @Test("Little memory: the run, or an end that names it, and nothing half-written")
  func memory() throws {
    for kilobytes in [150_000, 200_000, 250_000] {
      let output = folder.path("\(kilobytes)")
      let result = try ShellLine(
        "ulimit -v \(kilobytes); exec timeout -k 1 60 \"$0\" \(run) '\(output)'", "counter-example",
        environment: ["BDA_THREADS": "2"])
      #expect(result.code != 124 && result.code != 137, "It hangs with \(kilobytes) kB.")
      #expect(
        result.code == 0 || (result.code == 71 && !result.endedBySignal),
        "\(kilobytes) kB, \(result.code): \(result.text)")
      for name in FileManager.default.enumerator(atPath: output)?.allObjects ?? [] {
        #expect((name as? String)?.hasSuffix(".partial") != true, "\(name)")
      }
    }
  }

  @Test("More than the memory there is: a sentence and exit code 71, no registers")
  func moreThanTheMemory() throws {
    let result = try ShellLine(
      "ulimit -v 600000; exec timeout 60 \"$0\" \(run) '\(folder.path)' --set problem.dimension=10000000",
      "counter-example", environment: ["BDA_THREADS": "2"])
    #expect(result.code == 71 && !result.endedBySignal, "\(result.code): \(result.text)")
    #expect(result.text.contains("gave it no more memory"), "\(result.text)")
    #expect(!result.text.contains("Backtrac") && !result.text.contains("rax"), "\(result.text)")
  }
}
