import Datasets
import Files
import Foundation

/// The parts of a user's data under one list of classes, checked for what would make the answer wrong.
package struct CleanInput {
  /// The samples whose labels are doubted.
  package let train: LabelledSamples
  /// The samples whose labels somebody checked.
  package let checked: LabelledSamples
  /// Samples to measure on, whose labels are taken for right; nil where there are none.
  package let test: LabelledSamples?
  /// All classes of the training and the checked samples.
  package let classes: [SampleClass]
  /// The labels of the training samples, positions in `classes`.
  package let trainLabels: [Int]
  /// The labels of the checked samples.
  package let checkedLabels: [Int]
  /// The labels of the test samples.
  package let testLabels: [Int]
  /// Which training samples are equal.
  let trainRows: EqualRows
  /// Which checked samples are equal.
  let checkedRows: EqualRows
  /// What a person should know of how the data was read, one full sentence each.
  package let notes: [String]

  /// Where a part of the data comes from, as the user named it.
  package enum Part: String, Sendable {
    /// The samples whose labels are doubted.
    case train
    /// Those whose labels somebody checked.
    case checked
    /// Those that are measured on.
    case test
  }

  /// Reads the parts.
  ///
  /// - Throws: `DatasetError` with one sentence for whatever is missing or wrong.
  package init(train: String, checked: String, test: String?, folder: DataFolder)
    throws(DatasetError)
  {
    let trainSamples = try Self.read(train, .train, folder, shape: nil)
    let shape = trainSamples.pictures.map { Array($0.shape.dropFirst()) }
    let checkedSamples = try Self.read(checked, .checked, folder, shape: shape)
    var testSamples: LabelledSamples?
    if let test { testSamples = try Self.read(test, .test, folder, shape: shape) }
    try self.init(
      train: trainSamples, checked: checkedSamples, test: testSamples)
  }

  /// Parts that are read already.
  init(
    train: LabelledSamples, checked: LabelledSamples, test: LabelledSamples?
  ) throws(DatasetError) {
    self.train = train
    self.checked = checked
    self.test = test
    var notes = train.notes + checked.notes + (test?.notes ?? [])
    for part in [checked, test].compactMap({ $0 }) { try Self.requireAlike(part, train) }
    let union = ClassUnion(train, checked)
    classes = union.classes
    trainLabels = train.labels.map { union.place(of: train.classes[$0]) ?? 0 }
    checkedLabels = checked.labels.map { union.place(of: checked.classes[$0]) ?? 0 }
    testLabels = try Self.labels(of: test, in: union)
    notes += try Self.requireClasses(
      train, trainLabels, checked, checkedLabels, union.classes)
    for part in [train, checked] { try Self.requireVariety(part) }
    trainRows = EqualRows(train.features)
    checkedRows = EqualRows(checked.features)
    if trainRows.areUsual {
      notes += [SampleOverlap.noteOfEqualValues(checked, train)].compactMap { $0 }
    } else {
      try SampleOverlap.requireNone(checked, train)
    }
    notes += [
      trainRows.note(train, trainLabels), checkedRows.note(checked, checkedLabels),
      Placeholder(in: train)?.sentence, Placeholder(in: checked)?.sentence,
      FeatureShift(of: checked, from: train)?.sentence,
    ].compactMap { $0 }
    if let test {
      notes += [(train, "training"), (checked, "checked")].compactMap {
        SampleOverlap.note(test, $0, kind: $1)
      }
    }
    self.notes = notes
  }

  // MARK: - Reading

  private static func read(
    _ text: String, _ part: Part, _ folder: DataFolder, shape: [Int]?
  ) throws(DatasetError) -> LabelledSamples {
    var isFolder: ObjCBool = false
    let path = try path(of: text, part, folder)
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try .load(folder: path, shape: shape)
    }
    return try .load(hdf5: path)
  }

  /// The files and folders that the parts are read from.
  ///
  /// - Throws: `DatasetError` for a name that is none of a file, a folder and a data set.
  package static func paths(
    train: String, checked: String, test: String?, folder: DataFolder
  ) throws(DatasetError) -> [String] {
    var paths = [try path(of: train, .train, folder), try path(of: checked, .checked, folder)]
    if let test { paths.append(try path(of: test, .test, folder)) }
    return paths
  }

  private static func path(
    of text: String, _ part: Part, _ folder: DataFolder
  ) throws(DatasetError) -> String {
    var states = [PathState(text)]
    if text.contains("/") || HDF5Path.isOne(text) || isPresent(states[0]) { return text }
    // A data set of the suite: "mnist" (the split that the part is named for) or "mnist-test".
    var paths = ["\(folder.path)/\(text).h5"]
    if part != .checked { paths.append(folder.readyPath(name: text, split: part.rawValue)) }
    for path in paths {
      states.append(PathState(path))
      if isPresent(states[states.count - 1]) { return path }
    }
    // What cannot be reached may well be there: whoever reads it meets the system's reason.
    for (path, state) in zip([text] + paths, states) where state != .nothing { return path }
    try folder.requireFolder()
    throw DatasetError(
      .missing,
      "There is no file, folder or data set of the suite \"\(text)\" for --\(part.rawValue) (looked "
        + "for \(paths.joined(separator: " and "))): give the path of an HDF5 file or of a folder "
        + "<class>/<image>.png, make the data set with `datasets fetch` and `datasets convert`, or name "
        + "the folder that has it with --data.")
  }

  /// Whether the system says that there is something.
  private static func isPresent(_ state: PathState) -> Bool {
    switch state {
    case .folder, .file, .other: true
    case .nothing, .unreachable: false
    }
  }

  // MARK: - Checks

  private static func requireAlike(
    _ part: LabelledSamples, _ train: LabelledSamples
  ) throws(DatasetError) {
    let (own, wanted) = (part.features, train.features)
    guard Self.form(own) == Self.form(wanted) else {
      throw DatasetError(
        .unexpectedContents,
        "A sample of \(part.place) has the shape \(Array(own.shape.dropFirst())) and one of "
          + "\(train.place) \(Array(wanted.shape.dropFirst())): bring both to the same features or the "
          + "same image size.")
    }
    guard part.learnsFromPictures else { return }
    let (most, usual) = (own.range.most, wanted.range.most)
    // From 0 to 1, to 255, or to more, as of 16 bits; where bounds of the last two are near, dark images
    // may explain it.
    let areNear = most <= 2 * usual && usual <= 2 * most
    guard
      (most <= 1) == (usual <= 1) && ((most <= 255) == (usual <= 255) || areNear) || most == 0
        || usual == 0
    else {
      throw DatasetError(
        .unexpectedContents,
        "The images of \(part.place) go up to \(most) and those of \(train.place) up to \(usual): "
          + "store both on one scale, such as from 0 to 1 or from 0 to 255.")
    }
  }

  /// The shape of a sample: grey images are the same with a last extent of 1 and without.
  private static func form(_ array: SampleArray) -> [Int] {
    let shape = Array(array.shape.dropFirst())
    return shape.count == 3 && shape[2] == 1 ? Array(shape.dropLast()) : shape
  }

  /// Throws where no feature tells samples apart.
  private static func requireVariety(_ train: LabelledSamples) throws(DatasetError) {
    let array = train.features
    let first = array.values(of: 0)
    let differ = (1..<array.count).contains { array.values(of: $0) != first }
    guard !differ else { return }
    throw DatasetError(
      .unexpectedContents,
      "All \(array.count) samples of \(train.place) are equal\(array.isDouble ? " in double precision" : ""), "
        + "so nothing tells their classes apart: give features in which they differ.")
  }

  private static func labels(
    of test: LabelledSamples?, in union: ClassUnion
  ) throws(DatasetError) -> [Int] {
    guard let test else { return [] }
    var labels: [Int] = []
    for label in test.labels {
      guard let place = union.place(of: test.classes[label]) else {
        throw DatasetError(
          .unexpectedContents,
          "The class \"\(test.classes[label].name)\" of \(test.place) is in neither the training nor the "
            + "checked data: leave its samples out, or have some of it checked.")
      }
      labels.append(place)
    }
    return labels
  }

  /// Throws where a class cannot be judged; returns what is worth a note.
  private static func requireClasses(
    _ train: LabelledSamples, _ trainLabels: [Int], _ checked: LabelledSamples,
    _ checkedLabels: [Int], _ classes: [SampleClass]
  ) throws(DatasetError) -> [String] {
    let inTrain = counts(trainLabels, classes.count)
    let inChecked = counts(checkedLabels, classes.count)
    let names = classes.map { "\"\($0.name)\"" }
    func listed(_ indices: [Int]) -> String {
      let more = indices.count - 5
      return indices.prefix(5).map { names[$0] }.joined(separator: ", ")
        + (more > 0 ? " and \(more) more" : "")
    }
    guard inTrain.count(where: { $0 > 0 }) >= 2 else {
      throw DatasetError(
        .unexpectedContents,
        "All labels of \(train.place) are of one class, \(listed(Array(classes.indices.prefix(1)))): "
          + "finding wrong labels needs at least two.")
    }
    let lacking = classes.indices.filter { inTrain[$0] > 0 && inChecked[$0] == 0 }
    guard lacking.isEmpty else {
      throw DatasetError(
        .unexpectedContents,
        "\(checked.place.capitalizedFirst) has no sample of \(lacking.count == 1 ? "class" : "classes") "
          + "\(listed(lacking)), with which samples of \(train.place) are labelled: check at least two "
          + "samples of every class.")
    }
    for (place, counts) in [(train.place, inTrain), (checked.place, inChecked)] {
      let single = classes.indices.filter { counts[$0] == 1 }
      guard single.isEmpty else {
        throw DatasetError(
          .unexpectedContents,
          "\(place.capitalizedFirst) has only one sample of \(single.count == 1 ? "class" : "classes") "
            + "\(listed(single)), and two are needed to train on one and hold out the other: add "
            + "samples, or leave the class out.")
      }
    }
    let unseen = classes.indices.filter { inTrain[$0] == 0 }
    return unseen.isEmpty
      ? []
      : [
        "No sample of \(train.place) is labelled \(listed(unseen)), which \(checked.place) has: it can be "
          + "predicted all the same."
      ]
  }

  private static func counts(_ labels: [Int], _ classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[label] += 1 }
    return counts
  }
}

