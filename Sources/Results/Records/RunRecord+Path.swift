import Files
import Foundation

/// What tells one run from another: two runs of equal identity replace each other.
public struct RunIdentity: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The experiment's name.
  public let experiment: String
  /// The method's name.
  public let method: String
  /// The protocol's name.
  public let protocolName: String
  /// The variant as text: "K100,outerStepSize=0.1"; empty for the preset itself.
  public let variant: String
  /// The budget's name.
  public let budget: String
  /// The seed.
  public let seed: UInt64
  /// The scalar type: "float" or "double".
  public let scalar: String
  /// The digest of the run's data sets; see ``RunRecord/DatasetUse/digest(of:)``. Empty without data.
  public let dataDigest: String

  /// The identity of a run with the given settings, before or after it has run.
  public init(
    experiment: String, method: String, protocolName: String, variant: [String: Value],
    budget: String, seed: UInt64, scalar: String, datasets: [RunRecord.DatasetUse]
  ) {
    self.experiment = experiment
    self.method = method
    self.protocolName = protocolName
    self.variant = RunRecord.pathComponent(variant: variant)
    self.budget = budget
    self.seed = seed
    self.scalar = scalar
    dataDigest = RunRecord.DatasetUse.digest(of: datasets)
  }

  /// The identity in one line, for messages.
  public var description: String {
    let parts = [experiment, method, protocolName, variant, budget, scalar].filter { !$0.isEmpty }
    let data = dataDigest.isEmpty ? "" : " / data \(dataDigest)"
    return parts.joined(separator: " / ") + data + " / seed \(seed)"
  }

  /// Where the record lies below the folder of runs:
  /// `<experiment>/<method>/<protocol>[/<variant>]/<budget>-<scalar>-seed<k>[-<dataDigest>].json`.
  ///
  /// Different identities have different paths: characters that could confuse two names are
  /// percent-encoded, and the variant lists its settings sorted by name (`innerSteps` as `K100`,
  /// others as `name=value`). A variant of more than 60 bytes is cut to 40 and ends in `~` and the
  /// first 8 digits of the SHA-256 of the whole.
  public var relativePath: String {
    let folders = [experiment, method, protocolName].map(RunRecord.encoded)
    let variant = variant.isEmpty ? [] : [shortVariant]
    let data = dataDigest.isEmpty ? "" : "-" + dataDigest
    let run = [budget, scalar].map(RunRecord.encoded).joined(separator: "-")
    return (folders + variant + ["\(run)-seed\(seed)\(data).json"]).joined(separator: "/")
  }

  /// The variant as one component of a path, short enough to read.
  var shortVariant: String {
    guard variant.utf8.count > 60 else { return variant }
    // Encoded text is ASCII, so cutting by bytes cannot cut a character.
    return String(decoding: variant.utf8.prefix(40), as: UTF8.self) + "~"
      + SHA256.hexadecimal(variant.utf8).prefix(8)
  }

  /// Whether one identity comes before the other: by name, inner steps by number, then seed.
  public static func < (left: RunIdentity, right: RunIdentity) -> Bool {
    for part in [\RunIdentity.experiment, \.protocolName, \.budget, \.method, \.variant]
    where left[keyPath: part] != right[keyPath: part] {
      return left[keyPath: part].compare(
        right[keyPath: part], options: [.numeric, .forcedOrdering]) == .orderedAscending
    }
    if left.seed != right.seed { return left.seed < right.seed }
    return (left.scalar, left.dataDigest) < (right.scalar, right.dataDigest)
  }
}

extension RunRecord {
  /// What tells this run from others.
  public var identity: RunIdentity {
    RunIdentity(
      experiment: experiment, method: method.name, protocolName: protocolName, variant: variant,
      budget: budget, seed: seed, scalar: scalar, datasets: datasets)
  }

  /// Where the record lies below the folder of runs; see ``RunIdentity/relativePath``.
  public var relativePath: String { identity.relativePath }

  /// The variant as text of letters that paths may have; empty for an empty variant.
  static func pathComponent(variant: [String: Value]) -> String {
    let settings = variant.sorted { $0.key < $1.key }.map { name, value -> String in
      if name == "innerSteps", let steps = value.integerValue { return "K\(steps)" }
      return encoded(name) + "=" + encoded(value.plainText)
    }
    return settings.joined(separator: ",")
  }

  /// The text with every byte outside letters, digits, "." (not first), "-" and "+" as `%XX`.
  package static func encoded(_ text: String) -> String {
    var result = ""
    for (index, byte) in text.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: ".") where index > 0:
        result += "."
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return result
  }
}
