import Files

extension RunRecord {
  /// A method as the product of its three independent choices.
  public struct Method: Codable, Equatable, Sendable {
    /// The name used in options and paths: "t-rhg".
    public var name: String
    /// The name used in tables: "T-RHG".
    public var displayName: String
    /// The inner dynamics.
    public var dynamics: Component
    /// The hypergradient estimator.
    public var hypergradient: Component
    /// The outer optimiser.
    public var outerOptimizer: Component

    /// A method of three parts.
    public init(
      name: String, displayName: String, dynamics: Component, hypergradient: Component,
      outerOptimizer: Component
    ) {
      self.name = name
      self.displayName = displayName
      self.dynamics = dynamics
      self.hypergradient = hypergradient
      self.outerOptimizer = outerOptimizer
    }
  }

  /// One choice of a method, with its parameters and where it comes from.
  public struct Component: Codable, Equatable, Sendable {
    /// The name; "none" where a baseline has no such part.
    public var name: String
    /// The parameters by name.
    public var parameters: [String: Value]
    /// The article or code the choice comes from.
    public var provenance: String

    /// A named choice.
    public init(name: String, parameters: [String: Value] = [:], provenance: String) {
      self.name = name
      self.parameters = parameters
      self.provenance = provenance
    }

    /// The absent part of a baseline.
    public static let none = Component(name: "none", provenance: "not applicable")
  }

  /// One data set as the run used it.
  public struct DatasetUse: Codable, Equatable, Sendable {
    /// The name: "mnist".
    public var name: String
    /// SHA-256 of the content, in lower-case hexadecimal.
    public var sha256: String
    /// Which examples were used for what: "5000 train / 5000 validation / 10000 test".
    public var split: String
    /// Whether the data is generated and stands in for real data.
    public var synthetic: Bool

    /// A use of a data set.
    public init(name: String, sha256: String, split: String, synthetic: Bool) {
      self.name = name
      self.sha256 = sha256
      self.split = split
      self.synthetic = synthetic
    }

    /// The digest of the contents that a run used, in any order: the first 8 hexadecimal digits of
    /// the SHA-256 of the lines `<name> <sha256>`, sorted, each once and each ended by a line feed.
    /// Empty without data.
    public static func digest(of uses: [DatasetUse]) -> String {
      guard !uses.isEmpty else { return "" }
      let lines = Set(uses.map { "\($0.name) \($0.sha256)\n" })
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      return String(SHA256.hexadecimal(lines.joined().utf8).prefix(8))
    }
  }

  /// The machine and the software the run took place on.
  public struct Environment: Codable, Equatable, Sendable {
    /// The commit of the source, nil outside a checkout.
    public var commit: String?
    /// Whether the checkout had uncommitted changes, nil outside a checkout.
    public var dirty: Bool?
    /// The compiler's version.
    public var swift: String
    /// The kernels: "oneDNN 2.6.0" or "portable".
    public var backend: String
    /// The version of HDF5, nil where the run used none.
    public var hdf5: String?
    /// The version of libpng, nil where the run used none.
    public var libpng: String?
    /// The processor's model.
    public var cpu: String
    /// The number of worker threads.
    public var threads: Int
    /// The operating system.
    public var os: String
    /// The scalar of the run: "float" or "double".
    public var scalar: String

    /// An environment.
    public init(
      commit: String?, dirty: Bool?, swift: String, backend: String, hdf5: String? = nil,
      libpng: String? = nil, cpu: String, threads: Int, os: String, scalar: String
    ) {
      self.commit = commit
      self.dirty = dirty
      self.swift = swift
      self.backend = backend
      self.hdf5 = hdf5
      self.libpng = libpng
      self.cpu = cpu
      self.threads = threads
      self.os = os
      self.scalar = scalar
    }
  }

  /// How a run ended.
  public struct Status: Codable, Equatable, Sendable {
    /// The ways in which a run can end.
    public enum Kind: String, Codable, Sendable, CaseIterable {
      /// All outer steps were made.
      case completed
      /// The objective grew beyond the protocol's limit, or the last linear system was not solved at all.
      case diverged
      /// A value became infinite or not a number.
      case nonFinite
      /// The user stopped it.
      case interrupted

      /// Whether the method itself broke down (diverged or non-finite): exit code 3.
      public var isBreakdown: Bool { self == .diverged || self == .nonFinite }
    }

    /// How it ended.
    public var kind: Kind
    /// Why, in one sentence; nil for completed runs.
    public var reason: String?

    /// A status with its reason.
    public init(_ kind: Kind, reason: String? = nil) {
      self.kind = kind
      self.reason = reason
    }
  }

  /// One measured quantity over the outer steps.
  public struct Metric: Codable, Equatable, Sendable {
    /// The name: "testAccuracy".
    public var name: String
    /// The unit: "percent", "fraction", "seconds", "bytes", "nats", "1" ...
    public var unit: String
    /// Which direction is an improvement.
    public var betterWhen: BetterWhen
    /// The outer steps at which it was measured, 0 being before the first.
    public var steps: [Int]
    /// The values at these steps.
    public var values: [Double]
    /// Whether tables show the metric unasked; nil means no.
    public var headline: Bool?

    /// A metric with its curve; without steps and values, its description only.
    public init(
      name: String, unit: String, betterWhen: BetterWhen, headline: Bool = false,
      steps: [Int] = [], values: [Double] = []
    ) {
      precondition(
        steps.count == values.count,
        "The metric \(name) has \(steps.count) steps and \(values.count) values.")
      self.name = name
      self.unit = unit
      self.betterWhen = betterWhen
      self.steps = steps
      self.values = values
      self.headline = headline ? true : nil
    }

    /// Whether both say the same, "nan" being equal to itself.
    public static func == (left: Metric, right: Metric) -> Bool {
      left.name == right.name && left.unit == right.unit && left.betterWhen == right.betterWhen
        && left.steps == right.steps && left.headline == right.headline
        && left.values.map(Value.number) == right.values.map(Value.number)
    }
  }

  /// Time and memory of a run.
  public struct Timing: Codable, Equatable, Sendable {
    /// Wall-clock seconds of the whole run.
    public var totalSeconds: Double
    /// The median of the seconds an outer step took, nil where there was none.
    public var secondsPerOuterStep: Double?
    /// The peak of the process's resident memory in bytes, nil where the system does not tell.
    public var peakResidentBytes: Int?
    /// The outer steps at which elapsed time was noted.
    public var steps: [Int]
    /// Seconds since the start at these steps.
    public var seconds: [Double]
    /// Further seconds by name: "dataLoading", "evaluation" ...
    public var parts: [String: Double]

    /// The timing of a run.
    public init(
      totalSeconds: Double, secondsPerOuterStep: Double? = nil, peakResidentBytes: Int? = nil,
      steps: [Int] = [], seconds: [Double] = [], parts: [String: Double] = [:]
    ) {
      self.totalSeconds = totalSeconds
      self.secondsPerOuterStep = secondsPerOuterStep
      self.peakResidentBytes = peakResidentBytes
      self.steps = steps
      self.seconds = seconds
      self.parts = parts
    }
  }
}

/// Which direction of a metric is an improvement.
public enum BetterWhen: String, Codable, Sendable, CaseIterable {
  /// Larger is better.
  case higher
  /// Smaller is better.
  case lower
  /// The metric describes and does not judge.
  case neither
}
