/// Names that an option may be given several times with.
extension [String] {
  /// The names in their order, each once.
  var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
