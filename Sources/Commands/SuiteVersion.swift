/// The version of the suite, which `--version` of every executable prints and checkpoints carry.
package let suiteVersion = "0.2.0"
