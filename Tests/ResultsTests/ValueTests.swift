import Foundation
import Results
import TestSupport
import Testing

@Suite("Values")
struct ValueTests {
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

  @Test(
    "The text of a number that JSON does not have is a text, and the number where one is asked for",
    arguments: [("inf", .infinity), ("-inf", -.infinity), ("nan", .nan)] as [(String, Double)])
  func nonFiniteTexts(text: String, number: Double) throws {
    let read = try parse("{\"a\":\"\(text)\"}")
    let written: Value = ["a": .number(number)]
    let member = try #require(read["a"])
    #expect(member.stringValue == text && member.plainText == text)
    #expect(Value.number(number).plainText == text)
    let asked = try #require(member.doubleValue)
    #expect(Value.number(asked) == Value.number(number))
    #expect(member == Value.number(number) && Value.number(number) == member)
    #expect(read == ["a": .string(text)])
    #expect(read == written && read.canonicalDigest == written.canonicalDigest)
    #expect(try read.decoded(as: [String: String].self, source: "test") == ["a": text])
    let numbers = try read.decoded(as: [String: Double].self, source: "test")
    #expect(numbers.mapValues(Value.number) == ["a": .number(number)])
    let values = try read.decoded(as: [String: Value].self, source: "test")
    #expect(values["a"]?.stringValue == text)
    #expect(Value.string(text) != .string("Inf") && Value.string(text) != .number(0))
    #expect(Value.string("infinity").doubleValue == nil)
  }

