import ArgumentParser
import Commands
import Datasets
import Experiments
import Files
import RepresentationLearning
import Tensors

/// Writes the features of a data set under what a run has learned.
struct FeaturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "features",
    abstract: "Write the features of a data set under what a run has learned.",
    discussion: """
      Learn once, `hyper-representation run ... --save learned.h5`; then

      Input:  images [n, height, width(, channels)] with values from 0 to 255 for a run on images, \
      inputs [n, p] as they are for a run of the linear problems, in the size that the run was trained \
      on; labels [n] may be there.
      Output: features [n, d]; outputs [n, c], the features times the head that the run ended with; \
      predicted [n], the class of the largest output, for images; labels [n], where the input has them.
      """)

  @Option(help: ArgumentHelp("What a run has learned.", valueName: "file.h5"))
  var learned: String

  @Option(help: ArgumentHelp("The data set.", valueName: "file.h5"))
  var data: String

  @Option(help: ArgumentHelp("The file to write, at once when all is done.", valueName: "file.h5"))
  var output: String

  func validate() throws { try HDF5Name.require(output, option: "--output") }

  func run() throws {
    let console = Console()
    try console.report {
      Interruption.installEndingAtOnce(
        saying: "Interrupted: nothing unfinished was kept; run the same command again.")
      try KeptInputs(following: [learned, data]).require(keptBy: [output])
      let file = try LearnedFile(learned, of: Representation.name)
      if let warning = file.warning { console.show(warning: warning) }
      switch file.scalar {
      case .float: try write(file, console, as: Float.self)
      case .double: try write(file, console, as: Double.self)
      }
    }
  }

  private func write<Scalar: TensorScalar & HDF5Element>(
    _ file: LearnedFile, _ console: Console, as type: Scalar.Type
  ) throws {
    let preset =
      RepresentationProtocol(rawValue: file.description.protocolName) ?? .pzobo64
    let settings = try file.settings(over: preset.settings(.paper))
    let data = try OwnInputs<Scalar>(self.data, kind: settings.data.kind)
    for note in data.notes { console.show(note: note) }
    // Before anything is computed: a folder that cannot be written into is known now.
    let writer = try HDF5Writer(path: output)
    let extractor = try LearnedExtractor<Scalar>(file, settings.own, for: data)
    let (features, outputs) = extractor.applied(to: data.inputs)
    if outputs == nil {
      console.show(
        warning: "The file \(learned) has no head, so that \(output) has no outputs and no "
          + "predictions.")
    }
    for (name, values) in [("features", features), ("outputs", outputs ?? features)] {
      guard let position = values.scalars.firstIndex(where: { !$0.isFinite }) else { continue }
      throw CommandFailure(
        "The \(name) of sample \(position / max(1, values.shape[1])) of \(self.data) are not finite "
          + "numbers: give inputs of the size that the run was trained on, or another file than "
          + "\(learned).", exitCode: ExitStatus.diverged.rawValue)
    }
    try writer.write(features, to: "features")
    let rows = data.inputs.shape[0]
    if let outputs {
      try writer.write(outputs, to: "outputs")
      if settings.data.kind == .images {
        try writer.write(
          outputs.argumentsOfRowMaxima().map { Int64($0) }, shape: [rows], to: "predicted")
      }
    }
    if let labels = data.labels { try writer.write(labels, shape: [rows], to: "labels") }
    try writer.setAttribute("learned", .string(learned))
    try writer.setAttribute("data", .string(self.data))
    try writer.finish()
    console.show(result: output)
  }
}
