import Tensors

/// Draws N-way M-shot episodes from the classes of one part of a split.
///
/// A pure function of (seed, purpose, episode number): episode i does not depend on how many were
/// drawn before, which is what lets a stopped run continue, and threads draw in any order.
public struct EpisodeSampler: Sendable {
  /// The images.
  public let tree: ImageTree
  /// N, classes per episode.
  public let ways: Int
  /// M, labelled images per class.
  public let shots: Int
  /// Images per class that the labels are predicted for.
  public let queries: Int
  /// Whether each class turned by 90, 180 and 270 degrees counts as three more classes.
  public let rotationsAreClasses: Bool
  /// Whether images to classify are drawn from all images of a class, labelled ones among them.
  public let supportRecurs: Bool
  private let classes: [ImageTree.Class]
  private let stream: RandomStream

  /// A sampler over the named classes.
  ///
  /// - Throws: when there are too few classes, or a class has too few images.
  public init(
    tree: ImageTree, classes names: [String], ways: Int, shots: Int, queries: Int,
    rotationsAreClasses: Bool, supportRecurs: Bool = false, seed: UInt64, purpose: String
  ) throws(DatasetError) {
    let byName = Dictionary(
      tree.classes.map { (ExactName($0.name), $0) }, uniquingKeysWith: { first, _ in first })
    classes = names.compactMap { byName[ExactName($0)] }
    let available = classes.count * (rotationsAreClasses ? 4 : 1)
    guard ways <= available else {
      throw DatasetError(
        .unexpectedContents,
        "Episodes of \(ways) classes cannot be drawn from what \(tree.path) has for \(purpose), "
          + "which is \(available == 1 ? "1 class" : "\(available) classes"): lower task.ways or "
          + "change the split.")
    }
    // The sum of two settings may be more than an integer holds.
    let (sum, overflow) = shots.addingReportingOverflow(queries)
    let needed = supportRecurs ? max(shots, queries) : sum
    if let small = classes.first(where: {
      overflow && !supportRecurs || $0.files.count < needed
    }) {
      throw DatasetError(
        .unexpectedContents,
        "The class \(small.name) of \(tree.path) has \(small.files.count) images, fewer than the "
          + "\(shots) labelled ones and \(queries) to classify of an episode: lower task.shots or "
          + "task.queries.")
    }
    self.tree = tree
    self.ways = ways
    self.shots = shots
    self.queries = queries
    self.rotationsAreClasses = rotationsAreClasses
    self.supportRecurs = supportRecurs
    stream = RandomStream(seed: seed, purpose: "episodes for \(purpose)")
  }

  /// Which images an episode shows.
  public struct Selection: Sendable, Equatable {
    /// One image: its position in the tree, and its quarter turns.
    public struct Image: Sendable, Equatable {
      /// The position of the image in the tree.
      public var position: Int
      /// Quarter turns counter-clockwise.
      public var quarterTurns: Int
    }
    /// The labelled images, `shots` of each class, class by class.
    public var support: [Image]
    /// The images to classify, `queries` of each class, class by class.
    public var query: [Image]
  }

  /// The images of episode `index`.
  public func selection(_ index: Int) -> Selection {
    var random = stream.split("episode", index)
    let turns = rotationsAreClasses ? 4 : 1
    // Distinct (class, rotation) pairs, by rejection: usually N is small against their number.
    var chosen: [Int] = []
    while chosen.count < ways {
      let candidate = random.integer(below: classes.count * turns)
      if !chosen.contains(candidate) { chosen.append(candidate) }
    }
    var selection = Selection(support: [], query: [])
    for candidate in chosen {
      let source = classes[candidate / turns]
      func drawn(_ count: Int) -> [Selection.Image] {
        random.permutation(source.files.count).prefix(count).map {
          Selection.Image(position: source.firstImage + $0, quarterTurns: candidate % turns)
        }
      }
      if supportRecurs {
        selection.support += drawn(shots)
        selection.query += drawn(queries)
      } else {
        let images = drawn(shots + queries)
        selection.support += images.prefix(shots)
        selection.query += images.suffix(queries)
      }
    }
    return selection
  }

  /// Episode `index` as tensors.
  public func episode<Scalar: TensorScalar>(
    _ index: Int, as type: Scalar.Type = Scalar.self
  ) -> Episode<Scalar> {
    let selection = selection(index)
    func images(_ list: [Selection.Image]) -> Tensor<Scalar> {
      tree.tensor(list.map { ($0.position, $0.quarterTurns) })
    }
    func labels(_ perClass: Int) -> [Int] {
      (0..<ways).flatMap { Array(repeating: $0, count: perClass) }
    }
    return Episode(
      ways: ways, supportImages: images(selection.support), supportLabels: labels(shots),
      queryImages: images(selection.query), queryLabels: labels(queries))
  }
}

extension EpisodeSampler {
  /// All classes that can be drawn, those turned by quarter turns counted apart.
  public var classCount: Int { classes.count * (rotationsAreClasses ? 4 : 1) }

  /// Batch `index` for plain classification into all ``classCount`` classes: as many images as an
  /// episode has, drawn with replacement, all of them to classify; none is a labelled example.
  public func batch<Scalar: TensorScalar>(
    _ index: Int, as type: Scalar.Type = Scalar.self
  ) -> Episode<Scalar> {
    var random = stream.split("batch", index)
    let turns = rotationsAreClasses ? 4 : 1
    var (images, labels): ([(position: Int, quarterTurns: Int)], [Int]) = ([], [])
    for _ in 0..<ways * (shots + queries) {
      let label = random.integer(below: classCount)
      let source = classes[label / turns]
      images.append(
        (source.firstImage + random.integer(below: source.files.count), label % turns))
      labels.append(label)
    }
    return Episode(
      ways: classCount, supportImages: tree.tensor([]), supportLabels: [],
      queryImages: tree.tensor(images), queryLabels: labels)
  }
}

/// One task: classes told apart by a few labelled images.
public struct Episode<Scalar: TensorScalar>: Sendable {
  /// N.
  public let ways: Int
  /// The labelled images, `[N M, height, width, channels]` in [0, 1].
  public let supportImages: Tensor<Scalar>
  /// Their classes in `0..<N`.
  public let supportLabels: [Int]
  /// The images to classify, `[N Q, height, width, channels]` in [0, 1].
  public let queryImages: Tensor<Scalar>
  /// Their classes.
  public let queryLabels: [Int]

  /// An episode of the given images.
  public init(
    ways: Int, supportImages: Tensor<Scalar>, supportLabels: [Int],
    queryImages: Tensor<Scalar>, queryLabels: [Int]
  ) {
    self.ways = ways
    self.supportImages = supportImages
    self.supportLabels = supportLabels
    self.queryImages = queryImages
    self.queryLabels = queryLabels
  }
}
