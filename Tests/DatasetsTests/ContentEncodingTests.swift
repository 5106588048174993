import Datasets
import Dispatch
import Foundation
import TestSupport
import Testing

/// A server of one answer, with the given lines in its head.
private final class CodingServer: Sendable {
  let address: String
  private let descriptor: Int32

  init(head: [String], body: [UInt8], promised: Int? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &place) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 4) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    try #require(isListening)
    address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))/"
    let lines =
      ["HTTP/1.1 200 OK", "Content-Length: \(promised ?? body.count)", "Connection: close"] + head
    let answer = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    Thread { [descriptor] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        var request = [UInt8](repeating: 0, count: 4096)
        _ = read(connection, &request, request.count)
        _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
        close(connection)
      }
    }.start()
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }
}

@Suite("Mirrors that pack what they send")
struct ContentEncodingTests {
  /// What is packed on the way is unpacked and judged by what it is, here not the file; other codings
  /// are refused by their name.
  @Test(arguments: [
    ("gzip", Int32(65), "has 12 bytes once decompressed"),
    ("x-gzip", 65, "has 12 bytes once decompressed"),
    ("identity", 65, "has 12 bytes once decompressed"),
    ("compress", 1, "in the coding \"compress\", which is not read here"),
  ])
  func areDecodedOrRefused(coding: String, exitCode: Int32, sentence: String) throws {
    let folder = try TemporaryFolder()
    let server = try CodingServer(
      head: ["Content-Encoding: \(coding)"], body: Gzip.compress(Array("not the file".utf8)))
    let result = try CommandRunner.run(
      "datasets", ["fetch", "mnist", "--timeout", "5", "--mirror", server.address],
      environment: ["BDA_DATA_DIR": folder.path("data")])
    #expect(result.exitCode == exitCode, "\(result.standardError)")
    #expect(result.standardError.contains(sentence), "\(result.standardError)")
    #expect(!result.standardError.contains("bytes arrived"))
    #expect(try folder.names(in: "data/mnist") == [])
  }

  @Test func aLengthBeyondAllReasonIsRefusedAtOnce() throws {
    let folder = try TemporaryFolder()
    let server = try CodingServer(head: [], body: [1, 2, 3], promised: 1 << 40)
    let result = try CommandRunner.run(
      "datasets", ["fetch", "mnist", "--timeout", "5", "--mirror", server.address],
      environment: ["BDA_DATA_DIR": folder.path("data")])
    #expect(result.exitCode == 1)
    #expect(
      result.standardError.contains("promises 1099511627776 bytes"), "\(result.standardError)")
    #expect(try folder.names(in: "data/mnist") == [])
  }
}
