import Bilevel
import Datasets

/// What an experiment works with: the folder of data sets, the image files in it as records name them,
/// and the methods that can be named.
public struct ExperimentContext: Sendable {
  /// The folder of data sets.
  public let folder: DataFolder
  /// The image files of the folder, digested once.
  public let images: ImageFileDigests
  /// The methods that can be named.
  public let catalogue: MethodCatalogue

  /// The context of a folder, with the suite's methods unless others are given.
  public init(folder: DataFolder, catalogue: MethodCatalogue = .standard) {
    self.folder = folder
    self.catalogue = catalogue
    images = ImageFileDigests(folder: folder)
  }
}
