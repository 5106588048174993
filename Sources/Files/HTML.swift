/// Texts as HTML and XML hold them.
public enum HTML {
  /// The text with what HTML and XML take for themselves as entities; fit for attributes in either kind
  /// of quotes.
  public static func escaped(_ text: String) -> String {
    var result = ""
    // By scalars, as browsers read: a quote with a mark that combines still ends an attribute.
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
