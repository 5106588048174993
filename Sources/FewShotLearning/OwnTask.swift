import Datasets
import Experiments
import Tensors

/// A task of one's own: a folder with labelled images in `support/<class>/` and images to classify in
/// `query/`, or, where their labels are known, in `query/<class>/`.
package struct OwnTask: Sendable {
  /// The names of the classes, in the order of the network's outputs.
  package let classes: [String]
  /// What a person should know of how the folders were read.
  package let notes: [String]
  /// The images to classify: path below `query`, class if it is known.
  package let queries: [(path: String, label: Int?)]
  private let support: ImageTree
  private let query: ImageTree

  /// The task below a folder, in the form that a network was trained on.
  ///
  /// - Throws: `DatasetError` where a folder is absent, empty or damaged, where there are fewer than
  ///   two classes, or where images to classify are labelled with a class that has no example.
  package init(_ path: String, _ data: FewShotSettings.Data) throws(DatasetError) {
    let form = data.normalisation
    support = try ImageTree.load(
      "\(path)/support", form, remedy: "put labelled images into \(path)/support/<class>/")
    query = try ImageTree.load(
      "\(path)/query", form, remedy: "put the images to classify into \(path)/query/",
      rootIsClass: true)
    let classes = support.classes.map(\.name)
    self.classes = classes
    guard classes.count > 1 else {
      throw DatasetError(
        .unexpectedContents,
        "The folder \(path)/support has the one class \(classes.first ?? ""): add a folder for "
          + "another class, since there is nothing to tell apart.")
    }
    var queries: [(path: String, label: Int?)] = []
    for group in query.classes {
      // By its bytes: names that differ in how an accent is written are two folders, and so two classes.
      let label = classes.firstIndex { $0.utf8.elementsEqual(group.name.utf8) }
      guard label != nil || group.name.isEmpty else {
        throw DatasetError(
          .unexpectedContents,
          "The folder \(path)/query/\(group.name) is named after a class that \(path)/support lacks: "
            + "add labelled images of it, or move its images to \(path)/query.")
      }
      queries += group.files.map { (group.name.isEmpty ? $0 : "\(group.name)/\($0)", label) }
    }
    self.queries = queries
    notes = support.notes + query.notes
  }

  /// The task with some of its images to classify. Labels that are unknown are 0: predictions do not
  /// depend on them.
  package func episode<Scalar: TensorScalar>(
    queries positions: [Int], as type: Scalar.Type = Scalar.self
  ) -> Episode<Scalar> {
    func images(_ tree: ImageTree, _ positions: [Int]) -> Tensor<Scalar> {
      tree.tensor(positions.map { ($0, 0) })
    }
    return Episode(
      ways: classes.count, supportImages: images(support, Array(0..<support.count)),
      supportLabels: support.classes.indices.flatMap { index in
        Array(repeating: index, count: support.classes[index].files.count)
      },
      queryImages: images(query, positions),
      queryLabels: positions.map { queries[$0].label ?? 0 })
  }
}
