/// What was noticed when a PNG file was read, since it could have been meant otherwise.
struct PNGRemarks: Sendable, Equatable {
  /// It asks for another gamma than that of screens; its samples are taken as they are stored.
  var hasOddGamma = false
  /// It is transparent somewhere and was laid on white paper.
  var isTransparent = false
  /// Its ink would not be seen there, and was drawn black by its opacity.
  var isInkByOpacity = false
}

/// How many images of a tree gave cause for each remark, and the first of them.
struct PNGRemarkTally: Sendable {
  private var gamma = Count()
  private var transparent = Count()
  private var ink = Count()

  /// The number of images, and the path of the first below the root.
  private struct Count: Sendable {
    var number = 0
    var first = ""

    mutating func add(_ other: Count) {
      if number == 0 { first = other.first }
      number += other.number
    }

    /// The count as the beginning of a sentence.
    func words(_ root: String) -> String {
      "\(number == 1 ? "1 image" : "\(number) images") below \(root) (\(number > 1 ? "first " : "")"
        + "\(first))"
    }
  }

  /// Counts the remarks on the image at a path below the root.
  mutating func add(_ remarks: PNGRemarks, at path: String) {
    let one = Count(number: 1, first: path)
    if remarks.hasOddGamma { gamma.add(one) }
    if remarks.isTransparent && !remarks.isInkByOpacity { transparent.add(one) }
    if remarks.isInkByOpacity { ink.add(one) }
  }

  /// Counts what another tally has counted, of images that come later.
  mutating func add(_ other: PNGRemarkTally) {
    gamma.add(other.gamma)
    transparent.add(other.transparent)
    ink.add(other.ink)
  }

  /// One full sentence for each remark that somebody gave cause for.
  func notes(root: String) -> [String] {
    var notes: [String] = []
    if gamma.number > 0 {
      notes.append(
        "\(gamma.words(root)) \(gamma.number == 1 ? "asks" : "ask") for a gamma that is not that of "
          + "screens (1/2.2): samples are read as they are stored, so convert the files if the gamma is "
          + "meant.")
    }
    if transparent.number > 0 {
      notes.append(
        "\(transparent.words(root)) \(transparent.number == 1 ? "is" : "are") transparent in places: "
          + "they are laid on white paper.")
    }
    if ink.number > 0 {
      notes.append(
        "\(ink.words(root)) \(ink.number == 1 ? "has" : "have") white ink on a transparent ground, "
          + "which is drawn black by its opacity: lay the images on a dark ground if the ink is to stay "
          + "white.")
    }
    return notes
  }
}
