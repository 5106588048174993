import Commands

extension Console {
  /// Warns of settings that were given and that nothing reads, if there are any: no setting is ignored
  /// in silence.
  ///
  /// - Parameter reason: what does not read them, to follow the names: "which nothing that is run here
  ///   reads".
  package func show(ignored keys: [String], _ reason: String) {
    guard !keys.isEmpty else { return }
    show(warning: "Ignored: \(Spelling.list(keys.sorted())), \(reason).")
  }
}
