import Foundation

/// Reads JSON front to back, without building a tree: annotation files have hundreds of megabytes.
///
/// Every method expects the reader to stand before a value, and leaves it behind that value. Errors name the line.
struct JSONReader {
  /// Containers within each other, simdjson's limit.
  static let depthLimit = 1024

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0
  /// Whether a value has been read in the container at hand, so that a comma must follow.
  private var needsComma = false
  private let file: String?

  /// A reader of `bytes`, which must outlive it.
  init(_ bytes: UnsafeBufferPointer<UInt8>, file: String?) throws(CocoError) {
    self.bytes = bytes
    self.file = file
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw error("the file begins with a byte-order mark, which JSON does not allow; save it as plain UTF-8")
    }
  }

  // MARK: Errors

  /// An error at the place reached.
  func error(_ message: String) -> CocoError { error(message, at: position) }

  private func error(_ message: String, at place: Int) -> CocoError {
    let before = bytes.prefix(place)
    let line = 1 + before.count { $0 == 10 }
    let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return CocoError(message, file: file, line: line, column: place - start + 1)
  }

  private func unexpected(_ wanted: String) -> CocoError {
    guard position < bytes.count else { return error("the file ends where \(wanted) should be; it is cut") }
    let rest = bytes[position..<min(position + 9, bytes.count)]
    for name in ["NaN", "Infinity", "-Infinity"] where rest.starts(with: name.utf8) {
      return error("\(name) is no JSON number; whatever wrote it had a value that is not finite")
    }
    let found = UnicodeScalar(bytes[position])
    return error("'\(found == "\"" ? "\"" : found.escaped(asASCII: true))' where \(wanted) should be")
  }

  // MARK: Structure

  enum Kind { case object, array, string, number, other }

  /// What the next value is.
  mutating func kind() throws(CocoError) -> Kind {
    skipSpace()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), 48...57: return .number
    default: return .other
    }
  }

  mutating func beginObject(_ what: String) throws(CocoError) { try begin("{", what) }

  mutating func beginArray(_ what: String) throws(CocoError) { try begin("[", what) }

  private mutating func begin(_ bracket: Unicode.Scalar, _ what: String) throws(CocoError) {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: bracket) else {
      throw unexpected("\(what), beginning with '\(bracket)',")
    }
    guard depth < Self.depthLimit else {
      throw error("more than \(Self.depthLimit) levels of brackets")
    }
    position += 1
    depth += 1
    needsComma = false
  }

  /// The next key of the object, or nil behind its last.
  mutating func nextKey() throws(CocoError) -> String? {
    guard try next(before: "}") else { return nil }
    let key = try string("a key in quotation marks")
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw unexpected("':'") }
    position += 1
    return key
  }

  /// Whether another element of the array follows.
  mutating func nextElement() throws(CocoError) -> Bool { try next(before: "]") }

  private mutating func next(before bracket: Unicode.Scalar) throws(CocoError) -> Bool {
    skipSpace()
    guard position < bytes.count else { throw unexpected("'\(bracket)'") }
    if bytes[position] == UInt8(ascii: bracket) {
      position += 1
      depth -= 1
      needsComma = true
      return false
    }
    if needsComma {
      guard bytes[position] == UInt8(ascii: ",") else { throw unexpected("',' or '\(bracket)'") }
      position += 1
      skipSpace()
      if position < bytes.count, bytes[position] == UInt8(ascii: bracket) {
        throw error("a comma before '\(bracket)'; JSON allows none there")
      }
    }
    return true
  }

  /// Checks that nothing but white space follows.
  mutating func end() throws(CocoError) {
    skipSpace()
    guard position == bytes.count else { throw unexpected("the end of the file") }
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 32, 9, 10, 13: position += 1
      default: return
      }
    }
  }

  /// Passes over a value of any kind.
  mutating func skip() throws(CocoError) {
    switch try kind() {
    case .object:
      try beginObject("an object")
      while try nextKey() != nil { try skip() }
    case .array:
      try beginArray("a list")
      while try nextElement() { try skip() }
    case .string: _ = try stringBytes("a string")
    case .number: _ = try double("a number")
    case .other:
      for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        needsComma = true
        return
      }
      throw unexpected("a value")
    }
  }

  /// Takes `null`, if that comes next.
  mutating func null() throws(CocoError) -> Bool {
    guard try kind() == .other, bytes[position...].starts(with: "null".utf8) else { return false }
    try skip()
    return true
  }

  // MARK: Values

  /// A number as it is.
  mutating func double(_ what: String) throws(CocoError) -> Double { try number(what).value }

  /// A whole number; `1.0` is one as well.
  mutating func int(_ what: String) throws(CocoError) -> Int {
    let start = position
    let (value, exact) = try number(what)
    if let exact { return exact }
    guard let whole = Int(exactly: value), value.magnitude <= 9_007_199_254_740_992 else {
      throw error("\(what) is \(value), not a whole number", at: start)
    }
    return whole
  }

  /// `true`, `false`, or a number that is not 0.
  mutating func flag(_ what: String) throws(CocoError) -> Bool {
    guard try kind() == .other else { return try double(what) != 0 }
    let isTrue = bytes[position...].starts(with: "true".utf8)
    guard isTrue || bytes[position...].starts(with: "false".utf8) else {
      throw unexpected("\(what), 0 or 1,")
    }
    try skip()
    return isTrue
  }

  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]

  private mutating func number(_ what: String) throws(CocoError) -> (value: Double, exact: Int?) {
    guard try kind() == .number else { throw unexpected(what + ", a number,") }
    let start = position
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative {
      if bytes[start...].starts(with: "-Infinity".utf8) { throw unexpected(what) }
      position += 1
    }
    var mantissa: UInt64 = 0
    var overflows = false
    var exponent = 0
    /// Reads digits into the mantissa and returns how many there were.
    func digits(_ reader: inout JSONReader) -> Int {
      let first = reader.position
      while reader.position < reader.bytes.count, case let digit = reader.bytes[reader.position] &- 48,
        digit < 10
      {
        overflows = overflows || mantissa > 900_719_925_474_099_200
        if !overflows { mantissa = mantissa * 10 + UInt64(digit) }
        reader.position += 1
      }
      return reader.position - first
    }
    let leading = digits(&self)
    guard leading > 0, leading == 1 || bytes[position - leading] != 48 else {
      throw error("a number must begin with a digit, and with 0 only before a point", at: start)
    }
    var isWhole = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      isWhole = false
      let count = digits(&self)
      guard count > 0 else { throw error("a number without digits behind its point", at: start) }
      exponent = -count
    }
    if position < bytes.count, bytes[position] | 32 == UInt8(ascii: "e") {
      position += 1
      isWhole = false
      overflows = true  // rare: left to strtod
      if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+")
      {
        position += 1
      }
      guard digits(&self) > 0 else { throw error("a number without digits behind its exponent", at: start) }
    }
    needsComma = true
    // Both numbers are exact, so one multiplication or division rounds once (Clinger, 1990).
    if !overflows, mantissa <= 1 << 53, exponent >= -22 {
      let magnitude = Double(mantissa) / Self.powers[-exponent]
      let exact = isWhole ? Int(mantissa) : nil
      return isNegative ? (-magnitude, exact.map { -$0 }) : (magnitude, exact)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("\(text) is too large a number", at: start)
    }
    return (value, isWhole ? Int(text) : nil)
  }

  /// A string, escapes resolved.
  mutating func string(_ what: String) throws(CocoError) -> String {
    let (range, isPlain) = try stringBytes(what)
    if isPlain { return String(decoding: bytes[range], as: UTF8.self) }
    return try unescaped(range)
  }

  /// The string of the bytes in `range`, each escape replaced by what it stands for.
  private func unescaped(_ range: Range<Int>) throws(CocoError) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var at = range.lowerBound
    while at < range.upperBound {
      let byte = bytes[at]
      at += 1
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      let escape = bytes[at]
      at += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
      case UInt8(ascii: "b"): text.append(8)
      case UInt8(ascii: "f"): text.append(12)
      case UInt8(ascii: "n"): text.append(10)
      case UInt8(ascii: "r"): text.append(13)
      case UInt8(ascii: "t"): text.append(9)
      case UInt8(ascii: "u"):
        var units: [UInt16] = [try codeUnit(at, before: range.upperBound)]
        at += 4
        if UTF16.isLeadSurrogate(units[0]), at + 6 <= range.upperBound, bytes[at] == UInt8(ascii: "\\"),
          bytes[at + 1] == UInt8(ascii: "u")
        {
          units.append(try codeUnit(at + 2, before: range.upperBound))
          at += 6
        }
        guard let character = String(validating: units, as: UTF16.self) else {
          throw error("a string with half a surrogate pair", at: at - 6)
        }
        text += character.utf8
      default: throw error("a string with an illegal escape sequence", at: at - 2)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The number that four hexadecimal digits stand for.
  private func codeUnit(_ start: Int, before end: Int) throws(CocoError) -> UInt16 {
    let digits = bytes[min(start, end)..<min(start + 4, end)]
    guard digits.count == 4, digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("a string with an illegal escape sequence", at: start - 2) }
    return unit
  }

  /// The bytes between the quotation marks, and whether they are free of escapes.
  private mutating func stringBytes(_ what: String) throws(CocoError) -> (Range<Int>, isPlain: Bool) {
    guard try kind() == .string else { throw unexpected(what) }
    position += 1
    let start = position
    var isPlain = true
    var isASCII = true
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let range = start..<position
        if !isASCII, String(validating: bytes[range], as: UTF8.self) == nil {
          throw error("a string that is not UTF-8", at: start)
        }
        position += 1
        needsComma = true
        return (range, isPlain)
      }
      if byte == UInt8(ascii: "\\") {
        isPlain = false
        position += 1
      } else if byte < 32 {
        throw error("a control character within a string")
      } else if byte >= 128 {
        isASCII = false
      }
      position += 1
    }
    position = bytes.count
    throw unexpected("the end of a string")
  }
}

/// Remembers the keys of one object: a second of the same name would silently win or lose.
struct KeyCheck {
  private var seen: [String] = []

  /// Forgets all keys, for the next object.
  mutating func reset() { seen.removeAll(keepingCapacity: true) }

  /// Notes a key that the reader has just read.
  mutating func note(_ key: String, _ reader: JSONReader) throws(CocoError) {
    if seen.contains(key) { throw reader.error("the key \"\(key)\" occurs twice in one object") }
    seen.append(key)
  }
}
