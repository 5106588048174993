import Datasets
import Testing

@Suite("Omniglot's published splits")
struct OmniglotSplitTests {
  /// The 50 alphabets and their numbers of characters.
  private static let alphabets: [(name: String, characters: Int)] = [
    ("Alphabet_of_the_Magi", 20), ("Angelic", 20), ("Anglo-Saxon_Futhorc", 29), ("Arcadian", 26),
    ("Armenian", 41), ("Asomtavruli_(Georgian)", 40), ("Atemayar_Qelisayer", 26),
    ("Atlantean", 26), ("Aurek-Besh", 26), ("Avesta", 26), ("Balinese", 24), ("Bengali", 46),
    ("Blackfoot_(Canadian_Aboriginal_Syllabics)", 14), ("Braille", 26), ("Burmese_(Myanmar)", 34),
    ("Cyrillic", 33), ("Early_Aramaic", 22), ("Futurama", 26), ("Ge_ez", 26), ("Glagolitic", 45),
    ("Grantha", 43), ("Greek", 24), ("Gujarati", 48), ("Gurmukhi", 45), ("Hebrew", 22),
    ("Inuktitut_(Canadian_Aboriginal_Syllabics)", 16), ("Japanese_(hiragana)", 52),
    ("Japanese_(katakana)", 47), ("Kannada", 41), ("Keble", 26), ("Korean", 40), ("Latin", 26),
    ("Malay_(Jawi_-_Arabic)", 40), ("Malayalam", 47), ("Manipuri", 40),
    ("Mkhedruli_(Georgian)", 41), ("Mongolian", 30), ("N_Ko", 33),
    ("Ojibwe_(Canadian_Aboriginal_Syllabics)", 14), ("Old_Church_Slavonic_(Cyrillic)", 45),
    ("Oriya", 46), ("Sanskrit", 42), ("Sylheti", 28), ("Syriac_(Estrangelo)", 23),
    ("Syriac_(Serto)", 23), ("Tagalog", 17), ("Tengwar", 25), ("Tibetan", 42), ("Tifinagh", 55),
    ("ULOG", 26),
  ]

  private var names: [String] {
    Self.alphabets.flatMap { alphabet in
      (1...alphabet.characters).map { "\(alphabet.name)/character\($0 < 10 ? "0" : "")\($0)" }
    }
  }

  @Test("Vinyals et al.: 1,028 / 172 / 423 characters, Gurmukhi cut after its 41st")
  func vinyals() throws {
    let split = try ClassSplit.vinyals(names, tree: "tree")
    #expect(
      [split.train, split.validation, split.test].map(\.count) == [1_028, 172, 423])
    #expect(Set(split.train + split.validation + split.test).count == 1_623)
    #expect(split.train.contains("Gurmukhi/character41"))
    #expect(split.test.contains("Gurmukhi/character42"))
    #expect(split.validation.contains("Hebrew/character01"))
    #expect(split.test.contains("ULOG/character26") && split.train.contains("Angelic/character20"))
  }

  @Test("Background and evaluation sets, validation drawn by seed from the former")
  func background() throws {
    let split = try ClassSplit.background(names, validation: 100, seed: 0, tree: "tree")
    #expect([split.train, split.validation, split.test].map(\.count) == [864, 100, 659])
    #expect(Set(split.train).isDisjoint(with: split.validation))
    #expect(
      split.test.contains("Gurmukhi/character01") && !split.test.contains("Greek/character01"))
    let other = try ClassSplit.background(names, validation: 100, seed: 1, tree: "tree")
    #expect(other.validation != split.validation && other.test == split.test)
    #expect(throws: DatasetError.self) {
      try ClassSplit.background(names, validation: 964, seed: 0, tree: "tree")
    }
  }

  @Test("Other trees are refused with a reason")
  func refusals() {
    let error = #expect(throws: DatasetError.self) {
      try ClassSplit.vinyals(Array(names.dropLast()), tree: "mine")
    }
    #expect(error?.message.contains("1028 / 172 / 422") == true)
    let flat = #expect(throws: DatasetError.self) {
      try ClassSplit.vinyals(["cats", "dogs"], tree: "mine")
    }
    #expect(flat?.message.contains("cats") == true)
  }
}
