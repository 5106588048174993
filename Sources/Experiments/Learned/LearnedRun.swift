import Bilevel
import Datasets
import Files
import Results
import Tensors

/// What a run has learned, in a form that other programs read: x, y and the optimiser's state, with
/// enough about the run to use them.
///
/// A file has one group for each point, and in it one array for each component:
///
///     x/<name>                    the upper variable after the last outer iteration
///     best/<name>                 few-shot: x at the best validation, which the test was taken at
///     y/<name>                    the lower variable trained at x (absent in few-shot, where every
///                                 task trains its own from a known start)
///     optimizer/moment<i>/<name>  the outer optimiser's moments, in the order that it keeps them
///     memory/<point>/<name>       what the hypergradient carries from one iteration to the next
///     state/<point>/<name>        what else the experiment keeps, such as running moments
package struct LearnedRun<Scalar: TensorScalar & HDF5Element>: Sendable, Equatable {
  /// One group of arrays.
  package struct Group: Sendable, Equatable {
    /// The path of the group.
    package var name: String
    /// The names of its arrays, in order.
    package var components: [String]
    /// The arrays.
    package var point: Parameters<Scalar>

    /// A group; components without a name are called by their number.
    package init(_ name: String, _ components: [String], _ point: Parameters<Scalar>) {
      self.name = name
      self.components = point.tensors.indices.map {
        $0 < components.count ? components[$0] : "\($0)"
      }
      self.point = point
    }
  }

  /// Which run it was.
  package var description: LearnedDescription
  /// The groups, x first.
  package var groups: [Group]

  /// What was learned by a run.
  package init(description: LearnedDescription, groups: [Group]) {
    self.description = description
    self.groups = groups
  }

  /// The point of a group; nil where there is none of that name.
  package func point(_ name: String) -> Parameters<Scalar>? {
    groups.first { $0.name == name }?.point
  }

  /// The SHA-256 of all arrays with their names and shapes, in hexadecimal.
  package var contentDigest: String {
    var digest = SHA256()
    for group in groups {
      for (component, tensor) in zip(group.components, group.point.tensors) {
        digest.update("\(group.name)/\(component) \(tensor.shape) \(Scalar.name)\n".utf8)
        digest.update(tensor.scalars.withUnsafeBytes { Array($0) })
      }
    }
    return digest.finalize()
  }
}

/// Which run has learned something: who it was, under which settings, on which data.
package struct LearnedDescription: Sendable, Equatable {
  /// The experiment's name.
  package var experiment: String
  /// The method's or baseline's name.
  package var method: String
  /// The protocol's name.
  package var protocolName: String
  /// The budget's name.
  package var budget: String
  /// The seed.
  package var seed: UInt64
  /// How the run ended, as in its record.
  package var status: String
  /// Outer iterations done.
  package var outerIterations: Int
  /// The optimiser's own count of steps.
  package var optimizerIteration: Int
  /// The resolved settings.
  package var configuration: Value
  /// The data: `<name> <SHA-256>`, one for each use.
  package var datasets: [String]
  /// The height, width and channels of the inputs that were learned on; nil where the file does not say.
  package var inputShape: [Int]?

  /// A description.
  package init(
    experiment: String, method: String, protocolName: String, budget: String, seed: UInt64,
    status: String, outerIterations: Int, optimizerIteration: Int, configuration: Value,
    datasets: [String], inputShape: [Int]? = nil
  ) {
    self.experiment = experiment
    self.method = method
    self.protocolName = protocolName
    self.budget = budget
    self.seed = seed
    self.status = status
    self.outerIterations = outerIterations
    self.optimizerIteration = optimizerIteration
    self.configuration = configuration
    self.datasets = datasets
    self.inputShape = inputShape
  }
}
