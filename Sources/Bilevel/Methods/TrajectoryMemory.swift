import Foundation

/// The memory that reverse mode may use for a trajectory unless told otherwise.
public enum TrajectoryMemory {
  /// A 256th of the machine's memory, at least 96 MiB: on machines of up to 24 GiB, 96 MiB.
  ///
  /// A share of all memory and not of what happens to be free: what is kept decides the order of
  /// roundings, and the same command must give the same bits whatever else the machine is doing.
  public static let defaultBytes: Int = {
    let total = ProcessInfo.processInfo.physicalMemory
    return max(96 << 20, Int(clamping: total / 256))
  }()
}
