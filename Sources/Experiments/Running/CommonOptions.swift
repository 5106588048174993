import ArgumentParser
import Commands
import Datasets
import Tensors

/// The option that says how many threads compute.
package struct ThreadsOption: ParsableArguments {
  /// The number of threads, where given.
  @Option(
    parsing: .unconditional, help: "Number of threads. (default: $BDA_THREADS, else all processors)"
  )
  package var threads: Int?

  /// The default.
  package init() {}

  /// Checks what the parser cannot.
  package func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError(
        "The option --threads wants a number from 1 to 1024 but was given \(threads).")
    }
  }

  /// Applies the number to the whole process, and says where its kernels are not those asked for.
  package func apply() {
    if let threads { Parallel.use(threads: threads) }
    if KernelBackend.lacks() { Console().show(warning: Self.lackingKernels) }
  }

  /// What is said where the environment asks for kernels that were not built.
  package static let lackingKernels =
    "The environment variable BDA_BACKEND asks for kernels that this build does not contain, so the "
    + "portable ones compute; install oneDNN (make setup) and build again, or unset it."
}

/// The option that says where data sets are.
package struct DataFolderOption: ParsableArguments {
  /// The folder of data sets, where given.
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "Folder of data sets. (default: $BDA_DATA_DIR, else datasets)", valueName: "folder"))
  package var dataFolder: String?

  /// The default.
  package init() {}

  /// The folder of data sets: `--data`, else `BDA_DATA_DIR`, else `datasets`.
  package var folder: DataFolder { dataFolder.map { DataFolder(path: $0) } ?? .standard() }
}

/// The option that names the images of an experiment on image files.
package struct ImageDatasetOption: ParsableArguments {
  /// The data set's name, where given.
  @Option(help: "Data set: <name>-train.h5 and <name>-test.h5 in the data folder (data.name).")
  package var dataset: String?

  /// The default.
  package init() {}

  /// The key that the option sets.
  package var overrides: [SettingOverride] {
    dataset.map { [SettingOverride("--dataset", "data.name", .string($0))] } ?? []
  }
}
