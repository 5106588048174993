import Files

/// The file form:
///
///     images      numbers [count, height, width] or [count, height, width, channels]
///     features    numbers [count, width]; with both, models learn from these and people see the images
///     labels      integers [count], texts [count], or an enumeration [count]
///     classNames  texts, array or attribute, the name of class 0, 1, ...; not needed
///     @synthetic  1 or true where the samples are generated; not needed
///
/// Numbers are of any integer or floating-point type. Without names a class is called by its integer,
/// and only integers that occur make classes.
extension LabelledSamples {
  /// The labelled samples of an HDF5 file. Reads all of it; memory is that of its arrays.
  public static func load(hdf5 path: String) throws(DatasetError) -> LabelledSamples {
    let file = try HDF5File.open(path)
    let place = "the file \(path)"
    let hasImages = try file.contains("images")
    let hasFeatures = try file.contains("features")
    guard hasImages || hasFeatures else {
      throw DatasetError(
        .unexpectedContents,
        "The HDF5 file \(path) has neither 'images' nor 'features': store the samples as images "
          + "[count, height, width(, channels)] or features [count, width].")
    }
    let pictures = hasImages ? try SampleArray("images", in: file) : nil
    if let pictures, !(3...4).contains(pictures.shape.count) {
      throw DatasetError(
        .unexpectedContents,
        "'images' in the file \(path) has the shape \(pictures.shape), and [count, height, width] or "
          + "[count, height, width, channels] is needed: store the images so, or call them 'features'."
      )
    }
    let features = hasFeatures ? try SampleArray("features", in: file) : nil
    if let features, features.shape.count != 2 {
      throw DatasetError(
        .unexpectedContents,
        "'features' in the file \(path) has the shape \(features.shape), and [count, width] is needed: "
          + "store one row a sample.")
    }
    guard let learned = features ?? pictures else {
      preconditionFailure("One of the two was found to be there.")
    }
    guard try file.contains("labels") else {
      throw DatasetError(
        .unexpectedContents,
        "The HDF5 file \(path) has no 'labels': store one integer or name for each sample.")
    }
    let (labels, classes) = try labels(in: file, count: learned.count)
    let notes = [
      pictures.flatMap { ChannelOrder.note($0.shape, place: "'images' in the file \(path)") },
      pictures?.roundingNote(place: "'images' in the file \(path)"),
      features?.roundingNote(place: "'features' in the file \(path)"),
    ].compactMap { $0 }
    return try LabelledSamples(
      place: place, features: learned, pictures: pictures, learnsFromPictures: features == nil,
      labels: labels, classes: classes, classNames: try file.texts("classNames") ?? [],
      notes: notes,
      // What somebody's own file says in other words is nothing to us.
      isSynthetic: (try? file.boolean("synthetic")) ?? false)
  }

  private static func labels(
    in file: HDF5File, count: Int
  ) throws(DatasetError) -> (labels: [Int], classes: [SampleClass]) {
    let path = file.path
    let shape = try file.shape(of: "labels")
    guard shape == [count] else {
      throw DatasetError(
        .unexpectedContents,
        "'labels' in the file \(path) has the shape \(shape), and [\(count)] is needed for its "
          + "\(count) samples: store one label for each sample.")
    }
    let names = try file.texts("classNames")
    if let names, Set(names.map { ExactName($0) }).count < names.count || names.contains("") {
      throw DatasetError(
        .unexpectedContents,
        "'classNames' in the file \(path) has an empty name or one that occurs twice: give every class "
          + "a name of its own.")
    }
    if try file.storesTexts("labels") {
      let texts = try file.texts("labels") ?? []
      return try numbered(texts.map { SampleClass(code: nil, name: $0, isNamed: true) }, path)
    }
    let codes = try file.readIntegers("labels").values.map { Int($0) }
    guard let names else {
      if let members = try file.enumeration(of: "labels") {
        if let position = codes.firstIndex(where: { members[$0] == nil }) {
          throw DatasetError(
            .unexpectedContents,
            "Label \(codes[position]) at position \(position) in the file \(path) is none of the "
              + "numbers that the enumeration of 'labels' names: correct it, or name it.")
        }
        return try numbered(
          codes.map { SampleClass(code: $0, name: members[$0] ?? "\($0)", isNamed: true) }, path)
      }
      return try numbered(
        codes.map { SampleClass(code: $0, name: "\($0)", isNamed: false) }, path)
    }
    if let position = codes.firstIndex(where: { !names.indices.contains($0) }) {
      throw DatasetError(
        .unexpectedContents,
        "Label \(codes[position]) at position \(position) in the file \(path) is out of range, since "
          + "there \(names.count == 1 ? "is 1 class name" : "are \(names.count) class names"): correct "
          + "the label or name its class.")
    }
    return try numbered(
      codes.map { SampleClass(code: $0, name: names[$0], isNamed: true) }, path)
  }

