import Foundation
import Results
import TestSupport
import Testing

/// `report page` on the records that the repository stores, read by a browser where there is one.
@Suite("The page as a reader sees it")
struct PageCommandTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The browser that is there, nil where none is.
  private static let browser: String? = {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let found = names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
      .first(where: FileManager.default.isExecutableFile)
    if found == nil {
      print("Skipped: the page was not rendered, since there is no chromium or google-chrome.")
    }
    return found
  }()

  /// Writes the page of the stored references, and of runs with curves so that figures are drawn.
  private func page(in folder: TemporaryFolder) throws -> CommandResult {
    for method in ["rhg", "bda"] {
      for seed in 0..<3 {
        try RecordFixture.record(
          method: method, displayName: method.uppercased(), seed: UInt64(seed), innerSteps: 100,
          budget: "paper", accuracy: 0.9 + 0.001 * Double(seed), dataset: "mnist",
          synthetic: false
        ).write(intoRuns: folder.path("runs"))
      }
    }
    return try CommandRunner.run(
      "report",
      [
        "page", "--runs", folder.path("runs"), "--reference",
        Self.root.appendingPathComponent("results/reference").path, "--output", folder.path("out"),
      ])
  }

  @Test("page: both files, their paths printed, the same bytes again; without any record 5")
  func files() throws {
    let folder = try TemporaryFolder()
    let result = try page(in: folder)
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(
      result.standardOutput == "The page: \(folder.path("out/report.html")) (the same as text: "
        + "\(folder.path("out/REPORT.md")))\n")
    let files = ["out/report.html", "out/REPORT.md"]
    let first = try files.map { try Data(contentsOf: URL(fileURLWithPath: folder.path($0))) }
    _ = try page(in: folder)
    let second = try files.map { try Data(contentsOf: URL(fileURLWithPath: folder.path($0))) }
    #expect(first == second)
    let empty = try TemporaryFolder()
    let nothing = try CommandRunner.run(
      "report",
      [
        "page", "--runs", empty.path("runs"), "--reference", empty.path("reference"), "--output",
        empty.path("out"),
      ])
    #expect(nothing.exitCode == 5, "\(nothing.standardError)")
  }

  /// What the browser measured of a page.
  private struct Measured: Decodable {
    var width: Double
    var scrollWidth: Double
    var pictures: Int
    var emptyPictures: Int
    var texts: Int
    var faint: [String]
  }

  /// A script for the test's copy of the page: the page itself has none. Contrast as WCAG 2 has it,
  /// of every element that has words of its own against the nearest ground that is not transparent.
  private static let probe = """
    <script>
    addEventListener('load', () => {
      document.querySelectorAll('details').forEach(d => d.open = true);
      const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
      const light = c => { const p = c.slice(0, 3).map(v => { v /= 255;
        return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
        return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]; };
      const ground = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
      const faint = new Set(); let texts = 0;
      for (const e of document.body.querySelectorAll('*')) {
        if (e.tagName === 'SCRIPT' || e.tagName === 'STYLE' || e.tagName === 'desc') continue;
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own) continue;
        texts++;
        const style = getComputedStyle(e);
        const inside = e.closest('svg');
        let colour = inside ? style.fill : style.color;
        if (colour === 'none') continue;
        const [a, b] = [light(parse(colour)), light(ground(e))];
        if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5)
          faint.add(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + colour);
      }
      const pictures = [...document.querySelectorAll('figure')];
      const empty = pictures.filter(f => { const s = f.querySelector('svg, img');
        const box = s && s.getBoundingClientRect();
        return !s || box.width < 100 || box.height < 50 || !s.querySelector('path'); });
      parent.postMessage('@@' + JSON.stringify({ width: innerWidth,
        scrollWidth: document.documentElement.scrollWidth, pictures: pictures.length,
        emptyPictures: empty.length, texts, faint: [...faint] }) + '@@', '*');
    });
    </script>
    """

  private func measure(
    _ html: String, width: Int, in folder: TemporaryFolder
  ) throws -> Measured {
    _ = try folder.write(
      Array(html.replacing("</body>", with: Self.probe + "</body>").utf8), to: "probe.html")
    // A frame of the width asked for: browsers do not make windows as narrow as a telephone.
    let frame = """
      <!DOCTYPE html><html><body><iframe width="\(width)" height="900" style="border: 0"
      src="probe.html"></iframe><script>addEventListener('message', event => {
      const out = document.createElement('pre'); out.textContent = event.data;
      document.body.appendChild(out); });</script></body></html>
      """
    let outer = try folder.write(Array(frame.utf8), to: "frame.html")
    let text = try CapturedOutput(
      of: try #require(Self.browser),
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--user-data-dir=\(folder.path("profile"))", "--window-size=1400,1000",
        "--virtual-time-budget=20000", "--dump-dom", "file://\(outer)",
      ], dropsErrors: true
    ).text
    let parts = text.split(separator: "@@")
    let json = try #require(
      parts.first { $0.hasPrefix("{") }, "The browser measured nothing: \(text.prefix(300))")
    let plain = json.replacing("&amp;", with: "&").replacing("&lt;", with: "<")
      .replacing("&gt;", with: ">")
    return try JSONDecoder().decode(Measured.self, from: Data(plain.utf8))
  }

  private static let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
    }

  /// At both widths, light and dark: nothing overflows, no picture is missing, text can be read.
  @Test("Rendered at 1280 and 400 pixels", .enabled(if: browser != nil, "there is no browser"))
  func rendered() throws {
    let folder = try TemporaryFolder()
    #expect(try page(in: folder).exitCode == 0)
    let html = try String(contentsOfFile: folder.path("out/report.html"), encoding: .utf8)
    // The dark colours, whatever the system prefers.
    let dark = html.replacing("@media (prefers-color-scheme: dark)", with: "@media all")
    for (width, text) in [(1280, html), (400, html), (1280, dark), (400, dark)] {
      let measured = try measure(text, width: width, in: folder)
      #expect(measured.width == Double(width))
      #expect(measured.scrollWidth <= measured.width, "at \(width) pixels")
      #expect(measured.texts > 500)
      #expect(measured.faint.isEmpty, "at \(width) pixels: \(measured.faint)")
      if Self.hasGnuplot {
        #expect(measured.pictures >= 3)
        #expect(measured.emptyPictures == 0)
      }
    }
  }

  @Test("The measuring finds what it is for", .enabled(if: browser != nil, "there is no browser"))
  func probe() throws {
    let folder = try TemporaryFolder()
    let bad = """
      <!DOCTYPE html><html><body style="background:#fff"><p style="color:#aaa">faint</p>
      <div style="width:900px">wide</div><figure></figure></body></html>
      """
    let measured = try measure(bad, width: 400, in: folder)
    #expect(measured.scrollWidth > measured.width)
    #expect(measured.faint.count == 1 && measured.emptyPictures == 1)
  }
}
