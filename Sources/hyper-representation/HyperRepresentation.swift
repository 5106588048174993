import ArgumentParser
import Commands
import Experiments

/// The hyper-representation experiment: features learned on validation data, for a head that is
/// trained on few samples.
@main
struct HyperRepresentation: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "hyper-representation",
    abstract: "Learn features for a head that is trained on few samples.",
    discussion: """
      Minimise the validation loss F(x, y) over the parameters x of a feature extractor, where the \
      linear head y is trained on the training loss f(x, y). Three problems: a linear \
      representation of synthetic data with a ridge head (Sow, Ji and Liang 2022), images with few \
      labels per class, and images with more features than training samples and no \
      regularisation, where the trained head is not unique.

      Image data: <name>-train.h5 and <name>-test.h5 in --data, $BDA_DATA_DIR or datasets; make \
      them with `datasets convert` (public files) or `datasets synthesise` (no download). The \
      linear problems make their own.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [RunCommand.self, HypergradientCommand.self, ListCommand.self],
    defaultSubcommand: RunCommand.self)
}
