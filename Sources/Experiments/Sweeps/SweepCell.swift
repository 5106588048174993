import Files
import Foundation
import Results

/// One cell of a sweep: what one `run` of an experiment is told.
package struct SweepCell: Sendable, Equatable {
  /// One coordinate: an axis with a value.
  package struct Coordinate: Sendable, Equatable {
    /// The axis: one of ``SweepCell/words`` or a key of the settings.
    package let axis: String
    /// Where the cell lies on it.
    package var value: Value

    /// A coordinate.
    package init(_ axis: String, _ value: Value) {
      self.axis = axis
      self.value = value
    }
  }

  /// The axes that are options of `run`; every other axis is a key of the settings.
  package static let words = [
    "experiment", "protocol", "budget", "method", "dynamics", "hypergradient", "config", "scalar",
    "seed",
  ]

  /// The coordinates in the order of the file.
  package private(set) var coordinates: [Coordinate]

  /// A cell.
  package init(_ coordinates: [Coordinate]) { self.coordinates = coordinates }

  /// The value on an axis, nil where the cell has none.
  package subscript(axis: String) -> Value? {
    get { coordinates.first { $0.axis == axis }?.value }
    set {
      guard let index = coordinates.firstIndex(where: { $0.axis == axis }) else {
        if let newValue { coordinates.append(Coordinate(axis, newValue)) }
        return
      }
      if let newValue { coordinates[index].value = newValue } else { coordinates.remove(at: index) }
    }
  }

  /// The experiment, which is the name of its executable; empty in a cell that has none.
  package var experiment: String { self["experiment"]?.stringValue ?? "" }

  /// The arguments of `run` that say which run it is; where it writes and how it is shown is added.
  package var arguments: [String] {
    coordinates.flatMap { coordinate -> [String] in
      let text = coordinate.value.stringValue ?? coordinate.value.canonicalText
      return switch coordinate.axis {
      case "experiment": []
      case let axis where Self.words.contains(axis): ["--\(axis)", text]
      // JSON is YAML, and quotes a text that YAML would read as something else.
      case let key: ["--set", "\(key)=\(coordinate.value.canonicalText)"]
      }
    }
  }

  /// The cell in a line for people, such as `hyper-cleaning rhg icml2020 paper inner.steps=50 seed=0`.
  package var label: String {
    coordinates.map { coordinate in
      let text = coordinate.value.stringValue ?? coordinate.value.canonicalText
      let speaksForItself = ["experiment", "protocol", "budget", "method", "scalar"]
        .contains(coordinate.axis)
      return speaksForItself ? text : "\(coordinate.axis)=\(text)"
    }.joined(separator: " ")
  }

  /// The label as the name of a file, with some digits that keep different cells apart.
  package var fileName: String {
    let plain = label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }
    return String(plain).prefix(100) + "-" + SHA256.hexadecimal(label.utf8).prefix(8)
  }
}
