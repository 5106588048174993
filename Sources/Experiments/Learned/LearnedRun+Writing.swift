import Datasets
import Files
import Results
import Tensors

extension LearnedRun {
  /// The version of the format; files of another one are refused.
  static var formatVersion: Int { 1 }

  /// What the attribute `format` says.
  static var formatName: String { DataFolder.learnedFormat }

  /// Writes the file atomically: an archive for NumPy where its name ends in `.npz`, else HDF5.
  ///
  /// - Throws: `DatasetError` or `FileError` where it cannot be written; nothing is left behind then.
  package func write(to path: String) throws {
    if path.hasSuffix(".npz") {
      try AtomicFile.write(try numPyArchive().bytes, to: path)
    } else {
      try writeHDF5(to: path)
    }
  }

  private func writeHDF5(to path: String) throws {
    let writer = try HDF5Writer(path: path)
    for group in groups {
      for (component, tensor) in zip(group.components, group.point.tensors) {
        try writer.write(tensor, to: "\(group.name)/\(component)")
      }
      // A group that holds nothing would not be there to carry an attribute.
      if !group.components.isEmpty {
        try writer.setAttribute("names", .strings(group.components), of: "/\(group.name)")
      }
    }
    for (name, value) in attributes { try writer.setAttribute(name, value) }
    try writer.finish()
  }

  /// The attributes of the file.
  private var attributes: [(String, HDF5Attribute)] {
    let about = description
    let names = groups.filter { !$0.components.isEmpty }.map(\.name)
    return [
      ("format", .string(Self.formatName)), ("formatVersion", .integer(Self.formatVersion)),
      ("experiment", .string(about.experiment)), ("method", .string(about.method)),
      ("protocol", .string(about.protocolName)), ("budget", .string(about.budget)),
      // As text: a seed may be larger than any signed number.
      ("seed", .string("\(about.seed)")), ("scalar", .string(Scalar.name)),
      ("status", .string(about.status)), ("outerIterations", .integer(about.outerIterations)),
      ("optimizerIteration", .integer(about.optimizerIteration)),
      ("configuration", .string(about.configuration.canonicalText)),
      ("configurationDigest", .string(about.configuration.canonicalDigest)),
      ("contentDigest", .string(contentDigest)),
    ]
      + [("datasets", about.datasets), ("groups", names)].filter { !$0.1.isEmpty }
      .map { ($0.0, .strings($0.1)) }
      + (about.inputShape.map { [("inputShape", .integers($0))] } ?? [])
  }

  /// The arrays by the same paths, and the attributes as one text in JSON called `description`.
  private func numPyArchive() throws(DatasetError) -> NumPyArchive {
    var archive = NumPyArchive()
    for group in groups {
      for (component, tensor) in zip(group.components, group.point.tensors) {
        try archive.add(
          HDF5Array(shape: tensor.shape, values: tensor.scalars),
          named: "\(group.name)/\(component)")
      }
    }
    let members = attributes.map { name, value -> (String, Value) in
      switch value {
      case .string(let text) where name == "configuration":
        // Not a text within a text.
        (name, text.isEmpty ? .null : description.configuration)
      case .string(let text): (name, .string(text))
      case .strings(let texts): (name, .array(texts.map { .string($0) }))
      case .integer(let number): (name, .integer(number))
      case .integers(let numbers): (name, .array(numbers.map { .integer($0) }))
      case .real(let number): (name, .number(number))
      case .reals(let numbers): (name, .array(numbers.map { .number($0) }))
      }
    }
    let text = Value.object(sorted: Dictionary(members, uniquingKeysWith: { first, _ in first }))
    try archive.add(text: text.canonicalText, named: "description")
    return archive
  }
}
