/// How a method looks wherever it is drawn: one colour, one mark and one dash, the same in every
/// figure of the suite.
///
/// The colours have a contrast of at least 3 to 1 on white and on the page's dark ground, so that a
/// figure serves both. Readers of any colour vision tell the methods that most figures show apart by
/// colour alone; all others differ from each other by colour or mark, whoever looks.
package struct MethodStyle: Sendable, Hashable {
  /// The colour as `#RRGGBB`.
  package let colour: String
  /// gnuplot's number of the mark.
  package let mark: Int
  /// gnuplot's number of the dash; 1 is solid.
  package let dash: Int

  /// A style of these parts.
  package init(colour: String, mark: Int, dash: Int = 1) {
    self.colour = colour
    self.mark = mark
    self.dash = dash
  }

  /// The style of a method; one that the table does not list has a grey of its own mark, chosen by
  /// its name alone.
  package static func of(_ method: String) -> MethodStyle {
    if let style = table[method] { return style }
    let sum = method.utf8.reduce(7) { ($0 * 31 + Int($1)) % 9973 }
    return MethodStyle(colour: grey, mark: marks[sum % marks.count], dash: 2 + sum % 4)
  }

  /// The same method with other settings: its colour, and from the second setting on another mark
  /// and another dash.
  package func variant(_ number: Int) -> MethodStyle {
    guard number > 0, let index = Self.marks.firstIndex(of: mark) else { return self }
    return MethodStyle(
      colour: colour, mark: Self.marks[(index + number) % Self.marks.count],
      dash: 1 + (dash + number - 1) % 5)
  }

  /// The name by which tables call a method whose record is not at hand.
  package static func displayName(_ method: String) -> String {
    names[method] ?? method.replacing("-", with: " ")
  }

  /// The methods that have a style of their own.
  package static var known: [String] { table.keys.sorted() }

  private static let grey = "#777777"

  /// Square, circle, triangle, inverted triangle, diamond, pentagon, filled ones, plus, cross, star.
  private static let marks = [4, 6, 8, 10, 12, 14, 5, 7, 9, 11, 13, 15, 1, 2, 3]

  private static let (blue, vermilion, sky, green) = ("#0072B2", "#D55E00", "#3D9BD9", "#009E73")
  private static let (violet, pink, gold, olive) = ("#A97FD6", "#CC79A7", "#A6761D", "#7A8B00")
  private static let crimson = "#C2385A"

  private static let table: [String: MethodStyle] = [
    "rhg": MethodStyle(colour: blue, mark: 4), "bda": MethodStyle(colour: vermilion, mark: 7),
    "t-rhg": MethodStyle(colour: sky, mark: 8, dash: 2),
    "one-stage": MethodStyle(colour: green, mark: 12),
    "neumann": MethodStyle(colour: pink, mark: 10, dash: 4),
    "cg": MethodStyle(colour: violet, mark: 14),
    "iaptt": MethodStyle(colour: olive, mark: 13), "v-pbgd": MethodStyle(colour: crimson, mark: 2),
    "one-stage-bda": MethodStyle(colour: gold, mark: 9),
    "bome": MethodStyle(colour: crimson, mark: 3, dash: 2),
    "fhg": MethodStyle(colour: blue, mark: 6, dash: 3),
    "heavy-ball-rhg": MethodStyle(colour: blue, mark: 1, dash: 4),
    "fixed-point": MethodStyle(colour: pink, mark: 2, dash: 2),
    "t-bda": MethodStyle(colour: vermilion, mark: 8, dash: 2),
    "f-bda": MethodStyle(colour: vermilion, mark: 6, dash: 3),
    "bda-cg": MethodStyle(colour: gold, mark: 15),
    "bda-neumann": MethodStyle(colour: gold, mark: 11),
    "learned-bda": MethodStyle(colour: vermilion, mark: 3, dash: 4),
    "fixed-weights-bda": MethodStyle(colour: vermilion, mark: 1, dash: 5),
    "maml": MethodStyle(colour: green, mark: 5),
    "fomaml": MethodStyle(colour: green, mark: 4, dash: 2),
    "meta-sgd": MethodStyle(colour: pink, mark: 13),
    "meta-sgd-scalar": MethodStyle(colour: pink, mark: 12, dash: 2),
    "reptile": MethodStyle(colour: olive, mark: 11), "imaml": MethodStyle(colour: violet, mark: 15),
    "no-cleaning": MethodStyle(colour: grey, mark: 1, dash: 2),
    "oracle": MethodStyle(colour: grey, mark: 13, dash: 3),
    "validation-only": MethodStyle(colour: green, mark: 9),
    "filtered": MethodStyle(colour: green, mark: 15, dash: 5),
    "loss-ranking": MethodStyle(colour: olive, mark: 8, dash: 4),
    "self-filtered": MethodStyle(colour: violet, mark: 7, dash: 5),
    "self-confidence": MethodStyle(colour: pink, mark: 5, dash: 2),
    "random-features": MethodStyle(colour: grey, mark: 3, dash: 2),
    "joint-training": MethodStyle(colour: grey, mark: 2, dash: 3),
    "prototypes": MethodStyle(colour: grey, mark: 12, dash: 4),
    "raw-pixels": MethodStyle(colour: grey, mark: 4, dash: 5),
  ]

  private static let names = [
    "rhg": "RHG", "bda": "BDA", "t-rhg": "T-RHG", "one-stage": "One-stage RHG",
    "neumann": "Neumann", "cg": "CG", "iaptt": "IAPTT-GM", "v-pbgd": "V-PBGD",
    "one-stage-bda": "One-stage BDA", "bome": "BOME", "fhg": "FHG",
    "heavy-ball-rhg": "Heavy-ball RHG", "fixed-point": "Fixed point", "t-bda": "T-BDA",
    "f-bda": "Forward BDA", "bda-cg": "BDA-CG", "bda-neumann": "BDA-Neumann",
    "learned-bda": "Learned BDA", "fixed-weights-bda": "BDA, fixed weights",
    "maml": "MAML", "fomaml": "FOMAML", "meta-sgd": "Meta-SGD",
    "meta-sgd-scalar": "Meta-SGD (one rate)", "reptile": "Reptile", "imaml": "iMAML",
    "no-cleaning": "No cleaning", "oracle": "Oracle", "validation-only": "Validation only",
    "filtered": "Filtered", "loss-ranking": "Loss ranking", "self-filtered": "Self-filtered",
    "self-confidence": "Self-confidence", "random-features": "Random features",
    "joint-training": "Joint training", "prototypes": "Prototypes", "raw-pixels": "Raw pixels",
    "matching-networks": "Matching networks", "prototypical": "Prototypical networks",
  ]
}
