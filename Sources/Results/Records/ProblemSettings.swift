/// Which parts of a run's variant say that the run is of another problem, and not of another method or
/// cost: one list for all that puts runs side by side or beside published numbers.
package enum ProblemSettings {
  /// What variants say of the problem beside settings: that it is reduced, or that its validation images
  /// are drawn from a file of the user's own.
  package static let marks: Set<String> = ["problem", "validation"]

  /// What every variant of an experiment states of its problem, the protocol's own included: classes and
  /// images of a task, the start of y.
  package static let stated: Set<String> = ["ways", "shots", "y1", "y2"]

  /// How the names of settings begin that make another problem: those of data and networks.
  private static let beginnings = [
    "problem.", "data.", "corruption.", "network.", "extractor.", "split.",
  ]

  /// Whether a part of a variant makes the run's problem another than the protocol's.
  package static func changesProblem(_ key: String) -> Bool {
    marks.contains(key) || beginnings.contains { key.hasPrefix($0) }
  }

  /// Whether a part of a variant says which problem the run is of.
  package static func namesProblem(_ key: String) -> Bool {
    stated.contains(key) || changesProblem(key)
  }
}
