import Experiments
import Foundation
import Results
import TestSupport
import Testing

@Suite("Peak memory", .processMemory)
struct PeakMemoryTests {
  /// Memory of which every page is touched, so that the kernel has to provide them.
  private func touched(bytes: Int) -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 4096)
    for offset in stride(from: 0, to: bytes, by: 4096) {
      memory[offset] = UInt8(truncatingIfNeeded: offset)
    }
    return memory
  }

  @Test("grows by what is allocated and touched")
  func grows() throws {
    let size = 256 << 20
    // Held until the peak has been read: tests of runs in this process reset the peak as well, and
    // after a reset it is at least what is resident.
    let isOwn = PeakMemory.reset()
    let memory = touched(bytes: size)
    let peak = PeakMemory.bytes
    memory.deallocate()
    #expect(try #require(peak) > size)
    guard isOwn else {
      print("Peak memory cannot be reset here: its fall after a reset is not tested.")
      return
    }
    // Freed pages of this size go back at once; other tests of this process hold far less.
    #expect(PeakMemory.reset())
    #expect(try #require(PeakMemory.bytes) < peak ?? 0)
    #expect(try #require(PeakMemory.residentBytes) > 0)
  }
}

@Suite("Environment")
struct RunEnvironmentTests {
  @Test("names everything a record wants")
  func current() throws {
    let environment = RunRecord.Environment.current(scalar: "double")
    #expect(environment.hdf5?.first?.isNumber == true)
    #expect(environment.libpng?.first?.isNumber == true)
    #expect(environment.swift.hasPrefix("6."))
    #expect(environment.backend == "portable" || environment.backend.hasPrefix("oneDNN "))
    #expect(!environment.cpu.isEmpty)
    #expect(environment.threads >= 1)
    #expect(environment.os.contains("kernel"))
    #expect(environment.scalar == "double")
    if let commit = environment.commit { #expect(commit.count == 40) }
  }

  @Test("has no commit outside a checkout, or in one of something else")
  func noCheckout() throws {
    try withTemporaryFolder { folder in
      #expect(SourceCheckout(around: folder) == nil)
      #expect(SourceCheckout(around: folder.appendingPathComponent("absent")) == nil)
      try git(["init", "--quiet"], in: folder)
      try git(
        [
          "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet",
          "--allow-empty", "-m", "x",
        ], in: folder)
      #expect(SourceCheckout(around: folder) == nil)
      // The package's manifest makes it this package's checkout: the parser works, and sees dirt.
      let manifest = folder.appendingPathComponent("Package.swift")
      try Data("name: \"bilevel-descent-aggregation\"".utf8).write(to: manifest)
      let clean = try #require(SourceCheckout(around: folder))
      #expect(clean.commit.count == 40)
      #expect(!clean.dirty)
      try git(["add", "Package.swift"], in: folder)
      #expect(try #require(SourceCheckout(around: folder)).dirty)
    }
  }

  private func git(_ arguments: [String], in folder: URL) throws {
    // Under a hook of git these would make the commit one of the developer's own repository.
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("GIT_") }
    environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
    environment["GIT_CONFIG_NOSYSTEM"] = "1"
    let git = try CapturedOutput(
      of: "/usr/bin/env", ["git"] + arguments, environment: environment, folder: folder.path)
    try #require(git.code == 0, "\(git.text)")
  }

  @Test("reads the model name and the release from the system's texts")
  func parsing() {
    let cpu = "processor\t: 0\nmodel name\t: Fast CPU: 3 GHz\nmodel name\t: Other\n"
    #expect(RunRecord.Environment.processorName(in: cpu) == "Fast CPU: 3 GHz")
    #expect(RunRecord.Environment.processorName(in: "") == nil)
    let release = "NAME=\"X\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
    #expect(RunRecord.Environment.releaseName(in: release) == "Debian GNU/Linux 12 (bookworm)")
    #expect(RunRecord.Environment.releaseName(in: "NAME=X") == nil)
  }
}
