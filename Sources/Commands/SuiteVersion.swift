/// The version of the suite, which `--version` of every executable prints and checkpoints carry.
public let suiteVersion = "0.2.0"
