/// The order of extents in arrays of images.
enum ChannelOrder {
  /// A sentence where images look as if their channels stood before height and width; nil where not.
  ///
  /// - Parameters:
  ///   - shape: `[count, height, width(, channels)]`, as images are read.
  ///   - place: what holds them, for the sentence.
  static func note(_ shape: [Int], place: String) -> String? {
    guard shape.count == 4, [1, 3, 4].contains(shape[1]), shape[3] > 4 else { return nil }
    return
      "\(place) has the shape \(shape) and is read as [count, height, width, channels], so that its "
      + "images are \(shape[1]) \(shape[1] == 1 ? "pixel" : "pixels") high and have \(shape[3]) channels: "
      + "store the channels last if they stand first."
  }
}
