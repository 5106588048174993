import Tensors

/// The published divisions of Omniglot's alphabets. Class names are `<alphabet>/<character>`.
extension ClassSplit {
  /// The alphabets of the author's evaluation set: 659 characters. The background set is the rest.
  static let evaluationAlphabets: Set<String> = [
    "Angelic", "Atemayar_Qelisayer", "Atlantean", "Aurek-Besh", "Avesta", "Ge_ez", "Glagolitic",
    "Gurmukhi", "Kannada", "Keble", "Malayalam", "Manipuri", "Mongolian",
    "Old_Church_Slavonic_(Cyrillic)", "Oriya", "Sylheti", "Syriac_(Serto)", "Tengwar", "Tibetan",
    "ULOG",
  ]

  /// The alphabets of the background set that Vinyals et al. validate on: 172 characters.
  static let vinyalsValidationAlphabets: Set<String> = [
    "Armenian", "Bengali", "Early_Aramaic", "Hebrew", "Mkhedruli_(Georgian)",
  ]

  /// The evaluation alphabets that Vinyals et al. train on.
  static let vinyalsTrainingAlphabets: Set<String> = [
    "Angelic", "Atemayar_Qelisayer", "Atlantean", "Aurek-Besh", "Avesta", "Ge_ez", "Glagolitic",
  ]

  /// The split of Vinyals et al. (NeurIPS 2016): 1,028 characters to train on, 172 for validation, 423
  /// for test, by alphabets; of Gurmukhi the first 41 characters are for training.
  ///
  /// As tristandeleu/pytorch-meta has it (torchmeta/datasets/assets/omniglot), after the lists of
  /// jakesnell/prototypical-networks.
  public static func vinyals(
    _ names: [String], tree: String
  ) throws(DatasetError) -> ClassSplit {
    let split = try dealt(names, tree: tree, rule: "vinyals", sizes: (1_028, 172, 423)) {
      alphabet, character in
      if vinyalsValidationAlphabets.contains(alphabet) { return \.validation }
      guard evaluationAlphabets.contains(alphabet) else { return \.train }
      if vinyalsTrainingAlphabets.contains(alphabet) { return \.train }
      return alphabet == "Gurmukhi" && character <= 41 ? \.train : \.test
    }
    return split
  }

  /// The author's division: test on the evaluation set (659 characters), train on the background set
  /// but for `validation` of its 964 characters, drawn by seed.
  public static func background(
    _ names: [String], validation: Int, seed: UInt64, tree: String
  ) throws(DatasetError) -> ClassSplit {
    var split = try dealt(names, tree: tree, rule: "background", sizes: (964, 0, 659)) {
      alphabet, _ in evaluationAlphabets.contains(alphabet) ? \.test : \.train
    }
    guard (1..<964).contains(validation) else {
      throw DatasetError(
        .unexpectedContents,
        "The background set has 964 characters, of which \(validation) cannot be for validation: "
          + "set split.validation from 1 to 963.")
    }
    var stream = RandomStream(seed: seed, purpose: "class split")
    let order = stream.permutation(964).map { split.train[$0] }
    split.validation = Array(order.prefix(validation))
    split.train = Array(order.dropFirst(validation))
    return split
  }

  /// The classes dealt out by alphabet and number of the character.
  private static func dealt(
    _ names: [String], tree: String, rule: String,
    sizes: (train: Int, validation: Int, test: Int),
    part: (String, Int) -> WritableKeyPath<ClassSplit, [String]>
  ) throws(DatasetError) -> ClassSplit {
    var split = ClassSplit(train: [], validation: [], test: [])
    for name in names {
      let parts = name.split(separator: "/")
      let number = parts.last.flatMap { Int($0.drop { !$0.isNumber }) }
      guard parts.count == 2, let number else {
        throw DatasetError(
          .unexpectedContents,
          "The class \(name) of \(tree) is not called <alphabet>/character<number>, as the split "
            + "\(rule) of Omniglot expects: choose another split.rule.")
      }
      split[keyPath: part(String(parts[0]), number)].append(name)
    }
    let found = (split.train.count, split.validation.count, split.test.count)
    guard found == sizes else {
      throw DatasetError(
        .unexpectedContents,
        "The split \(rule) finds \(found.0) / \(found.1) / \(found.2) characters in \(tree), where "
          + "Omniglot has \(sizes.train) / \(sizes.validation) / \(sizes.test): convert the data set "
          + "again or choose another split.rule.")
    }
    return split
  }
}
