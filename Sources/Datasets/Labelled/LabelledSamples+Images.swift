import Foundation

/// From folders of PNG images, and from the data sets of the suite.
extension LabelledSamples {
  /// The images below a folder, `<class>/<image>.png`.
  ///
  /// All are brought to the size of the first, or to the given shape; that is said in ``notes``.
  ///
  /// - Parameter shape: `[height, width, channels]` where it is known from another part of the data.
  public static func load(
    folder path: String, shape: [Int]? = nil
  ) throws(DatasetError) -> LabelledSamples {
    let listing = try ImageTreeListing(
      path: path, remedy: "name a folder that holds <class>/<image>.png")
    let total = listing.folders.reduce(0) { $0 + $1.files.count }
    guard total <= mostSamples else {
      throw DatasetError(
        .tooLarge,
        "There are \(total) images below \(path), more than the \(mostSamples) that are read: split "
          + "them into several folders.")
    }
    let files = listing.folders.flatMap { folder in folder.files.map { "\(folder.name)/\($0)" } }
    let labels = listing.folders.enumerated().flatMap { label, folder in
      [Int](repeating: label, count: folder.files.count)
    }
    guard let first = files.first else {
      throw DatasetError(.missing, "There are no images below \(path): put some there.")
    }
    let wanted: [Int]
    if let shape {
      wanted = shape
    } else {
      wanted = try commonShape(of: files, first: first, below: path)
    }
    let (height, width) = (wanted[0], wanted[1])
    let channels = wanted.count > 2 ? wanted[2] : 1
    guard channels == 1 || channels == 3 else {
      throw DatasetError(
        .unexpectedContents,
        "The images below \(path) are grey or coloured, and those of the training data have \(channels) "
          + "channels: give both in one form.")
    }
    let bytes = files.count * height * width * channels
    guard bytes <= 4 << 30 else {
      throw DatasetError(
        .tooLarge,
        "The \(files.count) images below \(path) take \(bytes) bytes at \(width) x \(height) pixels, more "
          + "than the \(4 << 30) that are read: make them smaller first.")
    }
    var remarks = PNGRemarkTally()
    var (odd, losesColour) = (0, 0)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(bytes)
    // One after another: photographs of a few megabytes each are small when they have been resampled.
    for file in files {
      let (image, remark) = try PNGImage.readRemarking("\(path)/\(file)")
      remarks.add(remark, at: file)
      if image.width != width || image.height != height { odd += 1 }
      if image.channels > channels { losesColour += 1 }
      pixels += image.converted(channels: channels).resized(width: width, height: height).pixels
    }
    var notes = listing.notes + remarks.notes(root: path)
    if odd > 0 {
      notes.append(
        "\(odd) of the \(files.count) images below \(path) \(odd == 1 ? "was" : "were") resampled to "
          + "\(width) x \(height) pixels, the size of the \(shape == nil ? "first" : "training images")."
      )
    }
    if losesColour > 0 {
      notes.append(
        "\(losesColour) of the \(files.count) images below \(path) \(losesColour == 1 ? "has" : "have") "
          + "colour and \(losesColour == 1 ? "was" : "were") read as grey, as the training images are."
      )
    }
    let array = try SampleArray(
      shape: [files.count, height, width] + (channels == 1 ? [] : [channels]), kind: .uint8,
      values: .bytes(pixels), place: "The images below \(path)")
    return try LabelledSamples(
      place: "the folder \(path)", features: array, pictures: array, learnsFromPictures: true,
      labels: labels,
      classes: listing.folders.map { SampleClass(code: nil, name: $0.name, isNamed: true) },
      files: files, notes: notes,
      isSynthetic: (try? ImageTreeDescription.read(path).synthetic) ?? false)
  }

  /// The size of the first image, with colour where any has it, as `[height, width, channels]`: known from
  /// the headers, so that no image is kept as it is.
  private static func commonShape(
    of files: [String], first: String, below path: String
  ) throws(DatasetError) -> [Int] {
    let image = try PNGImage.read("\(path)/\(first)")
    let hasColour =
      image.channels == 3 || files.contains { PNGChunks.hasColour(fileAt: "\(path)/\($0)") }
    return [image.height, image.width, hasColour ? 3 : 1]
  }
}
