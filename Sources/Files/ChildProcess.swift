import Foundation

/// Another program, run to its end with what it says taken up.
///
/// Foundation's `Process` needs a run loop, threads and a dozen descriptors; where the system refuses
/// one of them it traps or waits for ever, and one start in some thousands ends in a read beyond a
/// directory's entries (swift-corelibs-foundation, pull request 5472). Here a process costs a few
/// descriptors and nothing else, and what is refused is an error.
public struct ChildProcess: Sendable {
  /// Its exit code; nil where a signal ended it, or where the system does not tell how it ended.
  public let exitCode: Int32?
  /// The number of the signal that ended it; nil where none did, or where the system does not tell.
  public let signal: Int32?
  /// What it wrote to standard output, where that was asked for.
  public let output: [UInt8]
  /// What it wrote to standard error, where that was asked for.
  public let errors: [UInt8]

  /// Why a program could not be run, in the system's words.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The words, such as "No such file or directory".
    public let description: String
  }

  /// Runs a program and waits for its end.
  ///
  /// With a folder it is the shell that finds the program: exit code 127 where there is none, 1 or 2 where
  /// the folder cannot be entered.
  ///
  /// - Parameters:
  ///   - program: its path, or its name in the folders of `PATH`.
  ///   - folder: where it works; the folder of this process by default.
  ///   - input: what it reads; it must read all of it before it writes much. Nothing by default.
  ///   - streams: which of its streams are taken up, standard output by default; the others lead
  ///     nowhere.
  public init(
    running program: String, _ arguments: [String], in folder: String? = nil,
    reading input: [UInt8]? = nil, taking streams: Set<Int32> = [STDOUT_FILENO]
  ) throws(Failure) {
    var pipes: [Int32: Pipe] = [:]
    defer { for pipe in pipes.values { pipe.closeBoth() } }
    for stream in streams { pipes[stream] = try Pipe() }
    if input != nil { pipes[STDIN_FILENO] = try Pipe() }
    // The shell changes the folder, since a spawned process has no portable way to; with a point before
    // it no name is an option, or one that CDPATH looks for elsewhere.
    let words = [program] + arguments
    let place = folder.map { $0.hasPrefix("/") ? $0 : "./\($0)" }
    var command = ProcessStart(
      place.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] + words } ?? words)
    if let pipe = pipes[STDIN_FILENO] { command.input = .descriptor(pipe.reading) }
    if let pipe = pipes[STDOUT_FILENO] { command.output = .descriptor(pipe.writing) }
    if let pipe = pipes[STDERR_FILENO] { command.errors = .descriptor(pipe.writing) }
    let child: pid_t
    do { child = try command.start() } catch { throw Failure(description: error.text) }
    for stream in streams { pipes[stream]?.closeWriting() }
    if let input {
      pipes[STDIN_FILENO]?.closeReading()
      Self.write(input, to: pipes[STDIN_FILENO]?.writing ?? -1)
      pipes[STDIN_FILENO]?.closeWriting()
    }
    let all = Self.everything(
      from: streams.compactMap { stream in
        pipes[stream].map { (stream, $0.reading) }
      })
    output = all[STDOUT_FILENO] ?? []
    errors = all[STDERR_FILENO] ?? []
    var status: Int32 = 0
    var answer: pid_t
    repeat { answer = waitpid(child, &status, 0) } while answer < 0 && errno == EINTR
    // Where this process ignores SIGCHLD the system throws the ending away, and the status says nothing.
    let ending = answer == child ? ProcessEnding(status: status) : nil
    exitCode = if case .exit(let code) = ending { code } else { nil }
    signal = if case .signal(let number) = ending { number } else { nil }
  }

  /// Two descriptors of which one reads what is written to the other; other children get neither.
  private struct Pipe {
    private(set) var reading: Int32 = -1
    private(set) var writing: Int32 = -1

    init() throws(Failure) {
      // Until the second call a child that another thread starts would keep the ends open, and whoever
      // reads here would wait for that child's end.
      let ends = ProcessStart.whileNoneStarts { () -> [Int32]? in
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
      }
      guard let ends else { throw Failure(description: SystemError.last) }
      (reading, writing) = (ends[0], ends[1])
    }

    mutating func closeReading() { Self.close(&reading) }
    mutating func closeWriting() { Self.close(&writing) }

    func closeBoth() {
      var copy = self
      copy.closeReading()
      copy.closeWriting()
    }

    private static func close(_ end: inout Int32) {
      if end >= 0 { _ = Foundation.close(end) }
      end = -1
    }
  }

  /// Writes all of it, or as much as somebody reads. Where the child ends before it has read everything,
  /// what it says tells more than the error here, and the signal for it must not end this process.
  private static func write(_ input: [UInt8], to descriptor: Int32) {
    var (broken, before) = (sigset_t(), sigset_t())
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &broken, &before)
    if input.withUnsafeBytes({ FileDescriptor.write($0, to: descriptor) }) == EPIPE {
      // It waits for this thread, and is taken back before it could arrive.
      var atOnce = timespec()
      sigtimedwait(&broken, nil, &atOnce)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  /// What all of the descriptors give until they end, by the number of their stream; read in turn as they
  /// have something, since a full pipe holds up whoever writes.
  private static func everything(from ends: [(stream: Int32, descriptor: Int32)]) -> [Int32:
    [UInt8]]
  {
    var all: [Int32: [UInt8]] = [:]
    var open = ends
    var piece = [UInt8](repeating: 0, count: 1 << 14)
    while !open.isEmpty {
      var requests = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
      guard poll(&requests, nfds_t(requests.count), -1) > 0 || errno == EINTR else { break }
      for (end, request) in zip(open, requests) where request.revents != 0 {
        let count = piece.withUnsafeMutableBytes {
          read(end.descriptor, $0.baseAddress, $0.count)
        }
        if count > 0 {
          all[end.stream, default: []] += piece.prefix(count)
        } else if count == 0 || errno != EINTR {
          open.removeAll { $0.descriptor == end.descriptor }
        }
      }
    }
    return all
  }
}
