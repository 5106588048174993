import Files
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
    guard train > 0, validation > 0, train < names.count, validation < names.count - train else {
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
    let bytes = try DataFile.read(
      path,
      remedy: "write it as a JSON object with the lists train, validation and test of class names, "
        + "or choose a seeded split")
    guard let split = try? JSONDecoder().decode(ClassSplit.self, from: Data(bytes)) else {
      throw DatasetError(
        .malformed,
        "The split file \(path) is not a JSON object with the lists train, validation and test of "
          + "class names: correct it.")
    }
    if let key = RepeatedJSONKey.first(in: Data(bytes)) {
      throw DatasetError(
        .malformed,
        "The split file \(path) has the key \"\(key)\" twice, of which only one list would count: join "
          + "the two lists or remove one.")
    }
    let known = KnownNames(names)
    var seen: Set<ExactName> = []
    func resolved(_ part: [String]) throws(DatasetError) -> [String] {
      var result: [String] = []
      for name in part {
        guard let found = known.matching(name) else {
          throw DatasetError(
            .unexpectedContents,
            "The split file \(path) names the class \"\(name)\", which has no folder of images: correct "
              + "the file or add the folder.")
        }
        guard seen.insert(ExactName(found)).inserted else {
          throw DatasetError(
            .unexpectedContents,
            "The split file \(path) names the class \"\(name)\" twice: give it to one part only.")
        }
        result.append(found)
      }
      return result
    }
    return ClassSplit(
      train: try resolved(split.train), validation: try resolved(split.validation),
      test: try resolved(split.test))
  }

  /// SHA-256 of the lists, in lower-case hexadecimal: of the lines `<part> <byte count> <class>`, in
  /// order. Classes are drawn by their place in a list, so the order counts.
  public var contentDigest: String {
    var digest = SHA256()
    for (part, names) in [("train", train), ("validation", validation), ("test", test)] {
      for name in names {
        digest.update("\(part) \(name.utf8.count) \(name)\n".utf8)
      }
    }
    return digest.finalize()
  }

  /// The classes that a file may name: by the same bytes, or, where only one class is so called, by
  /// any equivalent spelling, since a file is rarely typed in the normalisation of a disk.
  private struct KnownNames {
    private let exact: Set<ExactName>
    private let equivalent: [String: [String]]

    init(_ names: [String]) {
      exact = Set(names.map { ExactName($0) })
      equivalent = Dictionary(grouping: names, by: { $0 })
    }

    func matching(_ name: String) -> String? {
      if exact.contains(ExactName(name)) { return name }
      let candidates = equivalent[name] ?? []
      return candidates.count == 1 ? candidates[0] : nil
    }
  }
}
