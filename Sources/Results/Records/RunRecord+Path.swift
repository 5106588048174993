import Foundation

/// What tells one run from another: two runs of equal identity replace each other.
public struct RunIdentity: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The experiment's name.
  public let experiment: String
  /// The method's name.
  public let method: String
  /// The protocol's name.
  public let protocolName: String
  /// The variant as it appears in paths: "K100,outerStepSize=0.1"; empty for the preset itself.
  public let variant: String
  /// The budget's name.
  public let budget: String
  /// The seed.
  public let seed: Int

  /// The identity of a run with the given settings, before or after it has run.
  public init(
    experiment: String, method: String, protocolName: String, variant: [String: Value],
    budget: String, seed: Int
  ) {
    self.experiment = experiment
    self.method = method
    self.protocolName = protocolName
    self.variant = RunRecord.pathComponent(variant: variant)
    self.budget = budget
    self.seed = seed
  }

  /// The identity in one line, for messages.
  public var description: String {
    let parts = [experiment, method, protocolName, variant, budget].filter { !$0.isEmpty }
    return parts.joined(separator: " / ") + " / seed \(seed)"
  }

  /// Where the record lies below the folder of runs:
  /// `<experiment>/<method>/<protocol>[/<variant>]/<budget>-seed<k>.json`.
  ///
  /// Different identities have different paths: characters that could confuse two names are
  /// percent-encoded, and the variant lists its settings sorted by name (`innerSteps` as `K100`,
  /// others as `name=value`). A variant too long for a file system is cut and ends in `~` and a
  /// 64-bit hash of the whole.
  public var relativePath: String {
    let folders = [experiment, method, protocolName].map(RunRecord.encoded)
    let variant = variant.isEmpty ? [] : [variant]
    let file = "\(RunRecord.encoded(budget))-seed\(seed).json"
    return (folders + variant + [file]).joined(separator: "/")
  }

  /// Whether one identity comes before the other: by name, inner steps by number, then seed.
  public static func < (left: RunIdentity, right: RunIdentity) -> Bool {
    for part in [\RunIdentity.experiment, \.protocolName, \.budget, \.method, \.variant]
    where left[keyPath: part] != right[keyPath: part] {
      return left[keyPath: part].compare(
        right[keyPath: part], options: [.numeric, .forcedOrdering]) == .orderedAscending
    }
    return left.seed < right.seed
  }
}

extension RunRecord {
  /// What tells this run from others.
  public var identity: RunIdentity {
    RunIdentity(
      experiment: experiment, method: method.name, protocolName: protocolName, variant: variant,
      budget: budget, seed: seed)
  }

  /// Where the record lies below the folder of runs; see ``RunIdentity/relativePath``.
  public var relativePath: String { identity.relativePath }

  /// The name of the slim record among the references of one budget:
  /// `<experiment>_<method>_<protocol>[_<variant>]_seed<k>.json`. The underscore is encoded within
  /// names, so different identities have different file names.
  public var referenceFileName: String {
    let identity = identity
    var parts = [identity.experiment, identity.method, identity.protocolName].map(Self.encoded)
    if !identity.variant.isEmpty { parts.append(identity.variant) }
    return parts.joined(separator: "_") + "_seed\(seed).json"
  }

  /// The variant as one component of a path; empty for an empty variant.
  static func pathComponent(variant: [String: Value]) -> String {
    let settings = variant.sorted { $0.key < $1.key }.map { name, value -> String in
      if name == "innerSteps", let steps = value.integerValue { return "K\(steps)" }
      return encoded(name) + "=" + encoded(value.stringValue ?? value.canonicalText)
    }
    let text = settings.joined(separator: ",")
    guard text.utf8.count > 120 else { return text }
    // Encoded text is ASCII, so cutting by bytes cannot cut a character.
    return String(decoding: text.utf8.prefix(100), as: UTF8.self) + "~" + hash(text)
  }

  /// The text with every byte outside letters, digits, "." (not first), "-" and "+" as `%XX`.
  static func encoded(_ text: String) -> String {
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

  /// FNV-1a over the bytes, 16 hexadecimal digits: for names only, not for integrity.
  private static func hash(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
