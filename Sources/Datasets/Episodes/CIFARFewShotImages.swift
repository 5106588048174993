import Foundation

/// CIFAR-100 (Krizhevsky, 2009) as a tree of colour images with the class split of CIFAR-FS
/// (Bertinetto et al., ICLR 2019): 64 classes to train on, 16 for validation, 20 for test.
package enum CIFARFewShotImages {
  private struct Entry: Codable {
    var name: String
    var label: Int

    enum CodingKeys: String, CodingKey {
      case name
      case label = "fine_label"
    }
  }

  private struct Split: Codable {
    var train: [Entry]
    var val: [Entry]
    var test: [Entry]
    var all: [Entry] { train + val + test }
  }

  static func write(
    to destination: String, from folders: [DataFolder], command: String
  ) throws(DatasetError) -> ImageTreeDescription {
    var contents: [[UInt8]] = []
    for file in TreeSource.cifarFS.files {
      guard let bytes = try DataFolder.original(file, of: .cifarFS, in: folders) else {
        throw DatasetError(
          .missing,
          "The original file cifar-100/\(file.compressedName) is not in "
            + "\(folders.map(\.path).joined(separator: " or ")): run `datasets fetch cifar-fs` first, "
            + "or give --mirror.")
      }
      contents.append(bytes)
    }
    let split = try split(in: contents[2])
    let names = Dictionary(
      split.all.map { ($0.label, $0.name) }, uniquingKeysWith: { first, _ in first })
    let writer = try ImageTreeWriter(path: destination, files: [ClassSplit.fileName])
    for (part, bytes) in zip(["train", "test"], contents) {
      for (number, record) in try records(of: bytes, path: "cifar-100/\(part)").enumerated() {
        guard let name = names[record.label] else {
          throw DatasetError(
            .unexpectedContents,
            "Record \(number) of cifar-100/\(part) has the fine label \(record.label), which is above "
              + "99: fetch the file again.")
        }
        let digits = String(format: "%05d", number)
        try writer.write(try record.image.encoded(), to: "\(name)/\(part)-\(digits).png")
      }
    }
    let classes = ClassSplit(
      train: split.train.map(\.name), validation: split.val.map(\.name),
      test: split.test.map(\.name))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    if let data = try? encoder.encode(classes) {
      try writer.write(Array(data), to: ClassSplit.fileName)
    }
    return try writer.finish(
      ImageTreeDescription(
        name: "cifar-fs",
        source: "CIFAR-100: the official test split and 50 training images per class",
        command: command))
  }

  /// The classes of each part: all 100 labels, each once, each under a name of its own.
  private static func split(in bytes: [UInt8]) throws(DatasetError) -> Split {
    guard let split = try? JSONDecoder().decode(Split.self, from: Data(bytes)),
      split.all.count == 100, Set(split.all.map(\.label)) == Set(0..<100),
      Set(split.all.map(\.name)).count == 100
    else {
      throw DatasetError(
        .malformed,
        "The file cifar-100/cifar-fs-split.json does not deal the 100 classes into train, val and "
          + "test: fetch it again.")
    }
    return split
  }

  /// The records of a file of CIFAR-100 in its binary form: fine label and colour image.
  ///
  /// - Parameter path: the file named in errors.
  package static func records(
    of bytes: [UInt8], path: String
  ) throws(DatasetError) -> [(label: Int, image: PNGImage)] {
    let records = try CIFARRecords.parse(bytes, labelBytes: 2, path: path)
    return records.labels.indices.map { index in
      let pixels = Array(records.pixels[3_072 * index..<3_072 * (index + 1)])
      return (
        Int(records.labels[index]), PNGImage(width: 32, height: 32, channels: 3, pixels: pixels)
      )
    }
  }
}
