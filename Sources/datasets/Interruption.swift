import Datasets
import Dispatch
import Foundation

/// What happens on the interrupt key or a request to end: unfinished files are removed first.
enum Interruption {
  // Kept for the life of the process; a source that goes away no longer listens.
  private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

  /// Starts to listen. Called once, before anything is written.
  static func install() {
    let queue = DispatchQueue(label: "interruption")
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        TemporaryFiles.removeAll()
        Diagnostics.print(
          "Interrupted: nothing unfinished was kept; run the same command again to go on.")
        // Without the exit handlers of a library that may be in the middle of a write.
        _exit(130)
      }
      source.resume()
      return source
    }
  }
}
