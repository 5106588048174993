/// The compiler this binary was built with, for records.
enum SwiftCompiler {
  /// The version, as exactly as conditional compilation can tell: `6.3.1`, or `6.4 or newer`.
  ///
  /// Asked at compile time on purpose: the compiler in somebody's PATH at run time may be another.
  static var version: String {
    #if compiler(>=6.5)
      "6.5 or newer"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3.4)
      "6.3.4 or newer"
    #elseif compiler(>=6.3.3)
      "6.3.3"
    #elseif compiler(>=6.3.2)
      "6.3.2"
    #elseif compiler(>=6.3.1)
      "6.3.1"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "older than 6.3"
    #endif
  }
}
