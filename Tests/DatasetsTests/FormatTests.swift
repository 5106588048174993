import Datasets
import Files
import Foundation
import TestSupport
import Testing

/// The error that `body` throws, recorded as a failure when it throws none.
func datasetError(
  _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) -> DatasetError? {
  #expect(throws: DatasetError.self, sourceLocation: sourceLocation, performing: body)
}

/// Whether a message is one full sentence: a capital or name first, one full stop, at the end.
func isSentence(_ message: String) -> Bool {
  message.hasSuffix(".") && !message.dropLast().contains(". ") && !message.contains("\n")
}

@Suite("gzip")
struct GzipTests {
  private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7 &* 31) }

  @Test func roundTrip() throws {
    for bytes in [[], [1], content] {
      let compressed = Gzip.compress(bytes)
      #expect(try Gzip.decompress(compressed, limit: 300_000, path: "a.gz") == bytes)
    }
  }

  @Test func severalMembersAreOneFile() throws {
    let joined = Gzip.compress([1, 2]) + Gzip.compress([3])
    #expect(try Gzip.decompress(joined, limit: 3, path: "a.gz") == [1, 2, 3])
  }

  @Test func everyTruncationIsFound() {
    let compressed = Gzip.compress(Array(content.prefix(500)))
    for count in 2..<compressed.count {
      let error = datasetError {
        _ = try Gzip.decompress(Array(compressed[..<count]), limit: 500, path: "cut.gz")
      }
      #expect(error?.kind == .malformed && error?.message.contains("cut.gz") == true)
      #expect(error.map { isSentence($0.message) } == true)
    }
  }

  /// A flipped bit is found, or it is one of the few that mean nothing: the header's time, flags of
  /// compression and system (bytes 4 to 9), a text flag, and the padding before the checksum.
  @Test func noFlippedBitChangesTheContent() {
    let original = Array(content.prefix(200))
    let compressed = Gzip.compress(original)
    var harmless = 0
    for position in compressed.indices where !(4...9).contains(position) {
      for bit in 0..<8 {
        var damaged = compressed
        damaged[position] ^= 1 << bit
        guard let result = try? Gzip.decompress(damaged, limit: 200, path: "a.gz") else { continue }
        harmless += 1
        #expect(result == original, "byte \(position), bit \(bit)")
      }
    }
    #expect(harmless <= 16)
  }

  @Test func limitsAndStrangersAreRefused() {
    let compressed = Gzip.compress([UInt8](repeating: 0, count: 1_000_000))
    let long = datasetError { _ = try Gzip.decompress(compressed, limit: 1_000, path: "bomb.gz") }
    #expect(long?.kind == .tooLarge && long?.message.contains("1000 bytes") == true)
    let other = datasetError { _ = try Gzip.decompress([1, 2, 3], limit: 10, path: "x.gz") }
    #expect(other?.message.contains("not gzip") == true)
    let tail = datasetError {
      _ = try Gzip.decompress(Gzip.compress([1]) + [9], limit: 10, path: "x.gz")
    }
    #expect(tail?.message.contains("bytes follow its end") == true)
  }
}

@Suite("IDX")
struct IDXFileTests {
  private let file = IDXFile(shape: [2, 3, 4], values: (0..<24).map { UInt8($0) })

  @Test func roundTrip() throws {
    #expect(try IDXFile.parse(file.bytes, path: "a") == file)
    #expect(file.digest == SHA256.hexadecimal(file.bytes))
    let folder = try TemporaryFolder()
    let plain = try folder.write(file.bytes, to: "plain")
    let packed = try folder.write(Gzip.compress(file.bytes), to: "packed.gz")
    #expect(try IDXFile.read(plain) == file)
    #expect(try IDXFile.read(packed) == file)
  }

  @Test(
    arguments: [
      ([], "is empty (0 bytes)"),
      ([0, 0, 8], "ends inside its 4-byte magic number"),
      ([1, 2, 8, 1, 0, 0, 0, 0], "is not an IDX file (its magic number is 01 02 08 01"),
      ([0, 0, 0x0d, 1, 0, 0, 0, 1], "type code 13"),
      ([0, 0, 8, 0], "declares 0 dimensions"),
      ([0, 0, 8, 9], "declares 9 dimensions"),
      ([0, 0, 8, 2, 0, 0, 0, 1], "ends inside its header of 12 bytes"),
      ([0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255], "more than the"),
      ([0, 0, 8, 1, 0, 0, 0, 3, 7, 7], "is cut short: its shape [3] needs 3 values and 2"),
      ([0, 0, 8, 1, 0, 0, 0, 1, 7, 7], "has 1 bytes more than its shape [1]"),
    ] as [([UInt8], String)])
  func eachMalformationHasItsSentence(bytes: [UInt8], sentence: String) {
    let error = datasetError { _ = try IDXFile.parse(bytes, path: "bad-file") }
    #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "no error")")
    #expect(error?.message.contains("bad-file") == true)
    #expect(error.map { isSentence($0.message) } == true)
    #expect(error?.exitCode == 65)
  }

  @Test func everyTruncationIsFound() {
    for count in 0..<file.bytes.count {
      let error = datasetError {
        _ = try IDXFile.parse(Array(file.bytes[..<count]), path: "cut")
      }
      #expect(error?.exitCode == 65)
    }
  }

  /// A file that says nothing but its size, which is more than any file of this kind has.
  @Test func aFileThatIsTooLargeIsNotRead() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([0, 0, 8, 1], to: "huge")
    #expect(truncate(path, 1 << 40) == 0)
    let error = datasetError { _ = try IDXFile.read(path) }
    #expect(error?.kind == .tooLarge && error?.message.contains("1099511627776 bytes") == true)
    #expect(error.map { isSentence($0.message) } == true && error?.exitCode == 65)
  }

  @Test func anAbsentFileIsMissing() {
    let error = datasetError { _ = try IDXFile.read("/nonexistent/file") }
    #expect(error?.kind == .missing && error?.exitCode == 66)
    let folder = datasetError { _ = try IDXFile.read("/") }
    #expect(folder?.kind == .unreadable && folder?.message.contains("is a folder") == true)
  }
}