  @Test("A number that is too large for what it stands for is said to be one")
  func tooLargeNumber() throws {
    let tree = try Value(parsing: Data("{\"seconds\": 9223372036854775808}".utf8), source: "a.json")
    let error = #expect(throws: ResultsError.self) {
      try tree.decoded(as: [String: Int].self, source: "a.json")
    }
    #expect(
      error?.message.contains("a number in it is too large") == true, "\(error?.message ?? "")")
  }

  @Test("Numbers compare by value, kinds do not mix")
  func equality() {
    #expect(Value.integer(1) == .number(1))
    #expect(Value.integer(1) != .bool(true))
    #expect(Value.string("1") != .integer(1))
    #expect(Value.number(1.5).integerValue == nil)
  }

  @Test(
    "A key that occurs twice in one object is refused by its name, and in two objects is not",
    arguments: [
      (#"{"a":1,"a":2}"#, "a"), (#"{"x":[{"b":{"c":1, "d":"c" , "c" :2}}]}"#, "c"),
      (#"{"k\"{":1,"v":"}","k\"{":2}"#, #"k\"{"#), (#"[{"a":1},{"a":2},"a","a"]"#, nil),
      (#"{"a":{"a":["a","a"]},"b":"a"}"#, nil), ("{}", nil), ("\"a\"", nil),
    ] as [(String, String?)])
  func repeatedKeys(text: String, key: String?) throws {
    guard let key else {
      _ = try parse(text)
      return
    }
    let error = #expect(throws: ResultsError.self) { try parse(text) }
    #expect(error?.kind == .malformed)
    #expect(
      error?.message.contains("has the key '\(key)' twice") == true, "\(error?.message ?? "")")
  }

  @Test("Text that is not JSON is an error naming the file", arguments: ["", "{", "{\"a\":}", "x"])
  func malformed(text: String) {
    let error = #expect(throws: ResultsError.self) { try parse(text) }
    #expect(error?.kind == .malformed)
    #expect(error?.exitCode == 65)
    #expect(error?.message.contains("'test.json'") == true)
  }

  @Test("Differences are the innermost ones, with the value of the first")
  func differences() {
    let first: Value = ["a": ["b": 1, "c": 2], "d": 3]
    let second: Value = ["a": ["b": 1, "c": 5], "e": 3]
    #expect(first.differences(from: second).map(\.path) == ["a.c", "d"])
    #expect(first.differences(from: second).map(\.value) == [2, 3])
    #expect(second.differences(from: first).map(\.path) == ["a.c", "e"])
    #expect(first.differences(from: first).isEmpty)
  }

  // MARK: - Order, large numbers

  @Test("Members keep their order and may be in any")
  func order() {
    let value: Value = ["b": 1, "a": 2, "b": 3]
    #expect(value.keys == ["b", "a"])
    #expect(value["b"] == 3)
    #expect(value == Value.object(sorted: ["a": 2, "b": 3]))
    #expect(value != ["b": 3, "c": 2])
    #expect(value != ["b": 3])
    #expect(Value.object(sorted: ["z": 1, "a": 2]).keys == ["a", "z"])
    #expect(value.value(at: ["b"]) == 3)
    let deep: Value = ["list": [["x": 1], ["x": 2]]]
    #expect(deep.value(at: ["list", "1", "x"]) == 2)
    #expect(deep.value(at: ["list", "2", "x"]) == nil)
    #expect(deep.differences(from: ["list": []]).map(\.path) == ["list"])
  }

  @Test("Whole numbers keep all their digits up to 2^64 - 1")
  func unsigned() throws {
    #expect(Value(UInt64.max) == .unsigned(.max))
    #expect(Value(UInt64(Int.max)) == .integer(.max))
    #expect(Value(UInt64.max) != Value(UInt64.max - 1))
    #expect(Value.integer(.max) != .integer(.max - 1))
    #expect(Value.integer(-1) != Value(UInt64.max))
    let read = try parse("[18446744073709551615, 9223372036854775808, 18446744073709551614]")
    #expect(read == [Value(.max), Value(1 << 63), Value(.max - 1)])
    #expect(read.canonicalText == "[18446744073709551615,9223372036854775808,18446744073709551614]")
    #expect(read.arrayValue?[0].unsignedValue == .max)
    #expect(read.arrayValue?[0].integerValue == nil)
    #expect(read.arrayValue?[0].kindName == "integer")
  }

  /// Values whose texts are easy to get wrong.
  static let awkward: Value = [
    "b": [
      1.0, 2.5, -0.0, 1e15, 1e16, 1e17, 1e19, 1e22, 1e-5, 0.0001, .number(.leastNonzeroMagnitude),
      1.7976931348623157e308,
    ],
    "a": ["nan": .number(.nan), "up": .number(.infinity), "down": .number(-.infinity)],
    "exact": [9_007_199_254_740_993, 9_007_199_254_740_992.0, -9_223_372_036_854_775_808],
    "seed": Value.unsigned(.max), "float": 0.1, "none": nil, "flags": [true, false],
    "text": "tab\t quote \" backslash \\ bell \u{7} back \u{8} feed \u{C} del \u{7F} é 😀 /",
    "é": 1, "z": 2, "Z": 3, "\u{1F600}": 4, "\u{FFFD}": 5,
  ]

  @Test("Digests are equal before writing and after reading")
  func stableDigest() throws {
    let value = Self.awkward
    #expect(try parse(value.prettyText).canonicalDigest == value.canonicalDigest)
    #expect(try parse(value.canonicalText).canonicalText == value.canonicalText)
    #expect(try parse(value.prettyText) == value)
    #expect(Value.number(1).canonicalDigest == Value.integer(1).canonicalDigest)
    #expect(Value.number(1.5).canonicalDigest != Value.integer(1).canonicalDigest)
    // By another program: printf '{"innerSteps":3}' | sha256sum
    let small: Value = ["innerSteps": 3.0]
    #expect(
      small.canonicalDigest == "7259ab689fe80ec7e1d26f91c9535d5a74d7618ca892bb23d5f74bc006c97c97")
  }

  @Test(
    "Python computes the same digest from the file", .enabled(if: Self.hasPython, "No python3."))
  func python() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(Self.awkward.prettyText.utf8), to: "value.json")
    let found = try PythonModules.run(
      """
      import hashlib, json, sys
      text = json.dumps(json.load(open(sys.argv[1], encoding="utf-8")), sort_keys=True,
                        separators=(",", ":"), ensure_ascii=False)
      print(hashlib.sha256(text.encode()).hexdigest(), end="")
      """, [path])
    #expect(found.output == Self.awkward.canonicalDigest)
  }

  private static let hasPython: Bool = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") }
  }()
}
