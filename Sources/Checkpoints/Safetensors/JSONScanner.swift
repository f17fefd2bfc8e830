/// Reads the few forms of JSON that a safetensors header is made of: objects, strings and lists of integers.
struct JSONScanner {
  /// What is wrong, and at which byte.
  struct Fault: Error {
    var byte: Int
    var message: String
  }

  private static let stringLimit = 16 << 20
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// An error at the current byte.
  func fault(_ message: String) -> Fault { Fault(byte: index, message: message) }

  /// An object; `member` reads each value.
  mutating func object(_ member: (String, inout JSONScanner) throws(Fault) -> Void) throws(Fault) {
    try expect("{")
    skipSpace()
    if takes("}") { return }
    while true {
      skipSpace()
      let key = try string()
      try expect(":")
      skipSpace()
      try member(key, &self)
      skipSpace()
      if takes("}") { return }
      try expect(",")
    }
  }

  /// A list of integers.
  mutating func integers(limit: Int) throws(Fault) -> [Int] {
    try expect("[")
    skipSpace()
    var numbers: [Int] = []
    if takes("]") { return numbers }
    while true {
      skipSpace()
      guard numbers.count < limit else { throw fault("a list of more than \(limit) numbers") }
      numbers.append(try integer())
      skipSpace()
      if takes("]") { return numbers }
      try expect(",")
    }
  }

  /// Only white space may follow.
  mutating func finish() throws(Fault) {
    skipSpace()
    guard index == bytes.count else { throw fault("something follows the header") }
  }

  /// A string.
  mutating func string() throws(Fault) -> String {
    guard takes("\"") else { throw fault("a string is expected") }
    let start = index
    while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"),
      bytes[index] >= 0x20
    { index += 1 }
    let head = bytes[start..<index]
    if takes("\"") { return try string(of: head) }
    var text = Array(head)
    while !takes("\"") {
      guard index < bytes.count, text.count <= Self.stringLimit else {
        throw fault("a string without an end, or of more than \(Self.stringLimit) bytes")
      }
      guard bytes[index] >= 0x20 else { throw fault("a control character in a string") }
      if takes("\\") {
        try escape(&text)
      } else {
        text.append(bytes[index])
        index += 1
      }
    }
    return try string(of: text[...])
  }

  private func string(of text: ArraySlice<UInt8>) throws(Fault) -> String {
    guard text.count <= Self.stringLimit else {
      throw fault("a string of more than \(Self.stringLimit) bytes")
    }
    guard let string = String(validating: text, as: UTF8.self) else {
      throw fault("a string that is not UTF-8")
    }
    return string
  }

  private mutating func escape(_ text: inout [UInt8]) throws(Fault) {
    guard index < bytes.count else { throw fault("a string without an end") }
    let byte = bytes[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"):
      var code = try unit()
      if 0xd800..<0xdc00 ~= code, takes("\\"), takes("u") {
        let low = try unit()
        guard 0xdc00..<0xe000 ~= low else { throw fault("half of a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard code >= 0x80 else { return text.append(UInt8(code)) }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair") }
      text += Array(String(Character(scalar)).utf8)
    default: throw fault("an unknown escape in a string")
    }
  }

  private mutating func unit() throws(Fault) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let byte = index < bytes.count ? bytes[index] : 0
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46, 0x61...0x66: digit = (byte | 0x20) - 0x61 + 10
      default: throw fault("four hexadecimal digits are expected")
      }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }

  private mutating func integer() throws(Fault) -> Int {
    let isNegative = takes("-")
    let start = index
    var number = 0
    while index < bytes.count, 0x30...0x39 ~= bytes[index] {
      let (tens, over) = number.multipliedReportingOverflow(by: 10)
      let (sum, beyond) = tens.addingReportingOverflow(Int(bytes[index] - 0x30))
      guard !over, !beyond else { throw fault("a number beyond 64 bits") }
      number = sum
      index += 1
    }
    guard index > start else { throw fault("a whole number is expected") }
    return isNegative ? -number : number
  }

  private mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x0a, 0x0d, 0x09: index += 1
      default: return
      }
    }
  }

  private mutating func takes(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Fault) {
    skipSpace()
    guard takes(character) else { throw fault("'\(character)' is expected") }
  }
}
