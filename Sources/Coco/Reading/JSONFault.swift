/// Where a list stops to be JSON: simdjson is fast and says little, so a text that it refuses is read once more.
struct JSONFault: Error {
  /// The byte, from the list's start.
  var place: Int
  /// What is wrong there.
  var message: String
  /// The element of the list that it is in.
  var element = 0

  /// A fault at a place.
  init(place: Int, message: String) {
    self.place = place
    self.message = message
  }

  /// The first fault in a list whose brackets are counted already; nil when it is JSON after all.
  init?(in bytes: UnsafeBufferPointer<UInt8>) {
    var reader = StrictReader(bytes: bytes)
    do throws(JSONFault) {
      try reader.value(depth: 0)
      guard reader.position == bytes.count else { throw reader.unexpected("',' or ']'") }
      return nil
    } catch {
      self = error
      element = reader.element
    }
  }
}

/// Reads JSON to the letter (RFC 8259) and keeps nothing of it.
private struct StrictReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  /// The element of the outermost list at hand.
  var element = 0

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  func fault(_ message: String, at place: Int? = nil) -> JSONFault {
    JSONFault(place: place ?? position, message: message)
  }

  func unexpected(_ wanted: String) -> JSONFault {
    guard let next else { return fault("the file ends where \(wanted) should be; it is cut") }
    for name in ["NaN", "Infinity", "-Infinity"] where bytes[position...].starts(with: name.utf8) {
      return fault(
        "\(name) is no JSON number; whatever wrote it had a value that is not finite, as a model that has diverged"
      )
    }
    return fault("\(quoted(next)) where \(wanted) should be")
  }

  private mutating func skipSpace() {
    while let next, next == 32 || next == 9 || next == 10 || next == 13 { position += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONFault) {
    skipSpace()
    switch next {
    case UInt8(ascii: "{")?: try members(closing: "}", depth: depth)
    case UInt8(ascii: "[")?: try members(closing: "]", depth: depth)
    case UInt8(ascii: "\"")?: try string()
    case UInt8(ascii: "-")?, (48...57)?: try number()
    default:
      for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return
      }
      throw unexpected("a value")
    }
    skipSpace()
  }

  private mutating func members(closing bracket: Unicode.Scalar, depth: Int) throws(JSONFault) {
    guard depth <= JSONPieces.depthLimit else {
      throw fault("more than \(JSONPieces.depthLimit) levels of brackets")
    }
    position += 1
    skipSpace()
    if take(bracket) { return }
    while true {
      if bracket == "}" {
        guard next == UInt8(ascii: "\"") else { throw unexpected("a key in quotation marks") }
        try string()
        skipSpace()
        guard take(":") else { throw unexpected("':'") }
      }
      try value(depth: depth + 1)
      skipSpace()
      if take(bracket) { return }
      guard take(",") else { throw unexpected("',' or '\(bracket)'") }
      skipSpace()
      if next == UInt8(ascii: bracket) { throw fault("a comma before '\(bracket)'; JSON allows none there") }
      if depth == 0 { element += 1 }
    }
  }

  private mutating func digits() -> Int {
    let first = position
    while let next, (48...57).contains(next) { position += 1 }
    return position - first
  }

  private mutating func number() throws(JSONFault) {
    let start = position
    if next == UInt8(ascii: "-") {
      if bytes[start...].starts(with: "-Infinity".utf8) { throw unexpected("a value") }
      position += 1
    }
    let leading = digits()
    guard leading > 0, leading == 1 || bytes[position - leading] != 48 else {
      throw fault("a number must begin with a digit, and with 0 only before a point", at: start)
    }
    if take("."), digits() == 0 { throw fault("a number without digits behind its point", at: start) }
    if take("e") || take("E") {
      _ = take("-") || take("+")
      if digits() == 0 { throw fault("a number without digits behind its exponent", at: start) }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw fault("\(text.prefix(40)) is too large a number", at: start)
    }
  }

  private mutating func string() throws(JSONFault) {
    position += 1
    let start = position
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 32 else { throw fault("a control character within a string") }
      position += 1
      if byte == UInt8(ascii: "\\") { try escape() }
    }
    guard position < bytes.count else { throw unexpected("the end of a string") }
    guard String(validating: bytes[start..<position], as: UTF8.self) != nil else {
      throw fault("a string that is not UTF-8", at: start)
    }
    position += 1
  }

  private mutating func escape() throws(JSONFault) {
    let start = position - 1
    guard let letter = next, "\"\\/bfnrtu".utf8.contains(letter) else {
      throw fault("a string with an illegal escape sequence", at: start)
    }
    position += 1
    guard letter == UInt8(ascii: "u") else { return }
    let first = try codeUnit(of: start)
    guard UTF16.isLeadSurrogate(first) || UTF16.isTrailSurrogate(first) else { return }
    guard UTF16.isLeadSurrogate(first), take("\\"), take("u"),
      UTF16.isTrailSurrogate(try codeUnit(of: start))
    else { throw fault("a string with half a surrogate pair", at: start) }
  }

  private mutating func codeUnit(of escape: Int) throws(JSONFault) -> UInt16 {
    let digits = bytes[position..<min(position + 4, bytes.count)]
    guard digits.count == 4, digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault("a string with an illegal escape sequence", at: escape) }
    position += 4
    return unit
  }
}
