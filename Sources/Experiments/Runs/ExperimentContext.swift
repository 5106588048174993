import Bilevel
import Datasets
import Synchronization

/// What an experiment works with: the folder of data sets, the image files in it as records name them,
/// and the methods that can be named.
public struct ExperimentContext: Sendable {
  /// The folder of data sets.
  public let folder: DataFolder
  /// The image files of the folder, digested once.
  public let images: ImageFileDigests
  /// The methods that can be named.
  public let catalogue: MethodCatalogue
  /// What loaders have to say of the data that was read.
  public let notes = DataNotes()

  /// The context of a folder, with the suite's methods unless others are given.
  public init(folder: DataFolder, catalogue: MethodCatalogue = .standard) {
    self.folder = folder
    self.catalogue = catalogue
    images = ImageFileDigests(folder: folder, notes: notes)
  }
}

/// What a person should know of the data that a command has read, each sentence once.
public final class DataNotes: Sendable {
  private let state = Mutex<(said: Set<String>, waiting: [String])>(([], []))

  /// Adds sentences.
  public func add(_ notes: [String]) {
    state.withLock { state in
      for note in notes where state.said.insert(note).inserted { state.waiting.append(note) }
    }
  }

  /// The sentences that have not been taken yet.
  public func take() -> [String] {
    state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
  }
}
