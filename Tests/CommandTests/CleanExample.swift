import Datasets
import Foundation
import Tensors
import TestSupport

/// A folder with small data for `hyper-cleaning clean`, three classes of vectors and some labels wrong, and
/// what the command makes of it.
struct CleanExample {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What a file holds.
  struct Sample {
    var features: [Float]
    var label: Int64
  }

  /// Samples of three classes round three points of the plane, far enough apart.
  func samples(_ count: Int, seed: UInt64) -> [Sample] {
    var stream = RandomStream(seed: seed, purpose: "clean tests")
    let centres: [[Double]] = [[0, 0], [6, 0], [0, 6]]
    return (0..<count).map { index in
      Sample(
        features: centres[index % 3].map { Float($0 + stream.normal()) }, label: Int64(index % 3))
    }
  }

  func write(
    _ samples: [Sample], to name: String, names: [String]? = nil, width: Int = 2
  ) throws {
    let writer = try HDF5Writer(path: folder.path(name))
    try writer.write(
      samples.flatMap(\.features), shape: [samples.count, width], to: "features")
    try writer.write(samples.map(\.label), shape: [samples.count], to: "labels")
    if let names { try writer.setAttribute("classNames", .strings(names)) }
    try writer.finish()
  }

  /// Every tenth label wrong; returns which.
  func writeUsual(count: Int = 150, names: [String]? = nil) throws -> [Bool] {
    var train = samples(count, seed: 1)
    var isWrong = [Bool](repeating: false, count: count)
    for index in stride(from: 4, to: count, by: 10) {
      train[index].label = (train[index].label + 1) % 3
      isWrong[index] = true
    }
    try write(train, to: "mine.h5", names: names)
    try write(samples(45, seed: 2), to: "checked.h5", names: names)
    return isWrong
  }

  func clean(_ arguments: [String] = [], timeout: Double = 120) throws -> CommandResult {
    try CommandRunner.run(
      "hyper-cleaning",
      [
        "clean", "--train", folder.path("mine.h5"), "--checked", folder.path("checked.h5"),
        "--output", folder.path("out"),
      ] + arguments, timeout: timeout)
  }

  func rows() throws -> [[String]] {
    try String(contentsOfFile: folder.path("out/weights.csv"), encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",").map { String($0) } }
  }
}
