/// How the images and labels of a file that a person brought are understood.
///
/// Nothing is changed without a note. Images of 0 and 1 are read as 0 and 255, since division by 255
/// would leave next to nothing of them; labels stay as they are, because another split of the data set
/// is read by itself and must get the same classes; and 255 apart from all other labels, which many
/// programs write for "no label", is refused, since it would make 256 classes.
struct OwnFileReading {
  /// The pixels as they are meant.
  let images: [UInt8]
  /// The names of the classes.
  let classNames: [String]
  /// One full sentence for whatever a person should know.
  let notes: [String]

  /// - Parameters:
  ///   - classNames: the names in the file, nil when it has none.
  ///   - isOwnForm: whether the file lacks the digest that every file of this package records; pixels
  ///     are left alone where it is there.
  ///   - path: the file named in notes and errors.
  init(
    images: [UInt8], labels: [UInt8], classNames: [String]?, isOwnForm: Bool, path: String
  ) throws(DatasetError) {
    var notes: [String] = []
    if !images.contains(where: { $0 > 1 }), images.contains(1) {
      self.images = isOwnForm ? images.map { 255 * $0 } : images
      notes.append(
        isOwnForm
          ? "The images in \(path) hold only 0 and 1, which are read as 0 and 255: store them from 0 "
            + "to 255 if something else is meant."
          : "The images in \(path) hold only 0 and 1 on a scale that ends with 255: create the file "
            + "again if they are meant to be black and white.")
    } else {
      self.images = images
    }
    if let classNames {
      self.classNames = classNames
    } else {
      let largest = Int(labels.max() ?? 0)
      var occurs = [Bool](repeating: false, count: 257)
      for label in labels { occurs[Int(label)] = true }
      if largest == 255, !occurs[254], let position = labels.firstIndex(of: 255) {
        throw DatasetError(
          .unexpectedContents,
          "Label 255 at position \(position) in the file \(path) stands apart from all others, as the "
            + "mark of images without a label does: leave these images out, or name the classes in the "
            + "attribute classNames.")
      }
      self.classNames = (0...largest).map { String($0) }
      let absent = (0...largest).filter { !occurs[$0] }
      if !labels.isEmpty, absent == [0] {
        notes.append(
          "The labels in \(path) run from 1 to \(largest), so that class 0 has no images and is one "
            + "more to tell apart: subtract 1 from all labels of all splits if that is not meant.")
      } else if !labels.isEmpty, let first = absent.first {
        notes.append(
          "The labels in \(path) make \(largest + 1) classes, of which \(absent.count) "
            + "\(absent.count == 1 ? "has" : "have") no images in it, the first of them \(first): name the classes in the attribute classNames if that "
            + "is not meant.")
      }
    }
    self.notes = notes
  }
}
