/// Comma-separated values, RFC 4180.
public enum CSV {
  /// A field as it stands in a line: in quotes where it has a comma, a quote, a line end or a blank at
  /// either end, which some readers drop.
  public static func field(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let isPlain =
      !scalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
      && scalars.first != " " && scalars.last != " "
    if isPlain { return text }
    var quoted = "\""
    // By scalars: a quote with a combining mark behind it is one character, and still has to be doubled.
    for scalar in scalars {
      if scalar == "\"" { quoted.unicodeScalars.append("\"") }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }

  /// A line of fields, its end not included.
  public static func line(_ fields: [String]) -> String {
    fields.map(field).joined(separator: ",")
  }
}
