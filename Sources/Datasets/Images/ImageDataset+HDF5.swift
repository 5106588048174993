import Foundation

/// The file form, one file for each split, `<name>-<split>.h5`:
///
///     images              uint8 [count, height, width] or [count, height, width, channels]
///     labels              uint8 [count]
///     @name, @split       texts
///     @classNames         list of texts, in label order
///     @sourceDigest       list of texts, `sha256:<hexadecimal> <file>`
///     @contentDigest      text, see ``ImageDataset/contentDigest``
///     @synthetic          integer or boolean, 1 or true for generated images
///     @source, @command, @tool   texts: where the images come from
///
/// Only `images` and `labels` are required, so that people can bring files of their own: any number
/// type is read as long as its values are whole and from 0 to 255; without `classNames`, the classes
/// are called "0", "1", ... up to the largest label. What such files often mean otherwise is found by
/// `OwnFileReading` and said in ``ImageDataset/notes``.
extension ImageDataset {
  /// The data set in an HDF5 file, completely validated, its content digest included.
  ///
  /// Reads the whole file; memory is that of the images.
  ///
  /// - Parameter isLabelled: whether the file has labels; without, all images are of class 0.
  public static func load(
    _ path: String, isLabelled: Bool = true
  ) throws(DatasetError) -> ImageDataset {
    let file = try HDF5File.open(path)
    let (shape, images) = try bytes("images", in: file)
    guard shape.count == 3 || shape.count == 4 else {
      throw DatasetError(
        .unexpectedContents,
        "'images' in the file \(path) has the shape \(shape), and [count, height, width] or "
          + "[count, height, width, channels] is needed: store the images so.")
    }
    let (labelShape, labels) =
      isLabelled
      ? try bytes("labels", in: file)
      : ([shape[0]], [UInt8](repeating: 0, count: shape[0]))
    guard labelShape.count == 1 else {
      throw DatasetError(
        .unexpectedContents,
        "'labels' in the file \(path) has the shape \(labelShape), and [count] is needed: store "
          + "one label for each image.")
    }
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let provenance = ImageProvenance(
      source: try file.string("source") ?? "",
      sourceDigests: try file.strings("sourceDigest") ?? [],
      command: try file.string("command") ?? "",
      tool: try file.string("tool") ?? "",
      isSynthetic: try file.boolean("synthetic") ?? false)
    let recorded = try file.string("contentDigest")
    let reading = try OwnFileReading(
      images: images, labels: labels, classNames: try file.strings("classNames"),
      isOwnForm: recorded == nil, path: path)
    let dataset = try ImageDataset(
      name: try file.string("name") ?? stem, split: try file.string("split") ?? "",
      shape: shape, images: reading.images, labels: labels, classNames: reading.classNames,
      provenance: provenance, path: path,
      notes: (ChannelOrder.note(shape, place: "'images' in the file \(path)").map { [$0] } ?? [])
        + reading.notes)
    if let recorded, recorded != dataset.contentDigest {
      throw DatasetError(
        .digestMismatch,
        "The images and labels in \(path) have the SHA-256 \(dataset.contentDigest) and not the "
          + "recorded \(recorded): the file has been changed or damaged, create it again"
          + (provenance.command.isEmpty ? "." : " with `\(provenance.command) --force`."))
    }
    return dataset
  }

  private static func bytes(
    _ name: String, in file: HDF5File
  ) throws(DatasetError) -> (shape: [Int], values: [UInt8]) {
    if try file.storesBytes(name) {
      let array = try file.read(name, as: UInt8.self)
      return (array.shape, array.values)
    }
    let array = try file.readIntegers(name, in: 0...255)
    return (array.shape, array.values.map { UInt8($0) })
  }

  /// Writes the data set to `path`, atomically; the same data set gives the same bytes.
  public func save(_ path: String) throws(DatasetError) {
    let writer = try HDF5Writer(path: path)
    // About 200 kB a chunk: large enough to compress, small enough to read rows cheaply.
    let imagesPerChunk = max(1, 200_000 / featureCount)
    try writer.write(
      images, shape: shape, to: "images",
      layout: .chunked([imagesPerChunk] + shape.dropFirst(), level: 3))
    try writer.write(
      labels, shape: [count], to: "labels", layout: .chunked([65_536], level: 3))
    try writer.setAttribute("name", .string(name))
    try writer.setAttribute("split", .string(split))
    try writer.setAttribute("classNames", .strings(classNames))
    try writer.setAttribute("sourceDigest", .strings(sourceDigests))
    try writer.setAttribute("contentDigest", .string(contentDigest))
    try writer.setAttribute("synthetic", .integer(isSynthetic ? 1 : 0))
    try writer.setAttribute("source", .string(provenance.source))
    try writer.setAttribute("command", .string(provenance.command))
    try writer.setAttribute("tool", .string(provenance.tool))
    try writer.finish()
  }
}
