import Foundation

/// Another program, run to its end with what it says taken up.
///
/// Foundation's `Process` needs a run loop, threads and a dozen descriptors; where the system refuses
/// one of them it traps or waits for ever. Here a process costs three descriptors and nothing else, and
/// what is refused is an error.
public struct ChildProcess: Sendable {
  /// Its exit code; nil where a signal ended it.
  public let exitCode: Int32?
  /// What it wrote to the stream that was asked for.
  public let output: [UInt8]

  /// Why a program could not be run, in the system's words.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The words, such as "No such file or directory".
    public let description: String
  }

  /// Runs a program and waits for its end.
  ///
  /// With a folder it is the shell that finds the program: exit code 127 where there is none.
  ///
  /// - Parameters:
  ///   - program: its path, or its name in the folders of `PATH`.
  ///   - folder: where it works; the folder of this process by default.
  ///   - stream: which of its streams is taken up, standard output by default; the others lead nowhere.
  public init(
    running program: String, _ arguments: [String], in folder: String? = nil,
    taking stream: Int32 = STDOUT_FILENO
  ) throws(Failure) {
    var ends: [Int32] = [-1, -1]
    try Self.check(pipe(&ends) == 0 ? 0 : errno)
    defer { close(ends[0]) }
    let child: pid_t
    do {
      // The child's copy is made by `dup2`; neither end stays open in it or in other children.
      defer { close(ends[1]) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      let words = [program] + arguments
      // The shell changes the folder, since a spawned process has no portable way to.
      child = try Self.spawn(
        folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] + words } ?? words, stream,
        ends[1])
    }
    output = Self.everything(from: ends[0])
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    exitCode = status & 0x7f == 0 ? (status >> 8) & 0xff : nil
  }

  private static func check(_ code: Int32) throws(Failure) {
    if code != 0 { throw Failure(description: SystemError.text(of: code)) }
  }

  private static func spawn(
    _ words: [String], _ stream: Int32, _ end: Int32
  ) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    try check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    for other in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where other != stream {
      try check(
        posix_spawn_file_actions_addopen(
          &actions, other, "/dev/null", other == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0))
    }
    try check(posix_spawn_file_actions_adddup2(&actions, end, stream))
    var attributes = posix_spawnattr_t()
    try check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals that this process ignores must end another program as it expects.
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in [SIGPIPE, SIGXFSZ] { sigaddset(&defaults, number) }
    try check(posix_spawnattr_setsigdefault(&attributes, &defaults))
    try check(posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF)))
    var texts: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for text in texts { free(text) } }
    texts.append(nil)
    var child: pid_t = 0
    try check(posix_spawnp(&child, words[0], &actions, &attributes, texts, environ))
    return child
  }

  private static func everything(from descriptor: Int32) -> [UInt8] {
    var all: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        all += piece.prefix(count)
      } else if count == 0 || errno != EINTR {
        return all
      }
    }
  }
}