  /// The classes that occur, in order, and the position of each sample's among them.
  private static func numbered(
    _ samples: [SampleClass], _ path: String
  ) throws(DatasetError) -> (labels: [Int], classes: [SampleClass]) {
    let classes = Set(samples).sorted { left, right in
      if let left = left.code, let right = right.code { return left < right }
      return ExactName(left.name) < ExactName(right.name)
    }
    if let position = samples.firstIndex(where: { $0.name.isEmpty }) {
      throw DatasetError(
        .unexpectedContents,
        "The label at position \(position) in the file \(path) is empty: name its class, or leave the "
          + "sample out.")
    }
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    return (samples.compactMap { places[$0] }, classes)
  }

  /// Writes the samples in the same form, atomically: every array with the number type that it was read
  /// with (half precision as single), labels as integers with the names of classes where these have any, and
  /// `index`, each sample's position in the data set it was taken from.
  ///
  /// - Parameter tool: what the file names as its maker.
  public func save(_ path: String, index: [Int], tool: String) throws(DatasetError) {
    let file = try prepared(path, index: index, tool: tool)
    try DatasetError.converting { () throws(FileError) in try file.commit() }
  }

  /// The file that ``save(_:index:tool:)`` writes, without its name, which `commit()` gives it.
  package func prepared(
    _ path: String, index: [Int], tool: String
  ) throws(DatasetError) -> AtomicFile {
    precondition(index.count == count, "\(index.count) positions for \(count) samples.")
    let writer = try HDF5Writer(path: path)
    if !learnsFromPictures { try features.write("features", to: writer) }
    if let pictures { try pictures.write("images", to: writer) }
    let column = HDF5Layout.chunked([65_536], level: 3)
    try writer.write(index.map { Int64($0) }, shape: [count], to: "index", layout: column)
    let isNamed = classes.contains(where: \.isNamed)
    let codes = codes(isNamed: isNamed)
    try writer.write(
      labels.map { Int64(codes[$0]) }, shape: [count], to: "labels", layout: column)
    if isNamed { try writer.setAttribute("classNames", .strings(names(codes))) }
    try writer.setAttribute("tool", .string(tool))
    if isSynthetic { try writer.setAttribute("synthetic", .integer(1)) }
    return try writer.complete()
  }

  /// The name of every integer from 0 to the largest one in a file, no two of them equal, since a file in
  /// which they are is refused.
  ///
  /// Names that somebody gave come first, then the digits of classes without one, then those of classes
  /// without samples, which stay where classes are numbered as they were. Holes get what is not in use.
  ///
  /// - Parameter codes: the integer of each class.
  private func names(_ codes: [Int]) -> [String] {
    let isAsGiven = zip(codes, classes).allSatisfy { $0 == $1.code }
    let given = isAsGiven ? classNames : []
    let last = max(codes.max() ?? 0, given.count - 1)
    var names = [String?](repeating: nil, count: last + 1)
    var used: Set<ExactName> = []
    for isNamed in [true, false] {
      for (code, sampleClass) in zip(codes, classes) where sampleClass.isNamed == isNamed {
        if used.insert(ExactName(sampleClass.name)).inserted { names[code] = sampleClass.name }
      }
    }
    for (code, name) in given.enumerated() where names[code] == nil {
      if used.insert(ExactName(name)).inserted { names[code] = name }
    }
    return names.enumerated().map { code, name -> String in
      if let name { return name }
      var placeholder = "class \(code)"
      while !used.insert(ExactName(placeholder)).inserted { placeholder += " (no name)" }
      return placeholder
    }
  }

  /// The integer that stands for each class in a file.
  ///
  /// Those of the original numbering, holes included, where every class has one of its own. With names
  /// an integer is a position in their list: where the list would have to be long or to begin before 0,
  /// or a class has no number, all are numbered anew, in the order of the classes.
  private func codes(isNamed: Bool) -> [Int] {
    let given = classes.compactMap(\.code)
    let areDistinct = given.count == classes.count && Set(given).count == given.count
    let areAllowed = !isNamed || given.allSatisfy { (0..<10 * Self.mostClasses).contains($0) }
    return areDistinct && areAllowed ? given : Array(classes.indices)
  }
}
