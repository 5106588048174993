import Dispatch
import Foundation

/// A web server on this machine for one test, so that downloads are tested without a network.
public final class LocalHTTPServer: Sendable {
  /// What the server answers to one request.
  public struct Answer: Sendable {
    /// The status code.
    public var status: Int
    /// The bytes that are sent.
    public var body: [UInt8]
    /// The length that is promised, when it is not that of the body.
    public var promisedLength: Int?
    /// Whether the connection stays open, silent, after the body.
    public var stalls: Bool

    /// An answer; by default a complete one.
    public init(
      status: Int = 200, body: [UInt8] = [], promisedLength: Int? = nil, stalls: Bool = false
    ) {
      self.status = status
      self.body = body
      self.promisedLength = promisedLength
      self.stalls = stalls
    }
  }

  private let descriptor: Int32
  /// The address below which everything lies, ending in a slash.
  public let address: String

  /// A server that answers every request by calling `answer` with its path.
  public init(answer: @escaping @Sendable (String) -> Answer) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listening = withUnsafeMutablePointer(to: &place) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
        bind(descriptor, general, length) == 0 && listen(descriptor, 8) == 0
          && getsockname(descriptor, general, &length) == 0
      }
    }
    guard descriptor >= 0, listening else {
      throw CommandRunnerError(description: "No local port could be opened for a test server.")
    }
    address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))/"
    let thread = Thread { [descriptor] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        Thread { Self.serve(connection, answer) }.start()
      }
    }
    thread.start()
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  private static func serve(_ connection: Int32, _ answer: (String) -> Answer) {
    defer { close(connection) }
    var request: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while !request.contains(13) {
      let count = read(connection, &piece, piece.count)
      guard count > 0 else { return }
      request += piece[..<count]
    }
    let line = String(decoding: request.prefix { $0 != 13 }, as: UTF8.self)
    let path = line.split(separator: " ").dropFirst().first.map { String($0) } ?? "/"
    let reply = answer(path)
    let head = """
      HTTP/1.1 \(reply.status) Status\r
      Content-Length: \(reply.promisedLength ?? reply.body.count)\r
      Connection: close\r
      \r

      """
    let bytes = Array(head.utf8) + reply.body
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(
          connection, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
    // Until the other side gives up.
    if reply.stalls { _ = read(connection, &piece, 1) }
  }
}
