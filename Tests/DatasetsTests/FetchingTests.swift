import Datasets
import Foundation
import Synchronization
import TestSupport
import Testing

/// A tiny public data set, so that the whole way from address to HDF5 is tested without the real one.
private struct Fixture {
  let images = IDXFile(shape: [5, 2, 3], values: (0..<30).map { UInt8($0) })
  let labels = IDXFile(shape: [5], values: [0, 1, 1, 0, 1])
  let folder: TemporaryFolder
  let data: DataFolder
  let source: ImageSource

  init() throws {
    folder = try TemporaryFolder()
    data = DataFolder(path: folder.path("data"))
    source = ImageSource(
      name: "tiny", classNames: ["a", "b"],
      splits: [
        ImageSource.Split(
          name: "train", images: Self.pinned(images, "images"),
          labels: Self.pinned(labels, "labels"))
      ],
      addresses: ["http://first/", "http://second/"], licence: "none")
  }

  private static func pinned(_ file: IDXFile, _ name: String) -> SourceFile {
    SourceFile(name: name, byteCount: file.bytes.count, sha256: file.digest)
  }

  var split: ImageSource.Split { source.splits[0] }

  func fetch(
    _ origin: FetchOrigin = .published,
    _ answer: @escaping @Sendable (String) throws(DatasetError) -> [UInt8]
  ) throws(DatasetError) -> FetchOutcome {
    try data.fetch(
      split.images, of: source, from: origin,
      transport: { (address, path) throws(DatasetError) in
        let bytes = try answer(address)
        try? Data(bytes).write(to: URL(fileURLWithPath: path))
      })
  }

  func fill(_ folder: String, packed: Bool = true) throws {
    for (file, contents) in [(split.images, images), (split.labels, labels)] {
      let bytes = packed ? Gzip.compress(contents.bytes) : contents.bytes
      let name = packed ? file.compressedName : file.name
      _ = try self.folder.write(bytes, to: "\(folder)/tiny/\(name)")
    }
  }
}

@Suite("Fetching")
struct FetchingTests {
  private let fixture: Fixture
  private var packed: [UInt8] { Gzip.compress(fixture.images.bytes) }
  private var destination: String { "\(fixture.data.path)/tiny/images.gz" }

  init() throws { fixture = try Fixture() }

  @Test func aDownloadIsVerifiedAndNamed() throws {
    let bytes = packed
    let outcome = try fixture.fetch { _ throws(DatasetError) in bytes }
    #expect(outcome == .fetched(path: destination, origin: "http://first/images.gz"))
    #expect(try fixture.folder.names(in: "data/tiny") == ["images.gz"])
    let again = try fixture.fetch { _ throws(DatasetError) in
      throw DatasetError(.network, "It must not be asked again.")
    }
    #expect(again == .alreadyThere(path: destination))
  }

  @Test func theNextAddressIsTriedWhenOneIsDamaged() throws {
    let bytes = packed
    let outcome = try fixture.fetch { address throws(DatasetError) in
      address.contains("first") ? Array(bytes.dropLast(3)) : bytes
    }
    #expect(outcome == .fetched(path: destination, origin: "http://second/images.gz"))
  }

  @Test(arguments: ["cut", "flipped", "other", "empty", "page"])
  func damageLeavesNothingBehind(kind: String) throws {
    var bytes = packed
    switch kind {
    case "cut": bytes.removeLast(10)
    case "flipped": bytes[bytes.count - 12] ^= 4
    case "other":
      bytes = Gzip.compress(
        IDXFile(shape: [5, 2, 3], values: Array(repeating: 7, count: 30)).bytes)
    case "empty": bytes = []
    default: bytes = Array("<html>moved</html>".utf8)
    }
    let answer = bytes
    let error = datasetError {
      _ = try fixture.fetch(.address("http://mirror")) { _ throws(DatasetError) in answer }
    }
    #expect(error?.exitCode == 65, "\(error?.message ?? "no error")")
    #expect(error?.message.contains("http://mirror/tiny/images.gz") == true)
    #expect(error?.message.contains("fetch it again") == true)
    #expect(error.map { isSentence($0.message) } == true)
    #expect(try fixture.folder.names(in: "data/tiny") == [])
  }

  @Test func aNetworkFailureNamesTheAddressesAndTheRemedy() throws {
    let asked = Mutex<[String]>([])
    let error = datasetError {
      _ = try fixture.fetch { address throws(DatasetError) in
        asked.withLock { $0.append(address) }
        throw DatasetError(.network, "No way to \(address).")
      }
    }
    #expect(asked.withLock { $0 } == ["http://first/images.gz", "http://second/images.gz"])
    #expect(error?.kind == .network && error?.exitCode == 1)
    #expect(error?.message.contains("http://first/, http://second/") == true)
    #expect(error?.message.contains("--mirror") == true)
    #expect(try fixture.folder.names(in: "data/tiny") == [])
  }

