import Data
import Files

/// An element of an XML file, as annotation tools write them: names, attributes, text and children.
///
/// What such files have no use for is refused: entities of a file's own, which may grow without bound or name other files.
/// Foundation's parser would cost every start of the command more than it may take.
struct XMLElement: Sendable {
  /// The name, with its prefix if it has one.
  let name: String
  /// The line it begins in, from 1.
  let line: Int
  /// The attributes by their names.
  fileprivate(set) var attributes: [String: String] = [:]
  /// The elements in it, in their order.
  fileprivate(set) var children: [XMLElement] = []
  /// The text in it, without that of its children and without spaces at its ends.
  fileprivate(set) var text = ""

  /// The first child of a name.
  subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The children of a name.
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  /// The finite number that the text is.
  var number: Double? { finiteNumber(text) }

  /// The finite number that an attribute is.
  func number(_ attribute: String) -> Double? { attributes[attribute].flatMap(finiteNumber) }

  /// Reads a file's one element.
  ///
  /// - Throws: `DataError` with the line.
  static func read(file path: String) throws -> XMLElement {
    try parse(try RegularFile(path, wanted: "an XML file").whole(limit: 1 << 30), file: path)
  }

  /// Reads the bytes of a file; `file` is its name in errors.
  ///
  /// - Throws: `DataError` with the line.
  static func parse(_ bytes: [UInt8], file: String) throws(DataError) -> XMLElement {
    var parser = XMLParser(bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes, file)
    return try parser.document()
  }
}

/// A number that is written in full; spaces around it are passed over.
func finiteNumber(_ text: String) -> Double? {
  let bytes = text.utf8.drop { $0 == 0x20 || $0 == 0x09 }
  guard let value = Double(String(bytes) ?? text), value.isFinite else { return nil }
  return value
}

private struct XMLParser {
  private let bytes: [UInt8]
  private let file: String
  private var position = 0
  private var line = 1

  /// No annotation lies so deep.
  private static let depthLimit = 64

  init(_ bytes: [UInt8], _ file: String) { (self.bytes, self.file) = (bytes, file) }

  private func failure(_ message: String) -> DataError { DataError(file: file, "line \(line): \(message)") }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func stands(_ text: StaticString) -> Bool {
    let end = position + text.utf8CodeUnitCount
    return end <= bytes.count
      && text.withUTF8Buffer { $0.elementsEqual(bytes[position..<end]) }
  }

  private mutating func advance(_ count: Int) {
    for byte in bytes[position..<min(bytes.count, position + count)] where byte == 0x0a { line += 1 }
    position = min(bytes.count, position + count)
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || (0x09...0x0d).contains(byte) { advance(1) }
  }

  /// Passes over everything up to a text, and that.
  private mutating func skip(through end: StaticString, _ what: String) throws(DataError) {
    while position < bytes.count {
      if stands(end) {
        advance(end.utf8CodeUnitCount)
        return
      }
      advance(1)
    }
    throw failure("the file ends within \(what)")
  }

  /// Passes over spaces, comments, declarations and processing instructions.
  private mutating func skipMisc() throws(DataError) {
    while true {
      skipSpace()
      if stands("<!--") {
        try skip(through: "-->", "a comment")
      } else if stands("<?") {
        try skip(through: "?>", "a processing instruction")
      } else if stands("<!DOCTYPE") {
        while let byte = next, byte != UInt8(ascii: ">") {
          guard byte != UInt8(ascii: "[") else { throw failure("entities of a file's own are not read") }
          advance(1)
        }
        advance(1)
      } else {
        return
      }
    }
  }

