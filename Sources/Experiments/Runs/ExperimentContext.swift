import Bilevel
import Datasets
import Synchronization

/// What an experiment works with: the folder of data sets, the image files in it as records name them,
/// and the methods that can be named.
package struct ExperimentContext: Sendable {
  /// The folder of data sets.
  package let folder: DataFolder
  /// The image files of the folder, digested once.
  package let images: ImageFileDigests
  /// The methods that can be named.
  package let catalogue: MethodCatalogue
  /// What loaders have to say of the data that was read.
  package let notes = DataNotes()

  /// The context of a folder, with the suite's methods unless others are given.
  package init(folder: DataFolder, catalogue: MethodCatalogue = .standard) {
    self.folder = folder
    self.catalogue = catalogue
    images = ImageFileDigests(folder: folder, notes: notes)
  }
}

/// What a person should know of the data that a command has read, each sentence once.
package final class DataNotes: Sendable {
  private let state = Mutex<(said: Set<String>, waiting: [String])>(([], []))

  /// Nothing yet.
  package init() {}

  /// Adds sentences.
  package func add(_ notes: [String]) {
    state.withLock { state in
      for note in notes where state.said.insert(note).inserted { state.waiting.append(note) }
    }
  }

  /// The sentences that have not been taken yet.
  package func take() -> [String] {
    state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
  }
}

/// The last value that was made, kept for as long as the same is asked for.
package final class LastValue<Key: Equatable & Sendable, Value: Sendable>: Sendable {
  private let known = Mutex<(key: Key, value: Value)?>(nil)

  /// Nothing yet.
  package init() {}

  /// The value for a key, made where the last one was for another.
  package func value(for key: Key, _ make: () throws -> Value) rethrows -> Value {
    if let known = known.withLock({ $0 }), known.key == key { return known.value }
    let value = try make()
    known.withLock { $0 = (key, value) }
    return value
  }
}
