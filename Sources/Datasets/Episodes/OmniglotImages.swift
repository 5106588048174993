import Foundation

/// Omniglot (Lake, Salakhutdinov and Tenenbaum, Science 350, 2015) as a tree of PNG images.
enum OmniglotImages {
  static let characters = 1_623
  static let drawers = 20
  /// Rows and columns of the ready images.
  static let side = 28

  /// The images of one of the author's archives, by `<alphabet>/<character>/<image>.png`.
  ///
  /// Checked: every member's checksum, 20 drawings of every character, and the number of characters
  /// (964 in the background set, 659 in the evaluation set). Sentences call it `name`, where the file
  /// is a temporary one.
  static func official(
    _ path: String, named name: String? = nil
  ) throws(DatasetError) -> [(name: String, bytes: [UInt8])] {
    let bytes = try DataFile.read(path, remedy: "run `datasets fetch omniglot`")
    let name = name ?? path
    let images = try ZipArchive.entries(of: bytes, path: name).compactMap { entry in
      // The archives hold one folder with the name of the set.
      let parts = entry.name.split(separator: "/")
      return parts.count == 4 && entry.name.hasSuffix(".png")
        ? (name: parts.dropFirst().joined(separator: "/"), bytes: entry.bytes) : nil
    }
    var counts: [Substring: Int] = [:]
    for image in images {
      counts[image.name[..<(image.name.lastIndex(of: "/") ?? image.name.endIndex)], default: 0] += 1
    }
    guard counts.count == 964 || counts.count == 659, counts.values.allSatisfy({ $0 == drawers })
    else {
      throw DatasetError(
        .unexpectedContents,
        "The archive \(name) has \(images.count) drawings of \(counts.count) characters, where 20 each "
          + "of 964 (background) or 659 (evaluation) are published: fetch it again.")
    }
    return images
  }

  /// Writes the tree from the mirror's archive, or from both official ones (resampled to 28 x 28).
  static func write(
    to destination: String, from folders: [DataFolder], command: String
  ) throws(DatasetError) -> ImageTreeDescription {
    let writer = try ImageTreeWriter(path: destination)
    let source: String
    if let tar = try DataFolder.original(
      TreeSource.omniglot.files[0], of: .omniglot, in: folders)
    {
      source = "omniglot_28x28.tar (dut-media-lab/BOML data/omniglot_resized)"
      for entry in try TarArchive.entries(of: tar, path: "omniglot_28x28.tar")
      where entry.name.hasSuffix(".png") {
        try writer.write(Array(tar[entry.range]), to: entry.name)
      }
    } else {
      var paths: [String] = []
      for name in TreeSource.officialOmniglotArchives {
        for place in folders.map({ "\($0.path)/omniglot/\(name)" })
        where try FileBytes.isThere(place) {
          paths.append(place)
          break
        }
      }
      guard paths.count == TreeSource.officialOmniglotArchives.count else {
        throw DatasetError(
          .missing,
          "The original files of Omniglot are not in \(folders.map(\.path).joined(separator: " or ")): "
            + "run `datasets fetch omniglot` first, or give --mirror.")
      }
      source = "brendenlake/omniglot: " + paths.joined(separator: ", ")
      for path in paths {
        for image in try official(path) {
          let decoded = try PNGImage.decode(image.bytes, path: "\(path): \(image.name)")
          let small = decoded.converted(channels: 1).resized(width: side, height: side)
          try writer.write(try small.encoded(), to: image.name)
        }
      }
    }
    return try writer.finish(
      ImageTreeDescription(name: "omniglot", source: source, command: command)
    ) { written throws(DatasetError) in
      try requireComplete(classes: written.classes, images: written.images, destination)
    }
  }

  /// Throws unless there are 1,623 characters with 20 drawings each.
  static func requireComplete(
    classes: Int, images: Int, _ path: String
  ) throws(DatasetError) {
    guard classes == characters, images == characters * drawers else {
      throw DatasetError(
        .unexpectedContents,
        "The tree \(path) has \(images) drawings of \(classes) characters, where Omniglot has 32,460 "
          + "of 1,623: run `datasets fetch omniglot` and `datasets convert --force omniglot`.")
    }
  }
}
