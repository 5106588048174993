import Bilevel
import Datasets
import Foundation
import Networks
import Results
import Tensors

/// What a meta-training run remembers, as an HDF5 file: enough to continue with identical results.
///
/// The scalars of x and of the optimiser's memory are stored in full (Float as Float, Double as
/// Double), so nothing is rounded on the way.
public struct MetaCheckpoint<Scalar: TensorScalar & HDF5Element>: Sendable {
  /// n.
  public var iteration: Int
  /// x_n.
  public var upper: Parameters<Scalar>
  /// The optimiser's memory.
  public var optimizer: OuterOptimizerMemory<Scalar>
  /// The x with the best validation accuracy so far.
  public var best: Parameters<Scalar>
  /// The running moments at x_n, and those at the best x, where they are kept.
  public var moments: NormalisationMoments<Scalar>?
  /// The running moments at the best x.
  public var bestMoments: NormalisationMoments<Scalar>?
  /// What the run has recorded: curves, timing, best accuracy.
  public var progress: MetaProgress
  /// The digest of the configuration that it belongs to.
  public var configurationDigest: String

  /// A checkpoint of the given parts.
  public init(
    iteration: Int, upper: Parameters<Scalar>, optimizer: OuterOptimizerMemory<Scalar>,
    best: Parameters<Scalar>, moments: NormalisationMoments<Scalar>? = nil,
    bestMoments: NormalisationMoments<Scalar>? = nil, progress: MetaProgress,
    configurationDigest: String
  ) {
    self.moments = moments
    self.bestMoments = bestMoments
    self.iteration = iteration
    self.upper = upper
    self.optimizer = optimizer
    self.best = best
    self.progress = progress
    self.configurationDigest = configurationDigest
  }

  /// Writes the checkpoint atomically.
  public func write(to path: String) throws {
    let writer = try HDF5Writer(path: path)
    func write(_ point: Parameters<Scalar>, _ group: String) throws {
      for (index, tensor) in point.tensors.enumerated() {
        try writer.write(
          HDF5Array(shape: [tensor.count], values: tensor.scalars), to: "\(group)/\(index)")
      }
    }
    try write(upper, "upper")
    try write(best, "best")
    for (index, moment) in optimizer.moments.enumerated() {
      try write(moment, "moments/\(index)")
    }
    for (name, moments) in [("moments", moments), ("bestMoments", bestMoments)] {
      guard let moments else { continue }
      try write(Parameters(moments.means), "running/\(name)/means")
      try write(Parameters(moments.variances), "running/\(name)/variances")
    }
    let text = [UInt8](try JSONEncoder().encode(progress))
    try writer.write(HDF5Array(shape: [text.count], values: text), to: "progress")
    try writer.setAttribute("iteration", .integer(iteration))
    try writer.setAttribute("optimizerIteration", .integer(optimizer.iteration))
    try writer.setAttribute("moments", .integer(optimizer.moments.count))
    try writer.setAttribute("configurationDigest", .string(configurationDigest))
    try writer.finish()
  }

  /// The checkpoint in a file, for a run whose x has the shapes of `point` and whose network
  /// normalises the given numbers of filters.
  ///
  /// - Throws: when the file is not a checkpoint of such a run.
  public init(
    readingFrom path: String, like point: Parameters<Scalar>, normalisedFilters: [Int]
  ) throws {
    let file = try HDF5File.open(path)
    func required<Value>(_ value: Value?) throws -> Value {
      guard let value else {
        throw DatasetError(
          .malformed,
          "The checkpoint \(path) is not one of this version: remove it to start from the "
            + "beginning.")
      }
      return value
    }
    func read(
      _ group: String, like point: Parameters<Scalar>
    ) throws -> Parameters<Scalar> {
      Parameters(
        try point.tensors.enumerated().map { index, tensor in
          let array = try file.read("\(group)/\(index)", as: Scalar.self)
          guard array.values.count == tensor.count else { return try required(nil) }
          return Tensor(shape: tensor.shape, scalars: array.values)
        })
    }
    let text = try file.read("progress", as: UInt8.self)
    progress = try required(
      try? JSONDecoder().decode(MetaProgress.self, from: Data(text.values)))
    iteration = try required(try file.integer("iteration"))
    let filters = Parameters(normalisedFilters.map { Tensor<Scalar>.zeros([$0]) })
    func moments(_ name: String) throws -> NormalisationMoments<Scalar>? {
      guard file.contains("running/\(name)/means/0") else { return nil }
      return NormalisationMoments(
        means: try read("running/\(name)/means", like: filters).tensors,
        variances: try read("running/\(name)/variances", like: filters).tensors)
    }
    upper = try read("upper", like: point)
    best = try read("best", like: point)
    self.moments = try moments("moments")
    bestMoments = try moments("bestMoments")
    let memories = try required(try file.integer("moments"))
    optimizer = OuterOptimizerMemory(
      iteration: try required(try file.integer("optimizerIteration")),
      moments: try (0..<memories).map { try read("moments/\($0)", like: point) })
    configurationDigest = try required(try file.string("configurationDigest"))
  }
}

/// What a meta-training run has recorded so far.
public struct MetaProgress: Codable, Sendable, Equatable {
  /// The curves.
  public var metrics: [RunRecord.Metric] = []
  /// Outer iterations that were timed.
  public var steps: [Int] = []
  /// Seconds of training until the end of each of them.
  public var seconds: [Double] = []
  /// The best validation accuracy, and the iteration it was found at.
  public var bestAccuracy = -1.0
  /// The iteration of the best validation accuracy.
  public var bestIteration = 0
  /// Validations since then.
  public var validationsWithoutGain = 0

  /// Nothing recorded.
  public init() {}

  /// Appends one value to a curve.
  public mutating func record(_ name: String, step: Int, _ value: Double) {
    guard let index = metrics.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("The metric \(name) is not among \(metrics.map(\.name)).")
    }
    metrics[index].steps.append(step)
    metrics[index].values.append(value)
  }

  /// The last value of every curve that has one.
  public var latest: [String: Double] {
    Dictionary(
      uniqueKeysWithValues: metrics.compactMap { metric in
        metric.values.last.map { (metric.name, $0) }
      })
  }
}
