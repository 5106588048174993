import Datasets
import Files
import Foundation
import TestSupport
import Testing

/// Folders of images as people, archivers and disk stations make them.
@Suite("Folders of images as they are")
struct ImageFolderTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for (index, name) in ["a", "b"].enumerated() {
      for image in 0..<2 {
        try add("tree/\(name)/\(image).png", ink: UInt8(40 * index + 20 * image))
      }
    }
  }

  private func add(_ path: String, ink: UInt8 = 7) throws {
    let image = PNGImage(width: 2, height: 2, channels: 1, pixels: [ink, 255, 255, ink])
    _ = try folder.write(try image.encoded(), to: path)
  }

  private func load(_ name: String = "tree", side: Int = 2) throws -> ImageTree {
    try ImageTree.load(
      folder.path(name), .init(side: side, channels: 1, inverts: false), remedy: "make it")
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path(name), withDestinationPath: target)
  }

  @Test func whatSystemsLeaveIsIgnored() throws {
    let before = try load()
    for name in ["__MACOSX/a/._0.png", "@eaDir/x.png", "a/._0.png", "a/.DS_Store"] {
      try add("tree/\(name)")
    }
    _ = try folder.write(Array("a note".utf8), to: "tree/README.txt")
    _ = try folder.write(Array("a note".utf8), to: "tree/a/notes.txt")
    let after = try load()
    #expect(after.classes == before.classes && after.pixels == before.pixels)
    #expect(after.description.contentDigest == before.description.contentDigest)
    #expect(after.notes.isEmpty)
  }

  @Test func whatIsPassedOverIsNamed() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path("tree/logs"), withIntermediateDirectories: true)
    _ = try folder.write([0xff, 0xd8, 0xff], to: "tree/photos/1.jpg")
    try add("tree/loose.png")
    try add("tree/.hidden/1.png")
    #expect(mkfifo(folder.path("tree/a/pipe.png"), 0o600) == 0)
    let tree = try load()
    #expect(tree.classes.map(\.name) == ["a", "b"] && tree.count == 4)
    #expect(tree.notes.allSatisfy { isSentence($0) } && tree.notes.count == 4)
    for words in [
      "The folders logs, photos below",
      ".hidden, which is hidden by the dot that its name begins with, a/pipe.png, which is a named pipe",
      "1 image of another format", "1 image that lies in",
    ] {
      #expect(tree.notes.contains { $0.contains(words) }, "\(words): \(tree.notes)")
    }
  }

  @Test func linksAreFollowedEverywhere() throws {
    let before = try load()
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder.path("linked"), withIntermediateDirectories: true)
    try link("linked/a", to: folder.path("tree/a"))
    try manager.createDirectory(atPath: folder.path("linked/b"), withIntermediateDirectories: true)
    for image in 0..<2 {
      try link("linked/b/\(image).png", to: "../../tree/b/\(image).png")
    }
    try link("root", to: folder.path("linked"))
    for name in ["linked", "root"] {
      let tree = try load(name)
      #expect(tree.classes == before.classes && tree.pixels == before.pixels)
      #expect(tree.description.contentDigest == before.description.contentDigest)
    }
  }

  @Test func linksThatLeadBackOrNowhereAreNamed() throws {
    for (name, target, words, code) in [
      ("tree/a/up", "..", "leads back to the folder", 65),
      ("tree/a/above", "../..", "leads back to the folder", 65),
      ("tree/b/self", "self", "leads round in a circle", 66),
      ("tree/b/gone", "nowhere", "leads to nowhere, which does not exist", 66),
    ] as [(String, String, String, Int32)] {
      try link(name, to: target)
      let error = datasetError { _ = try load() }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? name)")
      // The link itself, and not the folder of one's own that it leads to.
      #expect(error?.message.contains(folder.path(name) + " leads ") == true)
      #expect(error.map { isSentence($0.message) } == true && error?.exitCode == code)
      try FileManager.default.removeItem(atPath: folder.path(name))
    }
    #expect(try load().count == 4)
  }

  /// "Ä" as one scalar and as letter and mark: two folders on Linux, equal as Swift's strings.
  @Test func namesThatUnicodeCallsEquivalentStayTwoClasses() throws {
    let (composed, decomposed) = ("\u{c4}", "A\u{308}")
    try add("twins/\(composed)/1.png", ink: 10)
    try add("twins/\(decomposed)/1.png", ink: 90)
    try add("twins/\(decomposed)/\(composed).png", ink: 91)
    try add("twins/\(decomposed)/\(decomposed).png", ink: 92)
    for _ in 0..<3 {
      let tree = try load("twins")
      #expect(tree.classes.map { Array($0.name.utf8).count } == [3, 2])
      #expect(tree.classes.map(\.files.count) == [3, 1])
      #expect([0, 1, 2, 3].map { tree.pixels[4 * $0] } == [90, 92, 91, 10])
    }
    let tree = try load("twins")
    let sampler = try EpisodeSampler(
      tree: tree, classes: tree.classes.map(\.name), ways: 2, shots: 1, queries: 0,
      rotationsAreClasses: false, seed: 0, purpose: "test")
    for index in 0..<8 {
      #expect(Set(sampler.selection(index).support.map { $0.position == 3 }).count == 2)
    }
    let names = tree.classes.map(\.name)
    func read(_ train: String, _ test: String) throws -> ClassSplit {
      let text = "{\"train\": [\"\(train)\"], \"validation\": [], \"test\": [\"\(test)\"]}"
      return try ClassSplit.read(
        try folder.write(Array(text.utf8), to: "split.json"), names: names)
    }
    let split = try read(composed, decomposed)
    #expect(Array(split.train[0].utf8) == Array(composed.utf8))
    #expect(Array(split.test[0].utf8) == Array(decomposed.utf8))
    #expect(throws: DatasetError.self) { try read(composed, composed) }
    // Typed in the other normalisation, a name means the one class that is equivalent.
    let one = try ClassSplit.read(
      try folder.write(
        Array("{\"train\": [\"\(composed)\"], \"validation\": [], \"test\": []}".utf8),
        to: "split.json"),
      names: [decomposed])
    #expect(Array(one.train[0].utf8) == Array(decomposed.utf8))
  }

  @Test func removedAndForeignImagesAreNamed() throws {
    let path = try folder.write([0xff, 0xd8, 0xff, 0xe0, 0, 16], to: "tree/a/0.png")
    let error = datasetError { _ = try load() }
    #expect(error?.message.contains("The file \(path) is a JPEG image") == true)
    #expect(error?.exitCode == 65 && error.map { isSentence($0.message) } == true)
    try FileManager.default.removeItem(atPath: folder.path("tree"))
    #expect(datasetError { _ = try load() }?.exitCode == 66)
    _ = try folder.write([1], to: "file")
    #expect(datasetError { _ = try load("file") }?.message.contains("is a file") == true)
    _ = try folder.write([0xff, 0xd8, 0xff], to: "photos/a/1.jpeg")
    let photos = datasetError { _ = try load("photos") }
    #expect(photos?.message.contains("1 images of other formats") == true)
  }

  @Test func aChangedTreeSaysSo() throws {
    _ = try SyntheticAlphabets.write(
      to: folder.path("made"), .init(alphabets: 1, characters: 2, drawers: 2), seed: 0,
      command: "test")
    #expect(try load("made").notes.isEmpty)
    try add("made/alphabet01/character01/09.png")
    #expect(try load("made").notes.first?.contains("are not those that were written") == true)
  }

  @Test func aTreeBehindALinkIsWrittenThrough() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path("store"), withIntermediateDirectories: true)
    try link("made", to: folder.path("store"))
    _ = try SyntheticAlphabets.write(
      to: folder.path("made"), .init(alphabets: 1, characters: 2, drawers: 2), seed: 0,
      command: "test")
    #expect(try load("store").count == 4 && load("made").count == 4)
    let type = try FileManager.default.attributesOfItem(atPath: folder.path("made"))[.type]
    #expect(type as? FileAttributeType == .typeSymbolicLink)
  }

  @Test("A tree replaces a tree, and nothing that a user has put under its name")
  func onlyATreeIsReplaced() throws {
    func write(_ name: String, drawers: Int) throws {
      _ = try SyntheticAlphabets.write(
        to: folder.path(name), .init(alphabets: 1, characters: 2, drawers: drawers), seed: 0,
        command: "test")
    }
    _ = try folder.write([], to: "own/mine.txt")
    _ = try folder.write([1], to: "file")
    for name in ["own", "file"] {
      let error = datasetError { try write(name, drawers: 2) }
      #expect(error?.kind == .unwritable)
      #expect(error?.message.contains("that this command has not made") == true)
    }
    #expect(try folder.names(in: "own") == ["mine.txt"])
    #expect(FileManager.default.contents(atPath: folder.path("file")) == Data([1]))
    try FileManager.default.createDirectory(
      atPath: folder.path("made"), withIntermediateDirectories: true)
    for drawers in [3, 2] {
      try write("made", drawers: drawers)
      #expect(try load("made").count == 2 * drawers)
    }
    // What was replaced is not left beside it.
    #expect(try folder.names().filter { $0.contains("made") } == ["made"])
  }

  @Test("A damaged description is replaced on request, and what is said names the request")
  func aDamagedDescription() throws {
    let data = DataFolder(path: folder.path("data"))
    _ = try folder.write(Array("{".utf8), to: "data/omniglot-images/tree.json")
    let kept = datasetError { _ = try data.convert(TreeSource.omniglot, command: "test") }
    #expect(kept?.kind == .malformed)
    #expect(kept?.message.contains("run `datasets convert --force omniglot`") == true)
    #expect(kept.map { isSentence($0.message) } == true, "\(kept?.message ?? "none")")
    // It goes on to the originals, of which there are none here.
    let forced = datasetError {
      _ = try data.convert(TreeSource.omniglot, force: true, command: "test")
    }
    #expect(forced?.kind == .missing, "\(forced?.message ?? "none")")
    let verified = datasetError { _ = try data.verifyTree(.omniglot) }
    #expect(verified?.message.contains("run `datasets convert --force omniglot`") == true)
    #expect(try folder.names(in: "data") == ["omniglot-images"])
  }

  @Test("A tree that is not as it must be leaves the older one as it was")
  func aRefusedTreeReplacesNothing() throws {
    _ = try SyntheticAlphabets.write(
      to: folder.path("made"), .init(alphabets: 1, characters: 2, drawers: 2), seed: 0,
      command: "test")
    let before = try load("made").description
    let names = try folder.names()
    let error = datasetError {
      let writer = try ImageTreeWriter(path: self.folder.path("made"))
      let image = PNGImage(
        width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: 0, count: 64))
      try writer.write(try image.encoded(), to: "class/1.png")
      _ = try writer.finish(ImageTreeDescription()) { (found) throws(DatasetError) in
        throw DatasetError(.digestMismatch, "There are \(found.images) images.")
      }
    }
    #expect(error?.message == "There are 1 images.")
    #expect(try load("made").description == before && load("made").notes.isEmpty)
    #expect(try folder.names() == names)
  }

  @Test("Images and splits that somebody has added to a tree are not lost with it")
  func addedFilesStay() throws {
    func write() throws {
      _ = try SyntheticAlphabets.write(
        to: folder.path("made"), .init(alphabets: 1, characters: 2, drawers: 2), seed: 0,
        command: "test")
    }
    try write()
    // What is missing is written again.
    let images = try FolderWalk(folder.path("made")).files.filter { $0.hasSuffix(".png") }
    try FileManager.default.removeItem(atPath: images[0])
    try write()
    for added in ["mine/class/1.png", ClassSplit.fileName] {
      try FileManager.default.createDirectory(
        atPath: folder.path("made/mine/class"), withIntermediateDirectories: true)
      let image = PNGImage(
        width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: 0, count: 64))
      _ = try folder.write(try image.encoded(), to: "made/\(added)")
      let error = datasetError { try write() }
      #expect(
        error?.message.contains("move what you have added") == true, "\(error?.message ?? "")")
      #expect(PathState(folder.path("made/\(added)")) == .file)
      try FileManager.default.removeItem(atPath: folder.path("made/\(added)"))
      try write()
    }
  }

  /// Numbers as large as they get end in a sentence, whatever is computed from them.
  @Test(arguments: [5_000, 1 << 40, Int.max])
  func hugeNumbersEndInSentences(number: Int) throws {
    let tree = try load()
    let names = tree.classes.map(\.name)
    let attempts: [() throws -> Void] = [
      { _ = try self.load(side: number) },
      {
        _ = try EpisodeSampler(
          tree: tree, classes: names, ways: 2, shots: number, queries: number,
          rotationsAreClasses: true, seed: 0, purpose: "test")
      },
      {
        _ = try EpisodeSampler(
          tree: tree, classes: names, ways: number, shots: 1, queries: 1,
          rotationsAreClasses: true, seed: 0, purpose: "test")
      },
      { _ = try ClassSplit.seeded(names, train: number, validation: number, seed: 0, tree: "t") },
      {
        _ = try SyntheticAlphabets.write(
          to: self.folder.path("no"), .init(alphabets: number), seed: 0, command: "test")
      },
      { _ = try SyntheticDigits.dataset(count: max(number, 1 << 30), split: "train", seed: 0) },
    ]
    for attempt in attempts {
      let error = datasetError { try attempt() }
      #expect(error.map { isSentence($0.message) } == true, "\(error?.message ?? "none")")
    }
  }
}
