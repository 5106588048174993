import ArgumentParser
import Commands
import Experiments

/// The hyper-cleaning experiment: which training labels are wrong, learned from clean validation
/// data by bi-level optimisation of one weight per training sample.
@main
struct HyperCleaning: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "hyper-cleaning",
    abstract: "Learn the weights of training samples with wrong labels.",
    discussion: """
      Minimise the validation loss F(y) over sample weights x, where y is trained on the weighted \
      loss f(x, y). Compares descent aggregation (BDA) with RHG, T-RHG and FHG, between two \
      baselines: no cleaning, and an oracle that knows the clean labels.

      Data: <name>-train.h5 and <name>-test.h5 in --data, $BDA_DATA_DIR or datasets; make them \
      with `datasets convert` (public files) or `datasets synthesise` (no download).

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [RunCommand.self, HypergradientCommand.self, ListCommand.self],
    defaultSubcommand: RunCommand.self)
}
