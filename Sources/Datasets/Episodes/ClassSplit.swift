import Foundation
import Tensors

/// Which classes of a tree are for training, validation and test: never one class in two parts.
public struct ClassSplit: Sendable, Equatable, Codable {
  /// Names of the classes to train on.
  public var train: [String]
  /// Names of the classes for early stopping and selection.
  public var validation: [String]
  /// Names of the classes that results are reported on.
  public var test: [String]

  /// A split.
  public init(train: [String], validation: [String], test: [String]) {
    self.train = train
    self.validation = validation
    self.test = test
  }

  /// The name of the file that holds a split, beside the classes.
  public static let fileName = "split.json"

  /// The classes in an order shuffled by seed: the first to train on, then validation, then test.
  ///
  /// The official code's rule (vis-opt-group/BDA; after lucfra/FAR-HO), with its sizes 1,200 / 100 /
  /// 323 and seed 0 for Omniglot; the order is this package's own generator's, not NumPy's, so the
  /// members of the parts differ from theirs.
  public static func seeded(
    _ names: [String], train: Int, validation: Int, seed: UInt64, tree: String
  ) throws(DatasetError) -> ClassSplit {
    guard train > 0, validation > 0, train + validation < names.count else {
      throw DatasetError(
        .unexpectedContents,
        "\(tree) has \(names.count) classes, too few for \(train) to train on, \(validation) for "
          + "validation and at least one for test: lower split.train or split.validation.")
    }
    var stream = RandomStream(seed: seed, purpose: "class split")
    let order = stream.permutation(names.count).map { names[$0] }
    return ClassSplit(
      train: Array(order[..<train]), validation: Array(order[train..<train + validation]),
      test: Array(order[(train + validation)...]))
  }

  /// The split of a file: a JSON object with the lists `train`, `validation` and `test`.
  public static func read(
    _ path: String, names: [String]
  ) throws(DatasetError) -> ClassSplit {
    let bytes = try FileBytes.read(
      path,
      remedy: "write it as a JSON object with the lists train, validation and test of class names, "
        + "or choose a seeded split")
    guard let split = try? JSONDecoder().decode(ClassSplit.self, from: Data(bytes)) else {
      throw DatasetError(
        .malformed,
        "The split file \(path) is not a JSON object with the lists train, validation and test of "
          + "class names: correct it.")
    }
    let known = Set(names)
    var seen: Set<String> = []
    for name in split.train + split.validation + split.test {
      guard known.contains(name) else {
        throw DatasetError(
          .unexpectedContents,
          "The split file \(path) names the class \"\(name)\", which has no folder of images: correct "
            + "the file or add the folder.")
      }
      guard seen.insert(name).inserted else {
        throw DatasetError(
          .unexpectedContents,
          "The split file \(path) names the class \"\(name)\" twice: give it to one part only.")
      }
    }
    return split
  }
}
