/// Curves in one pair of axes, as a value.
package struct Figure: Sendable, Equatable {
  /// One axis.
  package struct Axis: Sendable, Equatable {
    /// The label with its unit.
    package var label: String
    /// Whether the scale is logarithmic; values that are not positive are then left out.
    package var isLogarithmic: Bool
    /// Where the axis begins, nil for wherever the values do.
    package var minimum: Double?

    /// An axis.
    package init(_ label: String, isLogarithmic: Bool = false, minimum: Double? = nil) {
      self.label = label
      self.isLogarithmic = isLogarithmic
      self.minimum = minimum
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
    /// The lower and upper edge of the band, as many; nil without a band.
    package var band: [ClosedRange<Double>]?

    /// A curve.
    package init(
      label: String, x: [Double], y: [Double], band: [ClosedRange<Double>]? = nil
    ) {
      precondition(
        x.count == y.count && (band ?? []).count == (band == nil ? 0 : x.count),
        "The curve '\(label)' has \(x.count) abscissae, \(y.count) ordinates and "
          + "\(band?.count ?? x.count) bands.")
      self.label = label
      self.x = x
      self.y = y
      self.band = band
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
  /// The curves, in the order of the legend.
  package var series: [Series]

  /// A figure; the name must be usable as a file name.
  package init(name: String, title: String, xAxis: Axis, yAxis: Axis, series: [Series]) {
    precondition(
      Self.isUsable(name: name),
      "The figure name '\(name)' is not usable as a file name.")
    self.name = name
    self.title = title
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.series = series
  }

  /// Whether a name can be that of a figure's files.
  package static func isUsable(name: String) -> Bool {
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
    }
    return isPlain && !name.isEmpty && !name.hasPrefix(".")
  }
}