/// The classes of two parts as one list, told apart by name where both name them, else by code.
private struct ClassUnion {
  let classes: [SampleClass]
  private let places: [[UInt8]: Int]
  /// The place of each code; nil where names count and the parts number them differently, or not at all.
  private let coded: [Int: Int]?
  private let usesNames: Bool
  /// The place of each name that a part has given.
  private let named: [[UInt8]: Int]

  init(_ train: LabelledSamples, _ checked: LabelledSamples) {
    let all = train.classes + checked.classes
    let isCoded = all.allSatisfy { $0.code != nil }
    let isNamed = all.allSatisfy(\.isNamed)
    usesNames = isNamed || !isCoded
    var classes: [SampleClass] = []
    var places: [[UInt8]: Int] = [:]
    for sampleClass in all {
      let key = Self.key(sampleClass, usesNames)
      if let place = places[key] {
        // A part with names lends them to one without.
        if sampleClass.isNamed {
          classes[place].name = sampleClass.name
          classes[place].isNamed = true
        }
      } else {
        places[key] = classes.count
        var sampleClass = sampleClass
        let codes = classes.compactMap(\.code)
        // Two parts with names may number them differently: the first one's numbers stay.
        if !codes.isEmpty, sampleClass.code.map({ codes.contains($0) }) ?? true {
          sampleClass.code = codes.max().flatMap { $0 < .max ? $0 + 1 : nil }
        }
        classes.append(sampleClass)
      }
    }
    self.classes = classes
    self.places = places
    named = Dictionary(
      classes.enumerated().filter(\.element.isNamed).map { (Array($1.name.utf8), $0) },
      uniquingKeysWith: { first, _ in first })
    var coded: [Int: Int] = [:]
    for sampleClass in all {
      guard let code = sampleClass.code, let place = places[Self.key(sampleClass, usesNames)],
        coded.updateValue(place, forKey: code).map({ $0 == place }) ?? true
      else {
        self.coded = nil
        return
      }
    }
    self.coded = coded
  }

  /// The place of a class of any part: by its name where both are named, else by its code as far as codes
  /// are unambiguous.
  func place(of sampleClass: SampleClass) -> Int? {
    if sampleClass.isNamed, let place = named[Array(sampleClass.name.utf8)] { return place }
    if let code = sampleClass.code, let coded {
      // Two names are two classes, whatever their numbers.
      return coded[code].flatMap { sampleClass.isNamed && classes[$0].isNamed ? nil : $0 }
    }
    return places[Self.key(sampleClass, usesNames)]
  }

  /// Bytes: names that are equal as texts alone, composed and decomposed, are two classes.
  private static func key(_ sampleClass: SampleClass, _ usesNames: Bool) -> [UInt8] {
    let text = usesNames ? sampleClass.name : sampleClass.code.map { "\($0)" } ?? sampleClass.name
    return Array(text.utf8)
  }
}

extension String {
  /// The text with its first letter in upper case, the others as they are.
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
