import Foundation
import FuzzReaders

/// Coverage-guided fuzzing of one reader by libFuzzer; `make fuzz` builds and runs it.
///
///     BDA_FUZZ_READER=png fuzz -max_total_time=600 new-inputs Tests/Corpora/png
///
/// Every input is read as it is, and once more with checksums and packing made right: what they guard
/// would hardly ever be reached otherwise.
@main
enum Fuzz {
  private static let reader: FuzzReader = {
    let name = ProcessInfo.processInfo.environment["BDA_FUZZ_READER"] ?? ""
    guard let reader = FuzzReader.named(name) else {
      let names = FuzzReader.all.map(\.name).joined(separator: ", ")
      print("BDA_FUZZ_READER is \"\(name)\"; use one of \(names).")
      exit(64)
    }
    return reader
  }()

  private static let scratch: String = {
    let memory = "/dev/shm"
    let folder =
      access(memory, W_OK) == 0 ? memory : FileManager.default.temporaryDirectory.path
    return "\(folder)/bda-fuzz-\(getpid())"
  }()

  static func main() {
    _ = (reader.name, scratch)
    var count = CommandLine.argc
    var words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    let status = runDriver(&count, &words) { bytes, length in
      Fuzz.read(Array(UnsafeBufferPointer(start: bytes, count: length)))
      return 0
    }
    unlink(scratch)
    exit(status)
  }

  /// Reads an input as it is, and repaired where that makes another one of it.
  private static func read(_ bytes: [UInt8]) {
    let repaired = reader.repair(bytes)
    for input in repaired == bytes ? [bytes] : [bytes, repaired] {
      if case .wrong(let problem) = reader.outcome(of: input, scratch: scratch) {
        print("\(reader.name): \(problem)")
        abort()
      }
    }
  }
}

/// libFuzzer as a library (`clang_rt.fuzzer`).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
