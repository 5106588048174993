/// Curves in one pair of axes, as a value.
public struct Figure: Sendable, Equatable {
  /// One axis.
  public struct Axis: Sendable, Equatable {
    /// The label with its unit.
    public var label: String
    /// Whether the scale is logarithmic; values that are not positive are then left out.
    public var isLogarithmic: Bool
    /// Where the axis begins, nil for wherever the values do.
    public var minimum: Double?

    /// An axis.
    public init(_ label: String, isLogarithmic: Bool = false, minimum: Double? = nil) {
      self.label = label
      self.isLogarithmic = isLogarithmic
      self.minimum = minimum
    }
  }

  /// One curve, with a band around it where there are several seeds.
  public struct Series: Sendable, Equatable {
    /// The name in the legend.
    public var label: String
    /// The abscissae.
    public var x: [Double]
    /// The ordinates, as many.
    public var y: [Double]
    /// The lower and upper edge of the band, as many; nil without a band.
    public var band: [ClosedRange<Double>]?

    /// A curve.
    public init(
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
  public var name: String
  /// The title.
  public var title: String
  /// The horizontal axis.
  public var xAxis: Axis
  /// The vertical axis.
  public var yAxis: Axis
  /// The curves, in the order of the legend.
  public var series: [Series]

  /// A figure; the name must be usable as a file name.
  public init(name: String, title: String, xAxis: Axis, yAxis: Axis, series: [Series]) {
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
  public static func isUsable(name: String) -> Bool {
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
    }
    return isPlain && !name.isEmpty && !name.hasPrefix(".")
  }
}
