import ArgumentParser
import Commands
import Experiments

/// The few-shot experiment: classes told apart by a few labelled images, learned from many such tasks.
@main
struct FewShot: SuiteCommand {
  static let configuration = CommandConfiguration(
    commandName: "few-shot",
    abstract: "Learn to classify from a few labelled images per class.",
    discussion: """
      Representation methods (rhg, t-rhg, bda, ...) learn the network below a linear head, which every \
      task fits from zero; initialisation methods (maml, fomaml, meta-sgd, reptile, imaml) learn where \
      all parameters start.

      Data: a tree of PNG images <data>/<name>-images/ in --data, $BDA_DATA_DIR or datasets; make it \
      with `datasets fetch omniglot` and `datasets convert omniglot`, or `datasets synthesise` (no \
      download), or point data.name at a folder of your own.

      """ + ExitStatus.discussion,
    version: suiteVersion,
    subcommands: [
      RunCommand.self, HypergradientCommand.self, EpisodeCommand.self, ListCommand.self,
    ],
    defaultSubcommand: RunCommand.self)
}
