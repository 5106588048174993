import Files
import Foundation
import TestSupport
import Testing

@Suite("Inputs that are kept")
struct KeptInputsTests {
  @Test("An output that is an input is refused, by whatever name; others are not")
  func names() throws {
    let folder = try TemporaryFolder()
    let input = try folder.write([1, 2], to: "data/in.h5")
    let picture = try folder.write([3], to: "pictures/a/1.png")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path("soft.h5"), withDestinationPath: input)
    try files.linkItem(atPath: input, toPath: folder.path("hard.h5"))
    try files.createSymbolicLink(
      atPath: folder.path("here"), withDestinationPath: folder.path("data"))
    let kept = KeptInputs([
      input, folder.path("absent.h5"), folder.path("pictures"), "/dev/null",
    ])
    for output in [
      input, folder.path("data/../data/in.h5"), folder.path("soft.h5"), folder.path("hard.h5"),
      folder.path("here/in.h5"), folder.path("absent.h5"), picture,
    ] {
      let error = #expect(throws: FileError.self) { try kept.require(keptBy: ["x.csv", output]) }
      #expect(error?.kind == .isInput && error?.message.contains("'\(output)'") == true)
    }
    // New names, also among the pictures, and devices, which hold nothing that could be lost.
    try kept.require(keptBy: [
      folder.path("data/out.h5"), folder.path("pictures/a/2.png"),
      folder.path("pictures/rows.csv"), "/dev/null",
    ])
  }
}

@Suite("Comma-separated values")
struct CSVTests {
  @Test(
    "Fields are quoted where readers would see something else",
    arguments: [
      ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
      ("two\r\nlines", "\"two\r\nlines\""), (" blank", "\" blank\""), ("", ""),
      // Marks that combine with what they follow: one character each, and still a comma and a quote.
      (",\u{301}", "\",\u{301}\""), ("\"\u{200D}", "\"\"\"\u{200D}\""),
    ])
  func fields(text: String, written: String) {
    #expect(Array(CSV.field(text).utf8) == Array(written.utf8))
  }
}
