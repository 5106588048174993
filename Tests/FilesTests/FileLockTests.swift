import Files
import Foundation
import Synchronization
import TestSupport
import Testing

/// One file, changed by several at the same time.
@Suite("File locks")
struct FileLockTests {
  @Test("Who comes second waits, and neither's change is lost; no lock is left")
  func turns() async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([], to: "numbers")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<20 {
            let lock = try FileLock(for: file)
            let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
            try AtomicFile.write(bytes + [1], to: file)
            withExtendedLifetime(lock) {}
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)).count == 160)
    #expect(try folder.names() == ["numbers"])
  }
}
