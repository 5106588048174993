import CHDF5
import Datasets
import Foundation
import TestSupport
import Testing

@Suite("labelled samples of one's own")
struct LabelledSamplesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Three samples of two features, labels 5, 9, 5.
  private func writeFeatures<Element: HDF5Element>(
    _ values: [Element], labels: [Int64] = [5, 9, 5], to name: String
  ) throws -> String {
    let path = folder.path(name)
    let writer = try HDF5Writer(path: path)
    try writer.write(values, shape: [3, 2], to: "features")
    try writer.write(labels, shape: [labels.count], to: "labels")
    try writer.finish()
    return path
  }

  @Test func numbersOfAnEnumerationHaveTheirNames() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Corpora/hdf5/labels-of-an-enumeration.h5").path
    // -2 is dog, 7 cat, 300 eel, in two bytes of which the larger comes first.
    let samples = try LabelledSamples.load(hdf5: path)
    #expect(samples.classes.map(\.name) == ["dog", "cat", "eel"])
    #expect(samples.classes.map(\.code) == [-2, 7, 300])
    #expect(samples.labels == [1, 0, 2, 2, 1, 0])
    #expect(try HDF5File.open(path).enumeration(of: "features") == nil)
  }

  @Test func namesOfClassesWithoutSamplesStay() throws {
    let path = try writeFeatures([Float(1), 2, 3, 4, 5, 6], labels: [1, 3, 1], to: "named.h5")
    let names = ["background", "cat", "dog", "eel", "fox"]
    let writer = try HDF5Writer(path: path)
    try writer.write([Float(1), 2, 3, 4, 5, 6], shape: [3, 2], to: "features")
    try writer.write([Int64(1), 3, 1], shape: [3], to: "labels")
    try writer.setAttribute("classNames", .strings(names))
    try writer.finish()
    let samples = try LabelledSamples.load(hdf5: path)
    let copy = folder.path("copy.h5")
    try samples.taking([2, 1], labels: [0, 1], classes: samples.classes).save(
      copy, index: [2, 1], tool: "test")
    #expect(try HDF5File.open(copy).strings("classNames") == names)
    #expect(try HDF5File.open(copy).read("labels", as: Int64.self).values == [1, 3])
  }

  /// Names as in h5py's enumeration `{'class 0': 1, 'class 1': 2}`, which leaves 0 without one, and what
  /// else would be a name twice.
  @Test(
    arguments: [
      (["class 0", "class 1"], [1, 2], [true, true], []),
      (["class 0", "class 0 (no name)", "class 1"], [3, 2, 4], [true, true, true], []),
      (["3", "3"], [0, 3], [true, false], []),
      (["ant", "cat"], [0, 3], [true, true], ["ant", "bee", "cat"]),
    ] as [([String], [Int], [Bool], [String])])
  func holesGetNamesThatAreNotInUse(
    names: [String], codes: [Int], areNamed: [Bool], given: [String]
  ) throws {
    let path = try writeFeatures([Float(1), 2, 3, 4, 5, 6], to: "plain.h5")
    let features = try LabelledSamples.load(hdf5: path).features
    let classes = names.indices.map { index in
      SampleClass(code: codes[index], name: names[index], isNamed: areNamed[index])
    }
    let samples = try LabelledSamples(
      place: "here", features: features, pictures: nil, learnsFromPictures: false,
      labels: [0, 1, names.count - 1], classes: classes, classNames: given)
    let copy = folder.path("copy.h5")
    try samples.save(copy, index: [0, 1, 2], tool: "test")
    let again = try LabelledSamples.load(hdf5: copy)
    let sorted = classes.sorted { ($0.code ?? 0) < ($1.code ?? 0) }
    #expect(again.classes.map(\.code) == sorted.map(\.code))
    for (found, sampleClass) in zip(again.classes, sorted) where sampleClass.isNamed {
      #expect(found.name == sampleClass.name)
    }
    #expect(Set(again.classNames).count == again.classNames.count)
  }

  @Test func ofEqualSamplesOneIsTaken() throws {
    let writer = try HDF5Writer(path: folder.path("twins.h5"))
    try writer.write([0, 1, 2, 1, -0.0, 3, 1], shape: [7, 1], to: "features")
    try writer.write((0..<7).map { Int64($0 % 2) }, shape: [7], to: "labels")
    try writer.finish()
    let samples = try LabelledSamples.load(hdf5: folder.path("twins.h5"))
    // 0 and -0 are one value.
    #expect(samples.withoutTwins([6, 5, 4, 3, 2, 1, 0]) == [6, 5, 4, 2])
  }

  @Test(
    "Names too long for the header of a file are kept all the same",
    arguments: [(121, 1_000), (7_000, 10), (4, 5_000)])
  func longNames(length: Int, count: Int) throws {
    let path = try writeFeatures([Float(1), 2, 3, 4, 5, 6], labels: [1, 3, 1], to: "named.h5")
    let names = (0..<count).map { number in
      String(repeating: "é", count: length / 2) + "\(number)"
    }
    let samples = try LabelledSamples.load(hdf5: path)
    let classes = [
      SampleClass(code: 1, name: names[1], isNamed: true),
      .init(code: 3, name: names[3], isNamed: true),
    ]
    let named = try LabelledSamples(
      place: "here", features: samples.features, pictures: nil, learnsFromPictures: false,
      labels: samples.labels, classes: classes, classNames: names)
    let copy = folder.path("copy.h5")
    try named.save(copy, index: [0, 1, 2], tool: "test")
    #expect(try HDF5File.open(copy).strings("classNames") == names)
    #expect(try LabelledSamples.load(hdf5: copy).classes.map(\.name) == [names[1], names[3]])
  }

  @Test func integersBeyondWhatIsToldApartAreNamed() throws {
    let large = Int64(1) << 53 + 1
    let path = try writeFeatures([1, 2, 3, large, 5, 6], to: "large.h5")
    let notes = try LabelledSamples.load(hdf5: path).notes
    #expect(notes.count == 1 && notes[0].contains("beyond 2^53, the first in sample 1"), "\(notes)")
    #expect(notes.allSatisfy { isSentence($0) })
    let small = try writeFeatures([Int64(1), 2, 3, 4, 5, 6], to: "small.h5")
    #expect(try LabelledSamples.load(hdf5: small).notes.isEmpty)
  }

  @Test func channelsThatSeemToStandFirstAreNamed() throws {
    func notes(_ shape: [Int]) throws -> [String] {
      let writer = try HDF5Writer(path: folder.path("images.h5"))
      let count = shape.reduce(1, *)
      try writer.write(
        (0..<count).map { UInt8(truncatingIfNeeded: $0) }, shape: shape, to: "images")
      try writer.write((0..<shape[0]).map { Int64($0 % 2) }, shape: [shape[0]], to: "labels")
      try writer.finish()
      let labelled = try LabelledSamples.load(hdf5: folder.path("images.h5")).notes
      #expect(try ImageDataset.load(folder.path("images.h5")).notes == labelled)
      return labelled
    }
    let found = try notes([4, 3, 8, 9])
    #expect(found.count == 1 && found[0].contains("3 pixels high and have 9 channels"), "\(found)")
    #expect(found.allSatisfy { isSentence($0) })
    #expect(try notes([4, 8, 9, 3]).isEmpty && notes([4, 8, 9]).isEmpty)
  }

  @Test func imagesOfAFolderTakeTheSizeAndTheGreyOfTheTrainingImages() throws {
    for (name, channels) in [("a/1", 1), ("a/2", 3), ("b/1", 3)] {
      let image = PNGImage(
        width: 3, height: 2, channels: channels,
        pixels: (0..<6 * channels).map { UInt8(40 * ($0 % 6)) })
      _ = try folder.write(try image.encoded(), to: "tree/\(name).png")
    }
    let own = try LabelledSamples.load(folder: folder.path("tree"))
    // Colour where any image has it.
    #expect(own.features.shape == [3, 2, 3, 3] && own.notes.isEmpty)
    let grey = try LabelledSamples.load(folder: folder.path("tree"), shape: [4, 4, 1])
    #expect(grey.features.shape == [3, 4, 4])
    #expect(grey.notes.contains { $0.contains("4 x 4 pixels, the size of the training images") })
    #expect(
      grey.notes.contains { $0.hasPrefix("2 of the 3 images") && $0.contains("read as grey") })
    #expect(grey.notes.allSatisfy { isSentence($0) }, "\(grey.notes)")
  }

  @Test func everyNumberTypeIsReadAndWrittenBackAsItWas() throws {
    func check<Element: HDF5Element & Equatable>(_ values: [Element]) throws {
      let path = try writeFeatures(values, to: "\(Element.self).h5")
      let samples = try LabelledSamples.load(hdf5: path)
      #expect(samples.features.kind == Element.hdf5Kind && samples.labels == [0, 1, 0])
      #expect(samples.classes.map(\.name) == ["5", "9"])
      let copy = folder.path("copy-\(Element.self).h5")
      try samples.taking([2, 0], labels: [1, 0], classes: samples.classes)
        .save(copy, index: [2, 0], tool: "test")
      let file = try HDF5File.open(copy)
      #expect(try file.elementKind("features") == Element.hdf5Kind)
      #expect(
        try file.read("features", as: Element.self).values
          == [values[4], values[5], values[0], values[1]])
      #expect(try file.readIntegers("labels").values == [9, 5])
      #expect(try file.readIntegers("index").values == [2, 0])
    }
    try check([1, 2, 3, 4, 5, 250] as [UInt8])
    try check([1, -2, 3, 4, 5, -100] as [Int8])
    try check([1, 2, 3, 4, 5, 60_000] as [UInt16])
    try check([1, -2, 3, 4, 5, -30_000] as [Int16])
    try check([1, 2, 3, 4, 5, 4_000_000_001] as [UInt32])
    try check([1, -2, 3, 4, 5, 123_456_789] as [Int32])
    try check([1, 2, 3, 4, 5, 1 << 50 + 1] as [UInt64])
    try check([1, -2, 3, 4, 5, -(1 << 50) - 1] as [Int64])
    try check([1.5, -2, 3, 4, 5, 1e-20] as [Float])
    try check([1.5, -2, 3, 4, 5, 1.234_567_890_123] as [Double])
  }

  @Test func valuesThatNoModelCanUseAreNamed() throws {
    for (values, what) in [
      ([0, 1, .nan, 3, 4, 5], "holds nan in sample 1 (value 0 of it)"),
      ([0, 1, 2, 3, 4, -.infinity], "holds -inf in sample 2 (value 1 of it)"),
      ([0, 1, 2, 1e300, 4, 5], "holds 1e+300 in sample 1 (value 1 of it)"),
    ] as [([Double], String)] {
      let path = try writeFeatures(values, to: "unusable.h5")
      let error = datasetError { _ = try LabelledSamples.load(hdf5: path) }
      #expect(error?.message.contains(what) == true, "\(error?.message ?? what)")
      #expect(error?.exitCode == 65)
    }
  }

  /// A file with `names` as variable or fixed texts under `object`, numbers as labels beside it.
  private func writeTexts(
    _ fields: [[UInt8]], isVariable: Bool, object: String, to name: String
  ) throws -> String {
    let path = try writeFeatures([0, 1, 2, 3, 4, 5] as [Float], labels: [0, 1, 0], to: name)
    let file = H5Fopen(path, 1, accessWithoutLocks())
    defer { H5Fclose(file) }
    if object == "labels" { H5Ldelete(file, "labels", 0) }
    let type = H5Tcopy(bda_c_string())
    let space = H5Screate_simple(1, [hsize_t(fields.count)], nil)
    defer { H5Tclose(type) }
    if isVariable {
      H5Tset_size(type, bda_variable_size())
      let texts = fields.map { strdup(String(decoding: $0, as: UTF8.self)) }
      defer { for text in texts { free(text) } }
      let array = H5Dcreate2(file, object, type, space, 0, 0, 0)
      H5Dwrite(array, type, 0, 0, 0, texts)
      H5Dclose(array)
    } else {
      let width = fields.map(\.count).max() ?? 1
      H5Tset_size(type, width)
      let bytes = fields.flatMap { $0 + [UInt8](repeating: 0, count: width - $0.count) }
      let array = H5Dcreate2(file, object, type, space, 0, 0, 0)
      H5Dwrite(array, type, 0, 0, 0, bytes)
      H5Dclose(array)
    }
    H5Sclose(space)
    return path
  }

  @Test(arguments: [true, false])
  func namesAreReadFromAnArray(isVariable: Bool) throws {
    let path = try writeTexts(
      ["cat", "größer"].map { Array($0.utf8) }, isVariable: isVariable, object: "classNames",
      to: "names.h5")
    let samples = try LabelledSamples.load(hdf5: path)
    #expect(samples.classes.map(\.name) == ["cat", "größer"] && samples.labels == [0, 1, 0])
  }

  @Test(arguments: [true, false])
  func labelsMayBeTexts(isVariable: Bool) throws {
    let path = try writeTexts(
      ["dog", "cat", "dog"].map { Array($0.utf8) }, isVariable: isVariable, object: "labels",
      to: "texts.h5")
    let samples = try LabelledSamples.load(hdf5: path)
    #expect(samples.classes.map(\.name) == ["cat", "dog"] && samples.labels == [1, 0, 1])
    // What is written has numbers and their names.
    let copy = folder.path("copy.h5")
    try samples.save(copy, index: [0, 1, 2], tool: "test")
    let again = try LabelledSamples.load(hdf5: copy)
    #expect(again.classes.map(\.name) == ["cat", "dog"] && again.labels == [1, 0, 1])
  }

  @Test func namesThatAreNotTextAreRefused() throws {
    let path = try writeTexts(
      [Array("cat".utf8), [0x67, 0x72, 0xf6, 0xdf]], isVariable: false, object: "classNames",
      to: "latin.h5")
    let error = datasetError { _ = try LabelledSamples.load(hdf5: path) }
    #expect(
      error?.message.contains("holds a name at position 1 that is not text in UTF-8") == true,
      "\(error?.message ?? "")")
    #expect(error?.exitCode == 65)
  }

  @Test func foldersOfImagesHaveTheirNamesAndFiles() throws {
    for (place, shade) in [("b/1.png", 10), ("a/2.png", 200), ("a/1.png", 100)] {
      let image = PNGImage(
        width: 3, height: 2, channels: 1, pixels: [UInt8](repeating: UInt8(shade), count: 6))
      _ = try folder.write(try image.encoded(), to: "images/\(place)")
    }
    let wide = PNGImage(width: 6, height: 4, channels: 1, pixels: Array(repeating: 7, count: 24))
    _ = try folder.write(try wide.encoded(), to: "images/b/2.png")
    let samples = try LabelledSamples.load(folder: folder.path("images"))
    #expect(samples.classes.map(\.name) == ["a", "b"] && samples.labels == [0, 0, 1, 1])
    #expect(samples.files == ["a/1.png", "a/2.png", "b/1.png", "b/2.png"])
    #expect(samples.features.shape == [4, 2, 3])
    #expect(samples.features.row(1) == Array(repeating: 200, count: 6))
    #expect(samples.notes.count == 1 && samples.notes[0].contains("1 of the 4 images"))
  }

  @Test(arguments: LabelNoise.allCases)
  func noiseRulesMakeExactlySoManyLabelsWrong(rule: LabelNoise) throws {
    let digits = try SyntheticDigits.dataset(count: 200, split: "train", seed: 3)
    let path = folder.path("digits.h5")
    try digits.save(path)
    let samples = try LabelledSamples.load(hdf5: path)
    let given = rule.corrupted(
      samples.labels, classes: 10, features: samples.features, fraction: 0.3, seed: 1)
    let pairs = zip(samples.labels, given).filter { $0 != $1 }
    #expect(pairs.count == 60)
    if rule == .classDependent {
      let partners = Dictionary(grouping: pairs, by: \.0).mapValues { Set($0.map(\.1)) }
      #expect(partners.values.allSatisfy { $0.count == 1 })
    }
    let again = rule.corrupted(
      samples.labels, classes: 10, features: samples.features, fraction: 0.3, seed: 1)
    #expect(again == given)
  }

  @Test("Samples that differ in double precision alone have digests of their own")
  func digestOfDoubles() throws {
    func digest(_ step: Double) throws -> String {
      let path = folder.path("doubles.h5")
      let writer = try HDF5Writer(path: path)
      try writer.write((0..<6).map { 1e9 + step * Double($0) }, shape: [3, 2], to: "features")
      try writer.write([0, 1, 1] as [Int64], shape: [3], to: "labels")
      try writer.finish()
      return try LabelledSamples.load(hdf5: path).digest
    }
    #expect(try digest(1.25) != digest(1.5))
    #expect(try digest(1.25) == digest(1.25))
  }

  @Test("A number that single precision does not hold is divided, and no number is replaced")
  func unusableNumbers() throws {
    for (value, remedy) in [
      (1e39, "divide these values by a constant"), (.infinity, "replace such values"),
    ] {
      let path = try writeFeatures([1, 2, 3, value, 5, 6], to: "unusable.h5")
      let error = datasetError { _ = try LabelledSamples.load(hdf5: path) }
      #expect(error?.message.contains("in sample 1 (value 1 of it)") == true)
      #expect(error?.message.contains(remedy) == true, "\(error?.message ?? "")")
    }
  }
}
