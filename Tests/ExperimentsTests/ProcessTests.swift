import Experiments
import Foundation
import TestSupport
import Testing

@Suite("Peak memory", .serialized)
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
    let (memory, peak, isOwn) = PeakMemory.during { touched(bytes: size) }
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
struct EnvironmentSnapshotTests {
  @Test("names everything a record wants")
  func current() throws {
    let snapshot = EnvironmentSnapshot.current(hdf5: "1.10.8")
    #expect(snapshot.hdf5 == "1.10.8")
    #expect(snapshot.libpng == nil)
    #expect(snapshot.swift.hasPrefix("6."))
    #expect(!snapshot.cpu.isEmpty)
    #expect(snapshot.threads >= 1)
    #expect(snapshot.os.contains("kernel"))
    #expect((snapshot.onednn != nil) == snapshot.backend.hasPrefix("oneDNN"))
    if let commit = snapshot.commit { #expect(commit.count == 40) }
    let data = try JSONEncoder().encode(snapshot)
    #expect(try JSONDecoder().decode(EnvironmentSnapshot.self, from: data) == snapshot)
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
    let git = try CapturedOutput(of: "/usr/bin/env", ["git"] + arguments, folder: folder.path)
    try #require(git.code == 0, "\(git.text)")
  }

  @Test("reads the model name and the release from the system's texts")
  func parsing() {
    let cpu = "processor\t: 0\nmodel name\t: Fast CPU: 3 GHz\nmodel name\t: Other\n"
    #expect(EnvironmentSnapshot.processorName(in: cpu) == "Fast CPU: 3 GHz")
    #expect(EnvironmentSnapshot.processorName(in: "") == nil)
    let release = "NAME=\"X\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
    #expect(EnvironmentSnapshot.releaseName(in: release) == "Debian GNU/Linux 12 (bookworm)")
    #expect(EnvironmentSnapshot.releaseName(in: "NAME=X") == nil)
  }
}
