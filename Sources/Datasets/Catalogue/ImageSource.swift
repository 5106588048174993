import Files

/// A public image data set: its files, where they are published, and what their bytes must be.
public struct ImageSource: Sendable, Equatable {
  /// The name used by commands and ready files, such as `fashion-mnist`.
  public let name: String
  /// The folder that the original files lie in, here and in mirrors.
  public let folder: String
  /// The name of each class, in label order.
  public let classNames: [String]
  /// The splits, each an image file and a label file, or one file of both.
  public let splits: [Split]
  /// The addresses below which the files lie, the official one first; none where only a mirror has them.
  public let addresses: [String]
  /// The terms of use and whom to cite.
  public let licence: String

  /// One split of a data set.
  public struct Split: Sendable, Equatable {
    /// The name, `train` or `test`.
    public let name: String
    /// The pixels: IDX of rank 3, or records with their classes.
    public let images: SourceFile
    /// The classes: IDX of rank 1, or the file of ``images`` again.
    public let labels: SourceFile

    /// A split of the two files, or of one that is both.
    package init(name: String, images: SourceFile, labels: SourceFile) {
      self.name = name
      self.images = images
      self.labels = labels
    }

    /// Its files, each once.
    public var files: [SourceFile] { images == labels ? [images] : [images, labels] }
  }

  /// A data set that is not in the list of known ones.
  package init(
    name: String, folder: String? = nil, classNames: [String], splits: [Split],
    addresses: [String], licence: String
  ) {
    self.name = name
    self.folder = folder ?? name
    self.classNames = classNames
    self.splits = splits
    self.addresses = addresses
    self.licence = licence
  }

  /// All files, in the order in which they are fetched.
  public var files: [SourceFile] { splits.flatMap(\.files) }
}

/// A published file, pinned by its decompressed bytes (compressed bytes vary with the packer).
public struct SourceFile: Sendable, Equatable {
  /// The name without `.gz`.
  public let name: String
  /// The size when decompressed.
  public let byteCount: Int
  /// The SHA-256 when decompressed, 64 hexadecimal digits.
  public let sha256: String

  /// A file whose decompressed bytes have the given size and digest.
  package init(name: String, byteCount: Int, sha256: String) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
  }

  /// The name under which the file is published.
  public var compressedName: String { name + ".gz" }

  /// The bytes as they must be, decompressed when they are gzip, or an error naming `path`.
  package func verified(_ bytes: [UInt8], path: String) throws(DatasetError) -> [UInt8] {
    let content =
      Gzip.isCompressed(bytes)
      ? try Gzip.decompress(bytes, limit: byteCount, path: path) : bytes
    guard content.count == byteCount else {
      throw DatasetError(
        .malformed,
        "The file \(path) has \(content.count) bytes once decompressed, where \(byteCount) are "
          + "published: it is cut short or not \(name), fetch it again.")
    }
    let found = SHA256.hexadecimal(content)
    guard found == sha256 else {
      throw DatasetError(
        .digestMismatch,
        "The decompressed bytes of \(path) have the SHA-256 \(found) and not \(sha256): the file "
          + "is damaged or not \(name), fetch it again.")
    }
    return content
  }
}

extension ImageSource {
  /// MNIST: handwritten digits, LeCun, Cortes and Burges.
  public static let mnist = ImageSource(
    name: "mnist",
    classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    splits: idxSplits(
      trainImages: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      trainLabels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      testImages: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      testLabels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    addresses: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    licence: "Y. LeCun, C. Cortes, C. J. C. Burges; cite LeCun et al., Proc. IEEE 86(11), 1998")

  /// Fashion-MNIST: articles of clothing, Xiao, Rasul and Vollgraf.
  public static let fashionMNIST = ImageSource(
    name: "fashion-mnist",
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    splits: idxSplits(
      trainImages: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      trainLabels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      testImages: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      testLabels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    addresses: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ],
    licence: "MIT, Zalando SE, 2017; cite Xiao, Rasul, Vollgraf, arXiv:1708.07747")

  /// A part of CIFAR-10: small colour photographs, Krizhevsky. 10,126 of the 50,000 training images and
  /// 9,874 of the 10,000 test images, as far as they were recovered; its name says that it is not all.
  public static let cifar10Subset = ImageSource(
    name: "cifar-10-subset", folder: "cifar-10",
    classNames: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ],
    splits: [
      recordSplit(
        "train", count: 10_126,
        "a669e62d9193a4d85af2315b36bcad1af1edf3e5d0a10ebbce4ca23150b0d0dc"),
      recordSplit(
        "test", count: 9_874,
        "3664f8bd83f66857ff2797f95444b9c6bfcd2eff1817fd110b3fe42d1028000b"),
    ],
    addresses: [],
    licence: "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009")

  /// Every known data set, in the order in which lists show them.
  public static let all: [ImageSource] = [mnist, fashionMNIST, cifar10Subset]

  /// Those that can be had without a mirror.
  public static var published: [ImageSource] { all.filter { !$0.addresses.isEmpty } }

  /// The data set of this name, nil when there is none.
  public static func named(_ name: String) -> ImageSource? { all.first { $0.name == name } }

  /// A split in one file of records of 3,073 bytes: the class, then the pixels.
  private static func recordSplit(_ name: String, count: Int, _ sha256: String) -> Split {
    let file = SourceFile(name: "\(name)-subset.bin", byteCount: 3_073 * count, sha256: sha256)
    return Split(name: name, images: file, labels: file)
  }

  /// The four files of a data set in MNIST's layout: 60,000 + 10,000 images of 28 x 28.
  private static func idxSplits(
    trainImages: String, trainLabels: String, testImages: String, testLabels: String
  ) -> [Split] {
    // 784 bytes an image after a header of 16 bytes, 1 byte a label after a header of 8.
    func split(_ name: String, _ prefix: String, _ count: Int, _ images: String, _ labels: String)
      -> Split
    {
      Split(
        name: name,
        images: SourceFile(
          name: "\(prefix)-images-idx3-ubyte", byteCount: 16 + 784 * count, sha256: images),
        labels: SourceFile(
          name: "\(prefix)-labels-idx1-ubyte", byteCount: 8 + count, sha256: labels))
    }
    return [
      split("train", "train", 60_000, trainImages, trainLabels),
      split("test", "t10k", 10_000, testImages, testLabels),
    ]
  }
}
