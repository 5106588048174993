import Bilevel
import Foundation
import Reporting
import TestSupport
import Testing

@Suite("How methods look")
struct MethodStyleTests {
  /// Relative luminance of `#RRGGBB` (WCAG 2).
  private static func luminance(_ colour: String) -> Double {
    let digits = Array(colour.dropFirst())
    let parts = [0, 2, 4].map { start -> Double in
      let value = Double(Int(String(digits[start..<(start + 2)]), radix: 16) ?? 0) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
  }

  private static func contrast(_ one: String, _ other: String) -> Double {
    let (a, b) = (luminance(one), luminance(other))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
  }

  @Test("No two methods look alike, and every method of the catalogue has a look of its own")
  func distinct() {
    let styles = MethodStyle.known.map(MethodStyle.of)
    #expect(Set(styles.map { "\($0.colour) \($0.mark)" }).count == styles.count)
    for method in MethodCatalogue.standard.methods.map(\.name) {
      #expect(MethodStyle.known.contains(method), "\(method)")
    }
    #expect(MethodStyle.of("rhg").colour != MethodStyle.of("bda").colour)
  }

  @Test("Every colour can be seen on white and on the page's dark ground")
  func visible() {
    for method in MethodStyle.known + ["somebody's own"] {
      let colour = MethodStyle.of(method).colour
      #expect(Self.contrast(colour, "#ffffff") > 3, "\(method) \(colour)")
      #expect(Self.contrast(colour, "#15181c") >= 3, "\(method) \(colour)")
    }
  }

  @Test("A variant keeps its method's colour and has another mark")
  func variants() {
    let styles = (0..<10).map { MethodStyle.of("bda").variant($0) }
    #expect(Set(styles.map(\.colour)).count == 1)
    #expect(Set(styles.map(\.mark)).count == 10)
    #expect(MethodStyle.of("unknown") == MethodStyle.of("unknown"))
  }
}
