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
    var images: [PNGImage] = []
    var labels: [Int] = []
    var files: [String] = []
    var remarks = PNGRemarkTally()
    for (label, folder) in listing.folders.enumerated() {
      for name in folder.files {
        let file = "\(folder.name)/\(name)"
        let (image, remark) = try PNGImage.readRemarking("\(path)/\(file)")
        images.append(image)
        remarks.add(remark, at: file)
        labels.append(label)
        files.append(file)
      }
    }
    guard let first = images.first else {
      throw DatasetError(.missing, "There are no images below \(path): put some there.")
    }
    let wanted = shape ?? [first.height, first.width, images.map(\.channels).max() ?? 1]
    let (height, width) = (wanted[0], wanted[1])
    let channels = wanted.count > 2 ? wanted[2] : 1
    guard channels == 1 || channels == 3 else {
      throw DatasetError(
        .unexpectedContents,
        "The images below \(path) are grey or coloured, and those of the training data have \(channels) "
          + "channels: give both in one form.")
    }
    var notes = listing.notes + remarks.notes(root: path)
    let odd = images.count { $0.width != width || $0.height != height }
    if odd > 0 {
      notes.append(
        "\(odd) of the \(images.count) images below \(path) \(odd == 1 ? "was" : "were") resampled to "
          + "\(width) x \(height) "
          + "pixels, the size of the first.")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(images.count * height * width * channels)
    for image in images {
      pixels += image.converted(channels: channels).resized(width: width, height: height).pixels
    }
    let array = try SampleArray(
      shape: [images.count, height, width] + (channels == 1 ? [] : [channels]), kind: .uint8,
      values: .bytes(pixels), place: "The images below \(path)")
    return try LabelledSamples(
      place: "the folder \(path)", features: array, pictures: array, learnsFromPictures: true,
      labels: labels,
      classes: listing.folders.map { SampleClass(code: nil, name: $0.name, isNamed: true) },
      files: files, notes: notes)
  }
}
