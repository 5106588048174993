import Foundation
import Synchronization

/// How another program is started: its words, what its three streams lead to, and its process group.
///
/// It has the signals' handling and mask that a program expects, whatever this process ignores or
/// blocks: both would be inherited.
public struct ProcessStart {
  /// What a stream of the program leads to.
  public enum Stream: Sendable {
    /// Nothing: what is read ends at once, what is written is dropped.
    case nothing
    /// A descriptor of this process.
    case descriptor(Int32)
    /// A file that what is written is added to; made where it is not there.
    case appending(to: String)
  }

  /// Why a program could not be started.
  public struct Failure: Error, Equatable, Sendable {
    /// The system's number for it.
    public let number: Int32
    /// The system's words for it, such as "No such file or directory".
    public var text: String { SystemError.text(of: number) }
  }

  /// The program, a path or a name in the folders of `PATH`, and its arguments.
  public var words: [String]
  /// What it reads from.
  public var input = Stream.nothing
  /// Where its standard output goes.
  public var output = Stream.nothing
  /// Where its standard error goes.
  public var errors = Stream.nothing
  /// Whether it gets a process group of its own, so that the interrupt key does not reach it.
  public var hasOwnGroup = false

  /// A program that reads and writes nothing.
  public init(_ words: [String]) {
    precondition(!words.isEmpty, "A program's words begin with its name, but there are none.")
    self.words = words
  }

  /// Starts the program and returns its process's number, which the caller must wait for.
  public func start() throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    try Self.check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    try Self.add(input, to: STDIN_FILENO, &actions)
    try Self.add(output, to: STDOUT_FILENO, &actions)
    try Self.add(errors, to: STDERR_FILENO, &actions)
    var attributes = posix_spawnattr_t()
    try Self.check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in [SIGPIPE, SIGXFSZ, SIGCHLD] { sigaddset(&defaults, number) }
    try Self.check(posix_spawnattr_setsigdefault(&attributes, &defaults))
    var blocked = sigset_t()
    sigemptyset(&blocked)
    try Self.check(posix_spawnattr_setsigmask(&attributes, &blocked))
    try Self.check(posix_spawnattr_setpgroup(&attributes, 0))
    let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
    try Self.check(
      posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group)))
    var texts: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for text in texts { free(text) } }
    texts.append(nil)
    var child: pid_t = 0
    let code = Self.whileNoneStarts {
      posix_spawnp(&child, words[0], &actions, &attributes, texts, environ)
    }
    try Self.check(code)
    return child
  }

  private static let starts = Mutex(())

  /// What `body` returns; no thread of this process starts a program in the meantime.
  static func whileNoneStarts<Result>(_ body: () -> Result) -> Result {
    starts.withLock { _ in body() }
  }

  /// The child's copy of a descriptor is made by `dup2`; the original must close itself on `exec`.
  private static func add(
    _ stream: Stream, to number: Int32, _ actions: inout posix_spawn_file_actions_t
  ) throws(Failure) {
    switch stream {
    case .nothing:
      let mode = number == STDIN_FILENO ? O_RDONLY : O_WRONLY
      try check(posix_spawn_file_actions_addopen(&actions, number, "/dev/null", mode, 0))
    case .descriptor(let descriptor):
      try check(posix_spawn_file_actions_adddup2(&actions, descriptor, number))
    case .appending(let path):
      try check(
        posix_spawn_file_actions_addopen(
          &actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o644))
    }
  }

  private static func check(_ number: Int32) throws(Failure) {
    if number != 0 { throw Failure(number: number) }
  }
}

/// How a process ended.
public enum ProcessEnding: Equatable, Sendable {
  /// By itself, with an exit code.
  case exit(Int32)
  /// By a signal.
  case signal(Int32)

  /// The ending that a status of `waitpid` means.
  public init(status: Int32) {
    let signal = status & 0x7F
    self = signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
  }
}
