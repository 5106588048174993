import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Image trees, class splits and episodes")
struct EpisodeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func alphabets(_ name: String = "tree", seed: UInt64 = 0) throws -> ImageTree {
    _ = try SyntheticAlphabets.write(
      to: folder.path(name), .init(alphabets: 3, characters: 4, drawers: 6), seed: seed,
      command: "test")
    return try ImageTree.load(
      folder.path(name), .init(side: 14, channels: 1, inverts: true), remedy: "make it")
  }

  @Test func alphabetsAreRepeatableAndVerifiable() throws {
    let tree = try alphabets()
    #expect(tree.classes.count == 12 && tree.count == 72 && tree.description.synthetic)
    let again = try alphabets("again")
    #expect(again.pixels == tree.pixels)
    #expect(again.description.contentDigest == tree.description.contentDigest)
    #expect(try alphabets("other", seed: 1).pixels != tree.pixels)
    #expect(try ImageTree.verify(folder.path("tree"), remedy: "make it").description.images == 72)
    // Ink is light after inversion, and there is some, but not much of it.
    let ink = tree.pixels.reduce(0.0) { $0 + Double($1) } / 255 / Double(tree.pixels.count)
    #expect((0.02...0.3).contains(ink))
  }

  @Test func drawersDifferLessThanCharacters() throws {
    let tree = try alphabets()
    func distance(_ a: Int, _ b: Int) -> Double {
      let n = tree.imageSize
      return (0..<n).reduce(0.0) {
        $0 + abs(Double(tree.pixels[a * n + $1]) - Double(tree.pixels[b * n + $1]))
      }
    }
    let within = (0..<12).map { distance(6 * $0, 6 * $0 + 1) }.reduce(0, +) / 12
    let between = (0..<12).map { distance(6 * $0, 6 * (($0 + 5) % 12)) }.reduce(0, +) / 12
    #expect(within > 0 && within < between)
  }

  @Test func aBrokenImageIsNamed() throws {
    _ = try alphabets()
    let path = folder.path("tree/alphabet02/character01/03.png")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(40).write(to: URL(fileURLWithPath: path))
    #expect {
      try ImageTree.verify(folder.path("tree"), remedy: "make it")
    } throws: { error in
      let error = error as? DatasetError
      return error?.exitCode == 65
        && error?.message.contains("alphabet02/character01/03.png") == true
    }
  }

  @Test func aChangedImageIsFoundByItsDigest() throws {
    _ = try alphabets()
    let from = URL(fileURLWithPath: folder.path("tree/alphabet01/character01/01.png"))
    let to = URL(fileURLWithPath: folder.path("tree/alphabet01/character01/02.png"))
    try Data(contentsOf: from).write(to: to)
    #expect {
      try ImageTree.verify(folder.path("tree"), remedy: "make it")
    } throws: { ($0 as? DatasetError)?.kind == .digestMismatch }
  }

  @Test func absentAndEmptyFoldersAreMissing() throws {
    for name in ["nowhere", "empty"] {
      if name == "empty" { _ = try folder.write([1], to: "empty/notes.txt") }
      #expect {
        try ImageTree.load(
          folder.path(name), .init(side: 8, channels: 1, inverts: false), remedy: "make it")
      } throws: {
        ($0 as? DatasetError)?.exitCode == 66
          && ($0 as? DatasetError)?.message.contains("make it") == true
      }
    }
  }

  @Test func anEmptyClassIsNamedAndPassedOver() throws {
    let folder = try TemporaryFolder()
    _ = try SyntheticAlphabets.write(
      to: folder.path("tree"), .init(alphabets: 2, characters: 2, drawers: 2), seed: 0,
      command: "test")
    let normalisation = ImageTree.Normalisation(side: 8, channels: 1, inverts: true)
    let before = try ImageTree.load(folder.path("tree"), normalisation, remedy: "make it")
    #expect(before.count == 8 && before.notes.isEmpty)
    let empty = "alphabet01/character77"
    _ = try folder.write(Array("no image".utf8), to: "tree/\(empty)/notes.txt")
    let after = try ImageTree.load(folder.path("tree"), normalisation, remedy: "make it")
    #expect(after.classes == before.classes && after.pixels == before.pixels)
    #expect(after.notes.count == 1 && after.notes.allSatisfy { isSentence($0) })
    #expect(after.notes.first?.contains(empty) == true)
  }

  @Test func splitsShareNoClass() throws {
    let names = (0..<50).map { "class\($0)" }
    let split = try ClassSplit.seeded(names, train: 30, validation: 5, seed: 0, tree: "tree")
    #expect(split.train.count == 30 && split.validation.count == 5 && split.test.count == 15)
    #expect(Set(split.train + split.validation + split.test) == Set(names))
    #expect(split == (try ClassSplit.seeded(names, train: 30, validation: 5, seed: 0, tree: "t")))
    #expect(split != (try ClassSplit.seeded(names, train: 30, validation: 5, seed: 1, tree: "t")))
    #expect(throws: DatasetError.self) {
      try ClassSplit.seeded(names, train: 45, validation: 5, seed: 0, tree: "tree")
    }
  }

  @Test(arguments: [
    ("{\"train\":[\"a\"],\"validation\":[\"a\"],\"test\":[]}", "twice"),
    ("{\"train\":[\"z\"],\"validation\":[],\"test\":[]}", "no folder"),
    ("{\"train\":[\"a\"],\"train\":[],\"validation\":[],\"test\":[]}", "the key \"train\" twice"),
    ("{\"train\":[\"a\"]}", "lists train, validation and test"), ("nothing", "JSON object"),
  ])
  func splitFilesAreChecked(text: String, sentence: String) throws {
    let path = try folder.write(Array(text.utf8), to: "split.json")
    #expect {
      try ClassSplit.read(path, names: ["a", "b"])
    } throws: { ($0 as? DatasetError)?.message.contains(sentence) == true }
  }

  private func sampler(_ tree: ImageTree, seed: UInt64 = 0, rotates: Bool = true) throws
    -> EpisodeSampler
  {
    try EpisodeSampler(
      tree: tree, classes: tree.classes.map(\.name), ways: 5, shots: 2, queries: 3,
      rotationsAreClasses: rotates, seed: seed, purpose: "test")
  }

  @Test func episodesAreDisjointAndDependOnTheirNumberOnly() throws {
    let tree = try alphabets()
    let sampler = try sampler(tree)
    for index in 0..<20 {
      let selection = sampler.selection(index)
      let all = selection.support + selection.query
      #expect(all.count == 25 && Set(all.map { [$0.position, $0.quarterTurns] }).count == 25)
      // Image and rotation of a class stay together in support and query.
      let classes = selection.support.map { [$0.position / 6, $0.quarterTurns] }
      let queries = selection.query.map { [$0.position / 6, $0.quarterTurns] }
      for way in 0..<5 {
        #expect(Set(classes[2 * way..<2 * way + 2] + queries[3 * way..<3 * way + 3]).count == 1)
      }
      #expect(Set(classes).count == 5)
    }
    #expect(sampler.selection(7) == (try self.sampler(tree)).selection(7))
    #expect(sampler.selection(7) != sampler.selection(8))
    #expect(sampler.selection(7) != (try self.sampler(tree, seed: 1)).selection(7))
  }

  @Test func turnsAreQuarterTurnsCounterClockwise() throws {
    let image = PNGImage(width: 2, height: 2, channels: 1, pixels: [10, 20, 30, 40])
    _ = try folder.write(try image.encoded(), to: "small/a/1.png")
    let tree = try ImageTree.load(
      folder.path("small"), .init(side: 2, channels: 1, inverts: false), remedy: "make it")
    let turned: Tensor<Double> = tree.tensor((0..<4).map { (position: 0, quarterTurns: $0) })
    let expected: [Double] = [
      10, 20, 30, 40, 20, 40, 10, 30, 40, 30, 20, 10, 30, 10, 40, 20,
    ]
    for (found, wanted) in zip(turned.scalars, expected) {
      #expect(abs(found * 255 - wanted) < 1e-9)
    }
  }

  @Test func tooFewClassesOrImagesAreRefused() throws {
    let tree = try alphabets()
    #expect(throws: DatasetError.self) {
      try EpisodeSampler(
        tree: tree, classes: ["alphabet01/character01"], ways: 5, shots: 1, queries: 1,
        rotationsAreClasses: false, seed: 0, purpose: "test")
    }
    #expect(throws: DatasetError.self) {
      try EpisodeSampler(
        tree: tree, classes: tree.classes.map(\.name), ways: 5, shots: 4, queries: 3,
        rotationsAreClasses: false, seed: 0, purpose: "test")
    }
  }
}
