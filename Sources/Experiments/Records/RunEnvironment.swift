import Datasets
import Foundation
import Results
import Tensors

extension RunRecord.Environment {
  /// The environment of this process at this moment, computing in the given scalar type.
  package static func current(scalar: String) -> RunRecord.Environment {
    let checkout = SourceCheckout.ofThisProcess
    return RunRecord.Environment(
      commit: checkout?.commit, dirty: checkout?.dirty, swift: SwiftCompiler.version,
      backend: KernelBackend.selectedDescription, hdf5: hdf5LibraryVersion(),
      libpng: libpngVersion(), cpu: processorName(in: read("/proc/cpuinfo")) ?? architecture,
      threads: Parallel.threads, os: operatingSystem, scalar: scalar)
  }

  /// The first model name in the text of `/proc/cpuinfo`; nil where there is none, as on most Arm
  /// machines.
  package static func processorName(in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      let name = line.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
      if !name.isEmpty { return name }
    }
    return nil
  }

  private static var operatingSystem: String {
    let release = releaseName(in: read("/etc/os-release"))
    let kernel = read("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)
    let name = release ?? ProcessInfo.processInfo.operatingSystemVersionString
    return kernel.isEmpty ? name : "\(name), kernel \(kernel)"
  }

  /// The `PRETTY_NAME` in the text of `/etc/os-release`, without its quotes.
  package static func releaseName(in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
      let name = line.dropFirst("PRETTY_NAME=".count)
        .trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
      if !name.isEmpty { return name }
    }
    return nil
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown"
    #endif
  }

  private static func read(_ path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }
}
