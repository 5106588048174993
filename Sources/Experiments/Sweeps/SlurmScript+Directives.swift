import Foundation

extension SlurmScript {
  /// The directives of a script, one line each, with those of its log and of the partition.
  ///
  /// - Parameter log: the name of the log in its folder, with Slurm's patterns such as `%A`.
  /// - Throws: ``SweepError`` where no directive can hold the folder of logs or the partition.
  func directives(_ own: [String], log: String) throws(SweepError) -> String {
    // Slurm puts numbers in place of %j and the like, and one percent sign in place of two.
    let folder = logs.replacingOccurrences(of: "%", with: "%%")
    guard let path = Self.value("\(folder)/\(log)") else {
      throw SweepError(
        "The folder of logs \(logs.debugDescription) cannot be used, since \(Self.limits); submit "
          + "from a folder whose path has none of them.", .usage)
    }
    var all = own + ["--output=\(path)"]
    if let partition {
      guard let name = Self.value(partition) else {
        throw SweepError(
          "The option --partition was given \(partition.debugDescription), but \(Self.limits); "
            + "give one of those that `sinfo` lists.", .usage)
      }
      all.append("--partition=\(name)")
    }
    return all.map { "#SBATCH " + $0 }.joined(separator: "\n")
  }

  /// A text as the value of a directive, in the double quotes that keep its spaces; nil for a text
  /// that would arrive as another or break the line.
  static func value(_ text: String) -> String? {
    // Scalars and not characters: an accent after a quote makes another character of it.
    let isHeld = text.unicodeScalars.allSatisfy { !["\"", "\\", "\n", "\r"].contains($0) }
    return isHeld ? "\"\(text)\"" : nil
  }

  private static let limits =
    "a directive of Slurm holds no double quote, no backslash and no line break"
}
