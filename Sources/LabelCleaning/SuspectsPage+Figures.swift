import Datasets
import Files
import Foundation

/// Pictures, the histogram and the table of given against predicted labels.
extension SuspectsPage {
  /// The most suspicious samples, as pictures where there are any.
  func gallery() throws(DatasetError) -> String {
    let order = result.order.prefix(shown)
    var items: [String] = []
    let pictures = input.train.pictures.map { SamplePictures($0) }
    for (place, sample) in order.enumerated() {
      let given = HTML.escaped(input.classes[input.trainLabels[sample]].name)
      let predicted = HTML.escaped(input.classes[result.predicted[sample]].name)
      var item = "<li>"
      if let pictures {
        let source = try pictures.dataAddress(of: sample)
        item +=
          "<img src=\"\(source)\" alt=\"sample \(sample), labelled \(given)\" "
          + "width=\"\(pictures.width)\" height=\"\(pictures.height)\">"
      }
      item +=
        "<span class=\"given\">\(given)</span> &rarr; <span class=\"predicted\">\(predicted)</span><br>"
        + "<span class=\"soft\">#\(place + 1), index \(sample), score "
        + "\(Self.score(result.scores[sample]))</span>"
      if let file = input.train.files?[sample] {
        item += "<br><span class=\"soft\">\(HTML.escaped(file))</span>"
      }
      items.append(item + "</li>")
    }
    return """
      <section><h2>The \(order.count) most suspicious</h2>
      <p>Given label &rarr; predicted label, in the order of suspicion.\
      \(pictures == nil ? " The data has no images, so there are no pictures; store them as 'images' beside 'features' to see them." : "")</p>
      <ul class="gallery">\(items.joined(separator: "\n"))</ul></section>
      """
  }

  /// How many samples have which weight, on a scale of square roots so that few are seen beside many.
  var weightHistogram: String {
    let bins = 40
    var counts = [Int](repeating: 0, count: bins)
    for weight in result.weights {
      counts[max(0, min(bins - 1, Int(weight * Double(bins))))] += 1
    }
    let most = Double(max(1, counts.max() ?? 1)).squareRoot()
    let (width, height, left, top) = (640.0, 220.0, 56.0, 12.0)
    let (innerWidth, innerHeight) = (width - left - 12, height - top - 40)
    var shapes = ""
    for (bin, count) in counts.enumerated() where count > 0 {
      let tall = Double(count).squareRoot() / most * innerHeight
      let x = left + Double(bin) * innerWidth / Double(bins)
      shapes += """
        <rect class="bar" x="\(Self.short(x))" y="\(Self.short(top + innerHeight - tall))" \
        width="\(Self.short(innerWidth / Double(bins) - 1))" height="\(Self.short(tall))">\
        <title>\(count) samples of weight \(Self.short(Double(bin) / Double(bins))) to \
        \(Self.short(Double(bin + 1) / Double(bins)))</title></rect>
        """
    }
    let base = top + innerHeight
    for tick in 0...4 {
      let x = left + Double(tick) / 4 * innerWidth
      shapes +=
        "<text x=\"\(Self.short(x))\" y=\"\(Self.short(base + 16))\" text-anchor=\"middle\">"
        + "\(Self.short(Double(tick) / 4))</text>"
    }
    for share in [0.25, 0.5, 1.0] {
      let y = base - share * innerHeight
      let count = Int((share * most * share * most).rounded())
      shapes +=
        "<line class=\"axis\" x1=\"\(left)\" x2=\"\(width - 12)\" y1=\"\(Self.short(y))\" "
        + "y2=\"\(Self.short(y))\"/><text x=\"\(left - 6)\" y=\"\(Self.short(y + 4))\" "
        + "text-anchor=\"end\">\(Self.whole(count))</text>"
    }
    return """
      <section><h2>Weights</h2>
      <p>How many samples have which weight (heights are square roots, so that few are seen beside \
      many).</p>
      <svg viewBox="0 0 \(Int(width)) \(Int(height))" width="\(Int(width))" height="\(Int(height))" \
      role="img" aria-label="Histogram of the weights of all training samples">
      <line class="axis" x1="\(left)" x2="\(width - 12)" y1="\(base)" y2="\(base)"/>
      \(shapes)
      <text x="\(Self.short(left + innerWidth / 2))" y="\(Int(height) - 6)" \
      text-anchor="middle">weight: probably wrong &#8592; &#8594; probably right</text>
      </svg></section>
      """
  }

