/// Curves, points or intervals in one pair of axes, as a value.
package struct Figure: Sendable, Equatable {
  /// The most curves in one figure; with more nobody reads any.
  package static let mostSeries = 10

  /// How the series are drawn.
  package enum Kind: Sendable, Equatable {
    /// Lines through points in order of the abscissa, with bands.
    case curves
    /// One point a series, with what is uncertain in the ordinate.
    case points
    /// One row a series: a point with an interval along the horizontal axis. The names are those of
    /// the rows, from the top, and there is no legend but for series without a row.
    case rows([String])
  }

  /// One axis.
  package struct Axis: Sendable, Equatable {
    /// The label with its unit.
    package var label: String
    /// Whether the scale is logarithmic; values that are not positive are then left out.
    package var isLogarithmic: Bool
    /// Where the axis begins, nil for wherever the values do.
    package var minimum: Double?
    /// Where the axis ends, nil for wherever the values do.
    package var maximum: Double?
    /// The values that are marked; empty for those that suit the scale.
    package var ticks: [Double]

    /// An axis.
    package init(
      _ label: String, isLogarithmic: Bool = false, minimum: Double? = nil, maximum: Double? = nil,
      ticks: [Double] = []
    ) {
      self.label = label
      self.isLogarithmic = isLogarithmic
      self.minimum = minimum
      self.maximum = maximum
      self.ticks = ticks
    }
  }

  /// One curve, with a band around it where there are several seeds.
  package struct Series: Sendable, Equatable {
    /// The name in the legend.
    package var label: String
    /// The abscissae.
    package var x: [Double]
    /// The ordinates, as many.
    package var y: [Double]
    /// The lower and upper edge of the band, as many, nil at points that have none; nil without a band.
    /// In figures of rows the band is that of the abscissa.
    package var band: [ClosedRange<Double>?]?
    /// How it looks.
    package var style: MethodStyle
    /// Whether it is a level: a baseline without steps, drawn as a horizontal line.
    package var isLevel = false
    /// Whether its ordinate is that of the right axis.
    package var isOnRight = false

    /// A curve; without a style it looks as a method of its label would.
    package init(
      label: String, x: [Double], y: [Double], band: [ClosedRange<Double>?]? = nil,
      style: MethodStyle? = nil
    ) {
      precondition(
        x.count == y.count && (band ?? []).count == (band == nil ? 0 : x.count),
        "The curve '\(label)' has \(x.count) abscissae, \(y.count) ordinates and "
          + "\(band?.count ?? x.count) bands.")
      self.label = label
      self.x = x
      self.y = y
      self.band = band
      self.style = style ?? MethodStyle.of(label)
    }

    /// A baseline: one value, whatever the abscissa.
    package static func level(_ label: String, at value: Double, style: MethodStyle) -> Series {
      var series = Series(label: label, x: [0], y: [value], style: style)
      series.isLevel = true
      return series
    }
  }

  /// The name of its files: letters, digits, "-", "_" and "." only.
  package var name: String
  /// The title.
  package var title: String
  /// The horizontal axis.
  package var xAxis: Axis
  /// The vertical axis.
  package var yAxis: Axis
  /// A second vertical axis on the right, where some series have another unit.
  package var rightAxis: Axis?
  /// The curves, in the order of the legend.
  package var series: [Series]
  /// How they are drawn.
  package var kind = Kind.curves
  /// The command that draws the figure again, and the records it comes from: one line each.
  package var sources: [String] = []
  /// The sentences of ``sources`` on the records, without the command.
  package var records: [String] { sources.filter { !$0.hasPrefix(Self.commandWords) } }
  /// What the line with the command begins with.
  package static let commandWords = "Drawn by: "

  /// A figure; the name must be usable as a file name.
  package init(
    name: String, title: String, xAxis: Axis, yAxis: Axis, series: [Series], kind: Kind = .curves
  ) {
    precondition(
      Self.isUsable(name: name),
      "The figure name '\(name)' is not usable as a file name.")
    self.name = name
    self.title = title
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.series = series
    self.kind = kind
  }

  /// Whether a name can be that of a figure's files.
  package static func isUsable(name: String) -> Bool {
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
    }
    return isPlain && !name.isEmpty && !name.hasPrefix(".")
  }

  /// The figure in parts of at most ``mostSeries`` curves and levels each; itself where that is enough.
  /// Every curve stands in some part beside every level: half of a part's room is for levels at most, and
  /// where there are more of them their shares take turns. Parts are numbered in name and title.
  package var parts: [Figure] {
    guard series.count > Self.mostSeries else { return [self] }
    let levels = Self.shares(of: series.filter(\.isLevel), Self.mostSeries / 2)
    let room = Self.mostSeries - (levels.map(\.count).max() ?? 0)
    let curves = Self.shares(of: series.filter { !$0.isLevel }, room)
    let count = curves.count * levels.count
    return (0..<count).map { index in
      var part = self
      part.series = curves[index / levels.count] + levels[index % levels.count]
      part.name = "\(name)-part\(index + 1)"
      part.title = "\(title)\npart \(index + 1) of \(count)"
      return part
    }
  }

  /// Some series in shares of at most so many; one empty share where there are none.
  private static func shares(of series: [Series], _ most: Int) -> [[Series]] {
    guard !series.isEmpty else { return [[]] }
    return stride(from: 0, to: series.count, by: most).map {
      Array(series[$0..<min(series.count, $0 + most)])
    }
  }
}
