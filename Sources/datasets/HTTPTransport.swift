import Commands
import Datasets
import Files
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Downloads over HTTP and HTTPS.
struct HTTPTransport: Sendable {
  /// Seconds without any data before a download fails.
  let timeout: Double

  /// Writes what the address answers into the file at `path`, which exists and is empty.
  func download(_ address: String, to path: String) throws(DatasetError) {
    guard let url = URL(string: address) else {
      throw DatasetError(
        .network, "\(address) is not an address that can be fetched: correct --mirror.")
    }
    errno = 0
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw DatasetError(
        .unwritable,
        "The file \(path) could not be opened for writing (\(SystemError.last)): check the folder and "
          + "the limits of the process.")
    }
    defer { try? handle.close() }
    var request = URLRequest(url: url)
    // The files are compressed already; a second coding would hide the bytes that are published.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    let receiver = Receiver(handle: handle)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeout
    let session = URLSession(
      configuration: configuration, delegate: receiver, delegateQueue: nil)
    session.dataTask(with: request).resume()
    let failure = receiver.wait()
    session.invalidateAndCancel()
    switch failure {
    case .none: return
    case .some(.disk(let code)):
      throw DatasetError(
        .unwritable, FileError(code, writing: PartialName.destination(of: path)).message)
    case .some(.network(let reason)):
      throw DatasetError(
        .network,
        "\(address) could not be downloaded (\(reason)): check the network and run the command "
          + "again, or give a folder that has the file with --mirror or BDA_MIRROR.")
    }
  }
}

/// Receives one answer piece by piece, so that memory does not grow with its size.
///
/// Session callbacks arrive one at a time on one queue; `wait` reads only after the last of them.
private final class Receiver: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  /// What went wrong with a download.
  enum Failure {
    /// The network or the server, in words.
    case network(String)
    /// The file, with the number of the system's error.
    case disk(Int32)
  }

  private let handle: FileHandle
  private let finished = DispatchSemaphore(value: 0)
  private var failure: Failure?
  private var received = 0
  private var expected = 0
  private var lastShown = Date.distantPast

  /// The most bytes that are taken, so that an answer without end does not fill the disk.
  private static let mostBytes = 1 << 31

  init(handle: FileHandle) { self.handle = handle }

  /// What went wrong, nil when the whole answer is in the file.
  func wait() -> Failure? {
    finished.wait()
    return failure
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    expected = Int(clamping: response.expectedContentLength)
    let answer = response as? HTTPURLResponse
    let coding = (answer?.value(forHTTPHeaderField: "Content-Encoding") ?? "")
      .trimmingCharacters(in: .whitespaces).lowercased()
    if let answer, answer.statusCode != 200 {
      failure = .network("the server answered with status \(answer.statusCode)")
    } else if ["gzip", "x-gzip", "deflate"].contains(coding) {
      // Some servers pack what they send whether asked or not. It is unpacked on the way, so that the
      // promised length, that of the packed bytes, says nothing of what arrives here.
      expected = 0
    } else if !["", "identity"].contains(coding) {
      failure = .network(
        "the server sends it in the coding \"\(coding)\", which is not read here")
    }
    if failure == nil, expected > Self.mostBytes {
      failure = .network(
        "the server promises \(expected) bytes, more than the \(Self.mostBytes) of any data set")
    }
    completionHandler(failure == nil ? .allow : .cancel)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard failure == nil else { return }
    let problem = data.withUnsafeBytes { bytes in
      FileDescriptor.write(bytes, to: handle.fileDescriptor)
    }
    if problem != 0 {
      failure = .disk(problem)
      dataTask.cancel()
    }
    received += data.count
    if received > Self.mostBytes, failure == nil {
      failure = .network("more than the \(Self.mostBytes) bytes of any data set arrived")
      dataTask.cancel()
    }
    show()
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: Error?) {
    if Diagnostics.isInteractive, received > 0 { Diagnostics.print("") }
    if failure == nil, let error { failure = .network(error.localizedDescription) }
    if failure == nil, expected > 0, received != expected {
      failure = .network("\(received) of \(expected) bytes arrived")
    }
    finished.signal()
  }

  private func show() {
    guard Diagnostics.isInteractive, Date().timeIntervalSince(lastShown) > 0.2 else { return }
    lastShown = Date()
    let total = expected > 0 ? " of \(expected / 1000)" : ""
    _ = StandardStreams.writeDiagnostics("\r  \(received / 1000)\(total) kB")
  }
}
