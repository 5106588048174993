import Bilevel
import Commands
import Datasets
import Foundation
import Results
import Tensors

/// A file of what a run has learned, opened: its description first, its arrays when they are asked for.
package struct LearnedFile: Sendable {
  /// The path that was opened.
  package let path: String
  /// Which run it was.
  package let description: LearnedDescription
  /// The scalar type that the run computed in.
  package let scalar: ScalarChoice
  private let file: HDF5File
  private let groups: [String]
  private let digest: String?

  /// Opens a file that a run of one experiment has written.
  ///
  /// - Throws: `DatasetError` with one sentence for a file that is absent, no such file, of another
  ///   version, or of another experiment.
  package init(_ path: String, of experiment: String) throws(DatasetError) {
    guard !path.lowercased().hasSuffix(".npz") else {
      throw DatasetError(
        .unsupported,
        "The file \(path) is a NumPy archive, which is for other programs: give the .h5 file that "
          + "`\(experiment) run --save` writes.")
    }
    let file = try HDF5File.open(
      path, remedy: "check the path, or write it with `\(experiment) run --save`")
    guard try file.string("format") == LearnedRun<Float>.formatName else {
      throw DatasetError(
        .unexpectedContents,
        "The file \(path) is not one of what a run has learned (it has no attribute format with the "
          + "value \(LearnedRun<Float>.formatName)): give the file that `\(experiment) run --save` "
          + "wrote.")
    }
    let version = try file.integer("formatVersion") ?? 0
    guard version == LearnedRun<Float>.formatVersion else {
      throw DatasetError(
        .unsupported,
        "The file \(path) has the version \(version) of its format, and this program reads "
          + "\(LearnedRun<Float>.formatVersion): write it again with this program.")
    }
    func text(_ name: String) throws(DatasetError) -> String {
      guard let text = try file.string(name) else { throw Self.incomplete(path, name) }
      return text
    }
    let written = try text("experiment")
    guard written == experiment else {
      throw DatasetError(
        .unexpectedContents,
        "The file \(path) was written by \(written), whose x means something else to \(experiment): "
          + "give a file that `\(experiment) run --save` wrote.")
    }
    guard let seed = UInt64(try text("seed")),
      let scalar = ScalarChoice(rawValue: try text("scalar"))
    else { throw Self.incomplete(path, "seed or scalar") }
    let configurationText = try text("configuration")
    let configuration: Value
    do { configuration = try Value(parsing: Data(configurationText.utf8), source: path) } catch {
      throw Self.incomplete(path, "configuration")
    }
    if let digest = try file.string("configurationDigest"), digest != configuration.canonicalDigest
    {
      throw DatasetError(
        .digestMismatch,
        "The configuration in \(path) is not the one that was written there (its digest is another than "
          + "the recorded one): restore the file, or remove its attribute configurationDigest if it was "
          + "changed on purpose.")
    }
    self.path = path
    self.file = file
    self.scalar = scalar
    groups = try file.strings("groups") ?? []
    digest = try file.string("contentDigest")
    description = LearnedDescription(
      experiment: written, method: try text("method"), protocolName: try text("protocol"),
      budget: try text("budget"), seed: seed, status: try text("status"),
      outerIterations: try file.integer("outerIterations") ?? 0,
      optimizerIteration: try file.integer("optimizerIteration") ?? 0,
      configuration: configuration, datasets: try file.strings("datasets") ?? [],
      inputShape: try file.integers("inputShape"))
  }

  /// All that the file holds, checked against its digest where it has one: who edits a file by hand
  /// removes the attribute `contentDigest`.
  ///
  /// - Throws: `DatasetError` where an array is missing or damaged.
  package func contents<Scalar: TensorScalar & HDF5Element>(
    as type: Scalar.Type = Scalar.self
  ) throws(DatasetError) -> LearnedRun<Scalar> {
    var result: [LearnedRun<Scalar>.Group] = []
    for group in groups {
      guard let names = try file.strings("names", of: "/\(group)") else {
        throw Self.incomplete(path, "names of the group \(group)")
      }
      var tensors: [Tensor<Scalar>] = []
      for name in names {
        let array = try file.read("\(group)/\(name)", as: Scalar.self)
        // An array without elements can have any extents besides, too many to multiply.
        guard array.shape.allSatisfy({ $0 > 0 }) else {
          throw Self.incomplete(path, "values of \(group)/\(name)")
        }
        tensors.append(Tensor(shape: array.shape, scalars: array.values))
      }
      result.append(LearnedRun.Group(group, names, Parameters(tensors)))
    }
    let run = LearnedRun(description: description, groups: result)
    if let digest, Scalar.name == scalar.rawValue, digest != run.contentDigest {
      throw DatasetError(
        .digestMismatch,
        "The arrays of \(path) are not those that were written there (their digest is another than "
          + "the recorded one): restore the file, or remove its attribute contentDigest if it was "
          + "changed on purpose.")
    }
    return run
  }

  /// What a person should know who uses what was learned: how the run ended, where it was not well.
  package var warning: String? {
    let status = description.status
    guard status != RunRecord.Status.Kind.completed.rawValue else { return nil }
    return "The run that wrote \(path) ended as \(status), so that what it learned may be of no "
      + "use: prefer a run that completed."
  }

  /// The method or baseline of the run.
  ///
  /// - Throws: `DatasetError` where the experiment has none of that name.
  package func arm<E: Experiment>(in experiment: E) throws(DatasetError) -> Arm {
    do { return try experiment.arm(named: description.method) } catch {
      // A product of dynamics and hypergradient without a name of its own.
      let products = experiment.catalogue.products
      if let product = products.first(where: { $0.name == description.method }) {
        return .method(product)
      }
      throw DatasetError(
        .unexpectedContents,
        "The file \(path) was written by the method '\(description.method)', which this program does "
          + "not have: restore the file, or use the program that wrote it.")
    }
  }

  /// The settings of the run: those of the file over the defaults, which fill what a file of an older
  /// version lacks.
  package func settings<Own: OwnSettings>(
    over defaults: RunSettings<Own>
  ) throws -> RunSettings<Own> {
    let settings = try Configuration.resolve(
      defaults: defaults, text: description.configuration.canonicalText, named: path
    ).settings
    // Whoever wrote the file computed with them.
    try settings.validate(in: .double)
    return settings
  }

  /// The point of a group with the shapes that the settings of the same file ask for.
  ///
  /// - Throws: `DatasetError` that names the array and both shapes.
  package func checked<Scalar: TensorScalar & HDF5Element>(
    _ group: String, of run: LearnedRun<Scalar>, shapes: [[Int]]
  ) throws(DatasetError) -> Parameters<Scalar> {
    guard let found = run.groups.first(where: { $0.name == group }) else {
      throw Self.incomplete(path, "group \(group)")
    }
    guard found.point.tensors.count == shapes.count else {
      throw DatasetError(
        .unexpectedContents,
        "The group \(group) of \(path) has \(found.point.tensors.count) arrays, and its settings "
          + "describe a point of \(shapes.count): write the file again.")
    }
    for (index, shape) in shapes.enumerated() where found.point.tensors[index].shape != shape {
      throw DatasetError(
        .unexpectedContents,
        "The array \(group)/\(found.components[index]) of \(path) has shape "
          + "\(found.point.tensors[index].shape) and its settings ask for \(shape): write the file "
          + "again.")
    }
    guard found.point.isFinite else {
      throw DatasetError(
        .unexpectedContents,
        "The group \(group) of \(path) holds numbers that are not finite (the run ended as "
          + "\(run.description.status)): use a run that completed.")
    }
    return found.point
  }

  private static func incomplete(_ path: String, _ what: String) -> DatasetError {
    DatasetError(
      .malformed,
      "The file \(path) lacks the \(what) that files of what was learned have: write it again.")
  }
}
