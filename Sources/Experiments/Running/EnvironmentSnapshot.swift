import Foundation
import Tensors

/// Where a run took place: enough to explain a difference between two records.
///
/// Encodes to the `environment` object of a record; what is unknown is left out.
package struct EnvironmentSnapshot: Sendable, Equatable, Codable {
  /// The commit of the sources, where the binary lies in its checkout.
  package var commit: String?
  /// Whether tracked files differed from the commit when the run began.
  package var dirty: Bool?
  /// The version of the compiler that built the binary.
  package var swift: String
  /// The kernels in use: `portable` or `oneDNN 2.6.3`.
  package var backend: String
  /// oneDNN's version, where its kernels are in use.
  package var onednn: String?
  /// HDF5's version, where the command links it.
  package var hdf5: String?
  /// libpng's version, where the command links it.
  package var libpng: String?
  /// The processor's model name.
  package var cpu: String
  /// The threads that kernels and loops may use.
  package var threads: Int
  /// The operating system's name and version, with the kernel's.
  package var os: String

  /// The environment of this process at this moment.
  package static func current(hdf5: String? = nil, libpng: String? = nil) -> EnvironmentSnapshot {
    let checkout = SourceCheckout.ofThisProcess
    let backend = KernelBackend.selectedDescription
    return EnvironmentSnapshot(
      commit: checkout?.commit, dirty: checkout?.dirty, swift: SwiftCompiler.version,
      backend: backend, onednn: oneDNNVersion(in: backend), hdf5: hdf5, libpng: libpng,
      cpu: processorName(in: read("/proc/cpuinfo")) ?? architecture,
      threads: Parallel.threads, os: operatingSystem)
  }

  private static func oneDNNVersion(in backend: String) -> String? {
    let prefix = "oneDNN "
    return backend.hasPrefix(prefix) ? String(backend.dropFirst(prefix.count)) : nil
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
