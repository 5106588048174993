import Bilevel
import Datasets
import Experiments
import Networks
import Tensors

/// The network, the point x and the tasks that an input file gives, checked.
package struct HypergradientInput<Scalar: TensorScalar & HDF5Element> {
  /// The network below the head.
  package let network: ConvolutionalNetwork
  /// N, classes of a task.
  package let ways: Int
  /// Parameters of the network, followed by the head's where the file has them.
  package let x: Parameters<Scalar>
  /// Whether the file has the parameters of a head.
  package let hasHead: Bool
  /// The tasks.
  package let episodes: [Episode<Scalar>]

  /// The contents of the file; see the command's help for the schema.
  ///
  /// - Throws: `DatasetError` that names the array, what it holds and what it should hold.
  package init(
    readingFrom path: String, halving: ConvolutionalNetwork.Halving,
    padding: ConvolutionalNetwork.Padding, epsilon: Double
  ) throws {
    let arrays = try ArrayFile(path)
    let file = arrays.file
    var tensors: [Tensor<Scalar>] = []
    var filters: [Int] = []
    let images: Tensor<Scalar> = try arrays.tensor("support/images", ranks: [4, 5])
    let support = images.channelsLastImages()
    let queryImages: Tensor<Scalar> = try arrays.tensor("query/images", ranks: [4, 5])
    let query = queryImages.channelsLastImages()
    let learnsScale = try file.contains("x/gamma0")
    var channels = support.shape[4]
    for block in 0..<64 {
      guard try file.contains("x/conv\(block)") else { continue }
      guard block == filters.count else { break }
      let weights: Tensor<Scalar> = try arrays.tensor(
        "x/conv\(block)", shape: [-1, channels, 3, 3],
        "[filters, channels, 3, 3] with the channels of what goes in")
      channels = weights.shape[0]
      filters.append(channels)
      tensors.append(weights.channelsLastFilters())
      for name in learnsScale ? ["gamma\(block)", "beta\(block)"] : ["beta\(block)"] {
        tensors.append(
          try arrays.tensor("x/\(name)", shape: [channels], "one per filter of x/conv\(block)"))
      }
    }
    guard !filters.isEmpty else {
      throw DatasetError(
        .malformed, "The file \(path) has no array x/conv0: give the filters of every block.")
    }
    let unread = (0..<64).flatMap { block in
      (block < filters.count ? [] : ["conv", "beta"]).map { "x/\($0)\(block)" }
        + (block < filters.count && learnsScale ? [] : ["x/gamma\(block)"])
    }
    if let name = try unread.first(where: { try file.contains($0) }) {
      throw DatasetError(
        .malformed,
        "The array \(name) of \(path) belongs to no block: number the blocks from 0 without gaps, and "
          + "give every block a gamma or none.")
    }
    let (height, width) = (support.shape[2], support.shape[3])
    guard height == width, Array(query.shape.dropFirst(2)) == Array(support.shape.dropFirst(2)),
      query.shape[0] == support.shape[0]
    else {
      throw DatasetError(
        .malformed,
        "The arrays support/images and query/images of \(path) have shapes \(images.shape) and "
          + "\(queryImages.shape): give square images of one size and equally many tasks in both.")
    }
    let supportLabels = try arrays.labelRows("support/labels", like: support.shape)
    let queryLabels = try arrays.labelRows("query/labels", like: query.shape)
    hasHead = try file.contains("x/head/weights")
    var ways = 1 + ((supportLabels + queryLabels).flatMap(\.self).max() ?? 0)
    var averages = false
    func network(_ averages: Bool) -> ConvolutionalNetwork {
      ConvolutionalNetwork(
        side: height, channels: support.shape[4], filters: filters, halving: halving,
        padding: padding, learnsScale: learnsScale, averagesPixels: averages, epsilon: epsilon)
    }
    let sides = ConvolutionalNetwork.sides(from: height, blocks: filters.count, halving)
    guard sides.last ?? 0 > 0 else {
      throw DatasetError(
        .malformed,
        "The \(filters.count) blocks of \(path) leave no pixel of images of \(height) x \(width): use "
          + "--halving stride, fewer blocks or larger images.")
    }
    if hasHead {
      let weights: Tensor<Scalar> = try arrays.tensor("x/head/weights", ranks: [2])
      let features = network(false).featureCount
      averages = weights.shape[0] != features && weights.shape[0] == filters[filters.count - 1]
      try arrays.require(
        weights.shape, "x/head/weights",
        [averages ? filters[filters.count - 1] : features, max(ways, weights.shape[1])],
        "one row per feature, listed as [row, column, filter], and one column per class")
      ways = weights.shape[1]
      tensors += [
        weights,
        try arrays.tensor("x/head/bias", shape: [ways], "one per column of x/head/weights"),
      ]
    }
    self.network = network(averages)
    self.ways = ways
    x = Parameters(tensors)
    let side = height
    episodes = (0..<support.shape[0]).map { task in
      func images(_ all: Tensor<Scalar>) -> Tensor<Scalar> {
        all.gatheringRows([task]).reshaped([all.shape[1], side, side, all.shape[4]])
      }
      return Episode(
        ways: ways, supportImages: images(support), supportLabels: supportLabels[task],
        queryImages: images(query), queryLabels: queryLabels[task])
    }
  }
}
