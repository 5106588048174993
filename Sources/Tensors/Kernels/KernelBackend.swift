import Foundation

/// Which implementation of matrix products in single precision is used; all else has one.
public enum KernelBackend: String, Sendable, CaseIterable {
  /// Plain Swift, for both scalars, everywhere: the oracle for the other.
  case portable
  /// oneDNN, for `Float`, where its header was installed when the package was built. A program with
  /// signal handlers must keep them from its threads that compute, or give them a stack of their own
  /// (`sigaltstack`): oneDNN's kernels use the stack pointer for data, and a handler's frame would be
  /// written over it.
  case oneDNN = "onednn"

  /// The backends this binary contains.
  public static var available: [KernelBackend] {
    #if BDA_ONEDNN
      [.portable, .oneDNN]
    #else
      [.portable]
    #endif
  }

  /// The backend used unless a call names one: oneDNN where available, unless the environment says
  /// `BDA_BACKEND=portable`. Read once.
  public static let selected: KernelBackend = {
    let wanted = ProcessInfo.processInfo.environment["BDA_BACKEND"] ?? ""
    if wanted == portable.rawValue { return .portable }
    return available.contains(.oneDNN) ? .oneDNN : .portable
  }()

  /// Whether the environment asks for a backend that this binary does not contain; what computes instead
  /// is ``selected``.
  package static func lacks(
    _ environment: [String: String] = ProcessInfo.processInfo.environment,
    available: [KernelBackend] = KernelBackend.available
  ) -> Bool {
    KernelBackend(rawValue: environment["BDA_BACKEND"] ?? "").map { !available.contains($0) }
      ?? false
  }

  /// Name and version of the selected backend, for records: `portable` or `oneDNN 2.6.3`.
  public static var selectedDescription: String {
    selected == .portable ? "portable" : "oneDNN \(OneDNN.version)"
  }
}
