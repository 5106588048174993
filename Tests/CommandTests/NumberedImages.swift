import Datasets

/// Images that say which they are: four pixels, the position in 250s and the rest, the file, the label.
///
/// With them a test can ask every row of features where it came from.
enum NumberedImages {
  /// What a row of features says of itself.
  struct Origin: Hashable {
    let isTestFile: Bool
    let position: Int
    let label: Int
  }

  static let classCount = 5

  /// `count` images whose labels are drawn from `classCount` classes.
  static func dataset(count: Int, isTestFile: Bool) throws -> ImageDataset {
    let labels = (0..<count).map { UInt8(($0 * 7 + $0 / 3) % classCount) }
    let images = (0..<count).flatMap { position -> [UInt8] in
      [
        UInt8(position / 250), UInt8(position % 250), isTestFile ? 1 : 0,
        labels[position],
      ]
    }
    return try ImageDataset(
      name: "numbered", split: isTestFile ? "test" : "train", shape: [count, 2, 2],
      images: images, labels: labels, classNames: (0..<classCount).map { "\($0)" },
      provenance: ImageProvenance(isSynthetic: true))
  }

  /// Writes both files to a folder and returns it.
  static func write(train: Int, test: Int, to path: String) throws -> DataFolder {
    let folder = DataFolder(path: path)
    for (count, isTestFile) in [(train, false), (test, true)] {
      let file = try dataset(count: count, isTestFile: isTestFile)
      try file.save(folder.readyPath(name: "numbered", split: file.split))
    }
    return folder
  }

  /// Where the rows of features came from.
  static func origins(_ scalars: [Double]) -> [Origin] {
    stride(from: 0, to: scalars.count, by: 4).map { start in
      let bytes = scalars[start..<start + 4].map { Int(($0 * 255).rounded()) }
      return Origin(
        isTestFile: bytes[2] == 1, position: 250 * bytes[0] + bytes[1], label: bytes[3])
    }
  }
}