  /// Given labels against predicted ones: a table of few classes, the largest entries of many.
  var confusion: String {
    let classes = input.classes.count
    var counts: [Int: Int] = [:]
    for (given, predicted) in zip(input.trainLabels, result.predicted) {
      counts[given * classes + predicted, default: 0] += 1
    }
    let names = input.classes.map { HTML.escaped($0.name) }
    let title = "<section><h2>Given against predicted labels</h2>"
    guard classes <= 12 else {
      let pairs = counts.filter { $0.key / classes != $0.key % classes }
        .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.prefix(25)
      let rows = pairs.map {
        "<tr><td>\(names[$0.key / classes])</td><td>\(names[$0.key % classes])</td>"
          + "<td>\(Self.whole($0.value))</td></tr>"
      }
      return """
        \(title)<p>The \(rows.count) most frequent disagreements among \(Self.whole(classes)) \
        classes.</p>
        <div class="scroll"><table><thead><tr><th>given</th><th>predicted</th><th>samples</th></tr>\
        </thead><tbody>\(rows.joined(separator: "\n"))</tbody></table></div></section>
        """
    }
    let offDiagonal = counts.filter { $0.key / classes != $0.key % classes }.values.sorted(by: >)
    let hot = offDiagonal.prefix(5).last ?? .max
    let rows = (0..<classes).map { given -> String in
      let cells = (0..<classes).map { predicted -> String in
        let count = counts[given * classes + predicted] ?? 0
        let kind =
          given == predicted ? " class=\"hit\"" : count > 0 && count >= hot ? " class=\"hot\"" : ""
        return "<td\(kind)>\(count == 0 ? "" : Self.whole(count))</td>"
      }
      return "<tr><td>\(names[given])</td>\(cells.joined())</tr>"
    }
    let heads = names.map { "<th>\($0)</th>" }.joined()
    return """
      \(title)<p>A row a given label, a column a predicted one; the largest disagreements are \
      marked.</p>
      <div class="scroll"><table><thead><tr><th>given</th>\(heads)</tr></thead>
      <tbody>\(rows.joined(separator: "\n"))</tbody></table></div></section>
      """
  }

  /// A score with three decimals.
  private static func score(_ value: Double) -> String {
    value < 0.0005 ? "&lt; 0.001" : decimal(value)
  }

  /// At most two decimals.
  private static func short(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}

/// Samples as pictures in the text of a page.
struct SamplePictures {
  /// Columns and rows of a picture.
  let width: Int
  let height: Int
  private let array: SampleArray
  private let channels: Int
  private let least: Double
  private let scale: Double

  /// The pictures of `[n, height, width(, channels)]`, bytes as they are unless all are 0 or 1, other
  /// numbers stretched from the smallest to the largest of all.
  init(_ array: SampleArray) {
    self.array = array
    height = array.shape[1]
    width = array.shape[2]
    channels = array.shape.count > 3 ? array.shape[3] : 1
    let whole = array.range
    let range = array.kind == .uint8 && whole.most > 1 ? (least: 0, most: 255) : whole
    least = range.least
    scale = range.most > range.least ? 255 / (range.most - range.least) : 0
  }

  /// A `data:` address with the PNG of one sample: grey, or the first three channels as red, green and
  /// blue.
  func dataAddress(of sample: Int) throws(DatasetError) -> String {
    let shown = channels >= 3 ? 3 : 1
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * shown)
    for pixel in 0..<width * height {
      for channel in 0..<shown {
        let value = array[(sample * width * height + pixel) * channels + channel]
        pixels.append(UInt8(max(0, min(255, ((value - least) * scale).rounded()))))
      }
    }
    let image = PNGImage(width: width, height: height, channels: shown, pixels: pixels)
    return "data:image/png;base64," + Data(try image.encoded()).base64EncodedString()
  }
}
