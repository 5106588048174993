import Foundation
import Results
import Testing

@Suite("JSON values")
struct JSONTests {
  private func parse(_ text: String) throws -> Value {
    try Value(parsing: Data(text.utf8), source: "test.json")
  }

  @Test("Writing and reading give an equal value, non-finite numbers included")
  func roundTrip() throws {
    let value: Value = [
      "empty": [:], "list": [1, 2.5, "a\"\\\n\u{1}é", true, nil, []],
      "huge": .integer(.max), "tiny": .number(.leastNonzeroMagnitude), "nan": .number(.nan),
      "infinite": [.number(.infinity), .number(-.infinity)], "nested": ["a": [["b": -0.125]]],
    ]
    #expect(try parse(value.prettyText) == value)
    #expect(try parse(value.canonicalText) == value)
    #expect(try parse(value.canonicalText)["huge"] == .integer(.max))
  }

  @Test("Texts are exactly these")
  func texts() {
    let value: Value = ["b": [1, 2.0, 0.1], "a": ["x": .number(.nan)], "c": [["d": 1]]]
    #expect(value.canonicalText == #"{"a":{"x":"nan"},"b":[1,2,0.1],"c":[{"d":1}]}"#)
    #expect(
      value.prettyText == """
        {
          "a": {
            "x": "nan"
          },
          "b": [1, 2, 0.1],
          "c": [
            {
              "d": 1
            }
          ]
        }

        """)
  }

  @Test("Numbers compare by value, kinds do not mix")
  func equality() {
    #expect(Value.integer(1) == .number(1))
    #expect(Value.integer(1) != .bool(true))
    #expect(Value.string("1") != .integer(1))
    #expect(Value.number(1.5).integerValue == nil)
  }

  @Test("Text that is not JSON is an error naming the file", arguments: ["", "{", "{\"a\":}", "x"])
  func malformed(text: String) {
    let error = #expect(throws: ResultsError.self) { try parse(text) }
    #expect(error?.kind == .malformed)
    #expect(error?.exitCode == 65)
    #expect(error?.message.contains("'test.json'") == true)
  }

  @Test("Differing paths name the innermost difference")
  func differences() {
    let first: Value = ["a": ["b": 1, "c": 2], "d": 3]
    let second: Value = ["a": ["b": 1, "c": 5], "e": 3]
    #expect(first.differingPaths(from: second) == ["a.c", "d", "e"])
    #expect(first.differingPaths(from: first).isEmpty)
  }
}
