import Datasets
import Experiments
import Results

/// The images of a run, dealt into classes for training, validation and test.
package struct FewShotData: Sendable {
  /// All images, decoded.
  package let tree: ImageTree
  /// Which classes are in which part.
  package let split: ClassSplit

  /// The folder of images that the settings name.
  package static func path(_ settings: FewShotSettings, folder: DataFolder) -> String {
    let name = settings.data.name
    return name.contains("/") ? name : folder.treePath(name: name)
  }

  /// The images that the settings ask for, decoded.
  ///
  /// - Throws: `DatasetError` where the folder is absent or empty, or an image in it is broken.
  package static func tree(_ settings: FewShotSettings, folder: DataFolder) throws -> ImageTree {
    let data = settings.data
    let elsewhere = "or name the folder that has it with --data or BDA_DATA_DIR"
    let remedy =
      switch data.name {
      case SyntheticAlphabets.name: "run `datasets synthesise --kind alphabets`, \(elsewhere)"
      case let name where TreeSource(rawValue: name) != nil:
        "run `datasets fetch \(name)` and `datasets convert \(name)`, \(elsewhere)"
      default: "correct data.name or --data"
      }
    return try ImageTree.load(
      path(settings, folder: folder),
      data.normalisation, remedy: remedy)
  }

  /// The images with the split that the settings ask for.
  package init(_ settings: FewShotSettings, tree: ImageTree) throws {
    self.tree = tree
    let names = tree.classes.map(\.name)
    switch settings.split.rule {
    case .seeded:
      split = try ClassSplit.seeded(
        names, train: settings.split.train, validation: settings.split.validation,
        seed: UInt64(settings.split.seed), tree: tree.path)
    case .file:
      split = try ClassSplit.read("\(tree.path)/\(ClassSplit.fileName)", names: names)
    case .vinyals:
      split = try ClassSplit.vinyals(names, tree: tree.path)
    case .background:
      split = try ClassSplit.background(
        names, validation: settings.split.validation, seed: UInt64(settings.split.seed),
        tree: tree.path)
    }
  }

  /// A part of the split, and the purpose that its episodes are drawn for.
  package enum Part: String, CaseIterable {
    case training, validation, test
  }

  /// A sampler over the classes of one part, with the random stream of that part.
  package func sampler(_ part: Part, _ settings: FewShotSettings, seed: UInt64) throws
    -> EpisodeSampler
  {
    let classes =
      switch part {
      case .training: split.train
      case .validation: split.validation
      case .test: split.test
      }
    return try EpisodeSampler(
      tree: tree, classes: classes, ways: settings.task.ways,
      shots: settings.task.shots, queries: settings.task.queries,
      rotationsAreClasses: settings.data.rotationsAreClasses,
      supportRecurs: settings.task.supportRecurs, seed: seed, purpose: part.rawValue)
  }

  /// The data as records name it: the images and, where a file deals out the classes, its lists, without
  /// which a run could not be told from one on another division, nor repeated.
  package func uses(_ settings: FewShotSettings) -> [RunRecord.DatasetUse] {
    let counts = [split.train, split.validation, split.test].map { "\($0.count)" }
    let images = RunRecord.DatasetUse(
      name: tree.description.name, sha256: tree.description.contentDigest,
      split: "classes: \(counts.joined(separator: " / "))",
      synthetic: tree.description.synthetic)
    guard settings.split.rule == .file else { return [images] }
    return [
      images,
      .init(
        name: ClassSplit.fileName, sha256: split.contentDigest, split: "lists of classes",
        synthetic: tree.description.synthetic),
    ]
  }
}

extension FewShotSettings.Data {
  /// How images are brought to one form.
  var normalisation: ImageTree.Normalisation {
    .init(side: side, channels: channels, inverts: inverts, resampling: resampling)
  }
}
