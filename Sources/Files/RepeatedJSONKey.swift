import Foundation

/// Keys that occur twice in one object of a JSON text.
///
/// JSON leaves open which of the two counts, and readers differ: a number that one program prints another
/// would not.
package enum RepeatedJSONKey {
  /// The first such key as it is written; nil where there is none.
  ///
  /// One pass over the bytes of a text that is known to be valid JSON, whatever its nesting. Keys are
  /// compared as they are written, so that an escaped letter is another than the letter itself.
  package static func first(in text: Data) -> String? {
    text.withUnsafeBytes { bytes in
      /// The keys of the objects that a position lies in; nil for lists.
      var open: [Set<[UInt8]>?] = []
      var position = 0
      var isKeyNext = false
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "{"):
          open.append([])
          isKeyNext = true
        case UInt8(ascii: "["):
          open.append(nil)
          isKeyNext = false
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          _ = open.popLast()
          isKeyNext = false
        case UInt8(ascii: ","):
          isKeyNext = open.last.map { $0 != nil } ?? false
        case UInt8(ascii: "\""):
          let start = position + 1
          position = start
          while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
          }
          if isKeyNext, !open.isEmpty {
            let key = Array(bytes[start..<min(position, bytes.count)])
            if open[open.count - 1]?.insert(key).inserted == false {
              return String(decoding: key, as: UTF8.self)
            }
            isKeyNext = false
          }
        default: break
        }
        position += 1
      }
      return nil
    }
  }
}