  mutating func document() throws(DataError) -> XMLElement {
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
      throw failure("is UTF-16; save it as UTF-8")
    }
    try skipMisc()
    guard next == UInt8(ascii: "<") else {
      throw failure(position < bytes.count ? "no XML: '<' is wanted here" : "the file is empty")
    }
    let root = try element(depth: 1)
    try skipMisc()
    guard position == bytes.count else { throw failure("something stands behind the end of <\(root.name)>") }
    return root
  }

  private mutating func name() throws(DataError) -> String {
    let start = position
    while let byte = next, byte > 0x20, !"<>/='\"&".utf8.contains(byte) { advance(1) }
    guard position > start, let name = String(validating: bytes[start..<position], as: UTF8.self) else {
      throw failure("a name is wanted here")
    }
    return name
  }

  private mutating func element(depth: Int) throws(DataError) -> XMLElement {
    guard depth <= Self.depthLimit else { throw failure("elements lie more than \(Self.depthLimit) deep") }
    advance(1)
    var element = XMLElement(name: try name(), line: line)
    while true {
      skipSpace()
      if stands("/>") {
        advance(2)
        return element
      }
      if next == UInt8(ascii: ">") {
        advance(1)
        break
      }
      let key = try name()
      skipSpace()
      guard next == UInt8(ascii: "=") else {
        throw failure("the attribute \(key) of <\(element.name)> has no value")
      }
      advance(1)
      skipSpace()
      guard let quote = next, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
        throw failure("the value of \(key) of <\(element.name)> is not in quotation marks")
      }
      advance(1)
      let start = position
      while let byte = next, byte != quote {
        guard byte != UInt8(ascii: "<") else { throw failure("the value of \(key) is not closed") }
        advance(1)
      }
      guard next == quote else { throw failure("the file ends within the value of \(key)") }
      let value = try text(start..<position)
      advance(1)
      guard element.attributes.updateValue(value, forKey: key) == nil else {
        throw failure("<\(element.name)> has the attribute \(key) twice")
      }
    }
    var text = ""
    while true {
      let start = position
      while let byte = next, byte != UInt8(ascii: "<") { advance(1) }
      text += try self.text(start..<position)
      guard position < bytes.count else {
        throw failure("the file ends within <\(element.name)>, which begins in line \(element.line)")
      }
      if stands("</") {
        advance(2)
        let closed = try name()
        guard closed == element.name else {
          throw failure("</\(closed)> stands where </\(element.name)> is wanted")
        }
        skipSpace()
        guard next == UInt8(ascii: ">") else { throw failure("'>' is wanted here") }
        advance(1)
        break
      } else if stands("<![CDATA[") {
        advance(9)
        let start = position
        try skip(through: "]]>", "CDATA")
        text += try validated(start..<position - 3)
      } else if stands("<!--") {
        try skip(through: "-->", "a comment")
      } else if stands("<?") {
        try skip(through: "?>", "a processing instruction")
      } else {
        element.children.append(try self.element(depth: depth + 1))
      }
    }
    element.text = String(text.trimming(while: \.isWhitespace))
    return element
  }

  private func validated(_ range: Range<Int>) throws(DataError) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw failure("a text that is no UTF-8")
    }
    return text
  }

  /// A text whose references are looked up.
  private func text(_ range: Range<Int>) throws(DataError) -> String {
    let raw = try validated(range)
    guard raw.utf8.contains(UInt8(ascii: "&")) else { return raw }
    let known: [Substring: Unicode.Scalar] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
    var text = ""
    var rest = raw[...]
    while let start = rest.firstIndex(of: "&") {
      text += rest[..<start]
      guard let end = rest[start...].firstIndex(of: ";") else {
        throw failure("'&' without ';': write &amp;")
      }
      let reference = rest[rest.index(after: start)..<end]
      let number: UInt32? =
        reference.hasPrefix("#x")
        ? UInt32(reference.dropFirst(2), radix: 16)
        : reference.hasPrefix("#")
          ? UInt32(reference.dropFirst(1)) : nil
      guard let scalar = known[reference] ?? number.flatMap(Unicode.Scalar.init) else {
        throw failure("the entity &\(reference); is not known")
      }
      text.unicodeScalars.append(scalar)
      rest = rest[rest.index(after: end)...]
    }
    return text + rest
  }
}

extension StringProtocol {
  /// The text without such characters at both ends.
  func trimming(while isDropped: (Character) -> Bool) -> SubSequence {
    var rest = self[startIndex..<endIndex]
    while let first = rest.first, isDropped(first) { rest = rest.dropFirst() }
    while let last = rest.last, isDropped(last) { rest = rest.dropLast() }
    return rest
  }
}