  @Test func aDiskThatRefusesIsNoFaultOfTheNetwork() throws {
    let asked = Mutex<[String]>([])
    let error = datasetError {
      _ = try fixture.fetch { address throws(DatasetError) in
        asked.withLock { $0.append(address) }
        throw DatasetError(.unwritable, "There is no room.")
      }
    }
    #expect(asked.withLock { $0 } == ["http://first/images.gz"])
    #expect(error == DatasetError(.unwritable, "There is no room."))
    #expect(try fixture.folder.names(in: "data/tiny") == [])
  }

  @Test func aWrongFileIsReplaced() throws {
    _ = try fixture.folder.write([1, 2, 3], to: "data/tiny/images")
    try fixture.fill("mirror")
    let outcome = try fixture.fetch(.folder(fixture.folder.path("mirror"))) {
      _ throws(DatasetError) in []
    }
    let origin = fixture.folder.path("mirror/tiny/images.gz")
    #expect(outcome == .fetched(path: destination, origin: origin))
    #expect(try fixture.folder.names(in: "data/tiny") == ["images.gz"])
  }

  @Test func aMirrorMayBePlainAndMustExist() throws {
    try fixture.fill("plain", packed: false)
    let outcome = try fixture.fetch(.folder(fixture.folder.path("plain"))) {
      _ throws(DatasetError) in []
    }
    #expect(
      outcome
        == .fetched(
          path: "\(fixture.data.path)/tiny/images",
          origin: fixture.folder.path("plain/tiny/images")))
    let other = try Fixture()
    for (mirror, sentence) in [
      ("absent", "does not exist: correct --mirror"), ("", "has neither tiny/images.gz nor"),
    ] {
      let error = datasetError {
        _ = try other.fetch(.folder(other.folder.path(mirror))) { _ throws(DatasetError) in [] }
      }
      #expect(error?.message.contains(sentence) == true && error?.exitCode == 66)
    }
  }

  /// A server may pack what it sends; what arrives is then plain, and its name says so.
  @Test func whatWasUnpackedOnTheWayHasAPlainName() throws {
    let bytes = fixture.images.bytes
    let outcome = try fixture.fetch { _ throws(DatasetError) in bytes }
    let plain = "\(fixture.data.path)/tiny/images"
    #expect(outcome == .fetched(path: plain, origin: "http://first/images.gz"))
    #expect(try fixture.folder.names(in: "data/tiny") == ["images"])
    let again = try fixture.fetch { _ throws(DatasetError) in [] }
    #expect(again == .alreadyThere(path: plain))
  }

  @Test func mirrorsAreFoldersOrAddresses() {
    #expect(FetchOrigin(mirror: "https://a/b") == .address("https://a/b"))
    #expect(FetchOrigin(mirror: "HTTP://a/b") == .address("HTTP://a/b"))
    #expect(FetchOrigin(mirror: "../shared") == .folder("../shared"))
    let error = datasetError {
      _ = try fixture.fetch(FetchOrigin(mirror: "ftp://a/b")) { _ throws(DatasetError) in [] }
    }
    #expect(error?.message.contains("begins with http:// or https://, or a folder") == true)
  }
}

@Suite("Conversion")
struct ConversionTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture() }

  private func convert(force: Bool = false, mirror: DataFolder? = nil) throws -> ConversionOutcome {
    try fixture.data.convert(
      fixture.split, of: fixture.source, mirror: mirror, force: force, command: "a test")
  }

  @Test func originalsBecomeAVerifiableFileOnce() throws {
    try fixture.fill("data")
    let path = fixture.data.readyPath(name: "tiny", split: "train")
    #expect(try convert() == .converted(path: path, count: 5))
    #expect(try convert() == .alreadyThere(path: path))
    #expect(try convert(force: true) == .converted(path: path, count: 5))
    let dataset = try fixture.data.verifyReady(fixture.split, of: fixture.source)
    #expect(dataset.images == fixture.images.values && dataset.labels == fixture.labels.values)
    #expect(dataset.classNames == ["a", "b"] && !dataset.isSynthetic)
    #expect(
      dataset.sourceDigests == [
        "sha256:\(fixture.images.digest) images", "sha256:\(fixture.labels.digest) labels",
      ])
    #expect(
      try fixture.data.verifyOriginal(fixture.split.images, of: fixture.source).hasSuffix("gz"))
  }

  @Test func aMirrorServesWithoutACopy() throws {
    try fixture.fill("mirror", packed: false)
    _ = try convert(mirror: DataFolder(path: fixture.folder.path("mirror")))
    #expect(try fixture.folder.names(in: "data") == ["tiny-train.h5"])
  }

  @Test func anotherSpellingOfTheNameIsHintedAt() throws {
    let digits = ImageSource.mnist
    let file = digits.splits[0].images
    let found = try fixture.folder.write([1], to: "data/mnist/train-images.idx3-ubyte")
    let attempts: [() throws -> Void] = [
      { _ = try fixture.data.verifyOriginal(file, of: digits) },
      { _ = try fixture.data.convert(digits.splits[0], of: digits, command: "a test") },
      {
        _ = try DataFolder(path: fixture.folder.path("other")).fetch(
          file, of: digits, from: .folder(fixture.data.path),
          transport: { _, _ throws(DatasetError) in })
      },
    ]
    for attempt in attempts {
      let error = datasetError { try attempt() }
      #expect(error?.exitCode == 66 && error.map { isSentence($0.message) } == true)
      let hint = "\(found) is there under another spelling, rename it to train-images-idx3-ubyte"
      #expect(error?.message.contains(hint) == true, "\(error?.message ?? "none")")
    }
  }

  @Test func missingAndDamagedOriginalsAreNamed() throws {
    let missing = datasetError { _ = try convert() }
    #expect(missing?.exitCode == 66 && missing?.message.contains("datasets fetch tiny") == true)
    try fixture.fill("data")
    var bytes = fixture.images.bytes
    bytes[20] ^= 1
    let path = try fixture.folder.write(Gzip.compress(bytes), to: "data/tiny/images.gz")
    let damaged = datasetError { _ = try convert() }
    #expect(damaged?.kind == .digestMismatch && damaged?.exitCode == 65)
    #expect(damaged?.message.contains(path) == true)
    #expect(try fixture.folder.names(in: "data") == ["tiny"])
  }

  /// A file whose own digest is right and whose pixels are not the published ones.
  @Test func verificationGoesBackToThePublishedBytes() throws {
    var values = fixture.images.values
    values[3] ^= 1
    let dataset = try ImageDataset(
      name: "tiny", split: "train", shape: [5, 2, 3], images: values,
      labels: fixture.labels.values, classNames: ["a", "b"], provenance: ImageProvenance())
    try dataset.save(fixture.data.readyPath(name: "tiny", split: "train"))
    let error = datasetError { _ = try fixture.data.verifyReady(fixture.split, of: fixture.source) }
    #expect(error?.kind == .digestMismatch)
    #expect(error?.message.contains("datasets convert --force tiny") == true)
  }

  @Test func aDamagedReadyFileIsMadeAgainOnRequest() throws {
    try fixture.fill("data")
    let path = fixture.data.readyPath(name: "tiny", split: "train")
    _ = try convert()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
    let error = datasetError { _ = try convert() }
    #expect(error?.kind == .unwritable && error.map { isSentence($0.message) } == true)
    #expect(error?.message.contains("`datasets convert --force tiny`") == true)
    #expect(try convert(force: true) == .converted(path: path, count: 5))
    #expect(try ImageDataset.load(path).count == 5)
    // What is empty holds nothing.
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(try convert() == .converted(path: path, count: 5))
  }

  @Test("A ready file that opens and does not hold what it says is not called ready")
  func changedReadyFile() throws {
    try fixture.fill("data")
    let path = fixture.data.readyPath(name: "tiny", split: "train")
    _ = try convert()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let digest = try ImageDataset.load(path).contentDigest
    let place = try #require(bytes.range(of: Data(digest.utf8)))
    bytes[place.lowerBound] = bytes[place.lowerBound] == 0x61 ? 0x62 : 0x61
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = datasetError { _ = try convert() }
    #expect(error?.kind == .digestMismatch && error.map { isSentence($0.message) } == true)
    #expect(error?.message.contains("replace it with `datasets convert --force tiny`") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    #expect(try convert(force: true) == .converted(path: path, count: 5))
    #expect(try convert() == .alreadyThere(path: path))
  }

  @Test(arguments: [false, true])
  func aFileOfSomebodysOwnIsNotReplaced(force: Bool) throws {
    try fixture.fill("data")
    let path = fixture.data.readyPath(name: "tiny", split: "train")
    let writer = try HDF5Writer(path: path)
    try writer.write([1, 2, 3, 4] as [UInt8], shape: [2, 1, 2], to: "images")
    try writer.write([0, 1] as [UInt8], shape: [2], to: "labels")
    try writer.finish()
    let own = try Data(contentsOf: URL(fileURLWithPath: path))
    let error = datasetError { _ = try convert(force: force) }
    #expect(error?.kind == .unwritable && error?.exitCode == 1)
    #expect(error?.message.contains("it would be lost: move it away") == true)
    #expect(error.map { isSentence($0.message) && $0.message.contains(path) } == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == own)
    try FileManager.default.moveItem(atPath: path, toPath: fixture.folder.path("own.h5"))
    // A pipe would be waited for, for ever.
    #expect(mkfifo(path, 0o600) == 0)
    let pipe = datasetError { _ = try convert(force: force) }
    #expect(pipe?.message.contains("is no regular file") == true, "\(pipe?.message ?? "none")")
    #expect(unlink(path) == 0)
    #expect(try convert() == .converted(path: path, count: 5))
  }

  @Test func everyPinnedDigestIsWellFormed() {
    for source in ImageSource.all {
      #expect([2, 4].contains(source.files.count) && source.classNames.count == 10)
      for file in source.files {
        #expect(file.sha256.count == 64 && file.sha256.allSatisfy(\.isHexDigit))
      }
    }
  }
}
