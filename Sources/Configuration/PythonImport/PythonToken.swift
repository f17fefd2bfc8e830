/// A word of a Python file.
struct PythonToken {
  /// What it is.
  enum Kind: Equatable {
    case name(String)
    case number(String)
    case text(String)
    /// An `f'...'` of texts and dotted names.
    case format([FormatPart])
    /// `{{ _base_.a.b }}` outside of quotes.
    case base(path: String)
    case symbol(String)
    /// The end of a logical line.
    case newline
    /// What cannot be read, and why.
    case fault(String)
  }

  /// A part of an `f'...'`.
  enum FormatPart: Equatable {
    case text(String)
    case name(String)
  }

  var kind: Kind
  var location: SourceLocation
  /// Whether blanks stand before it, and nothing else in its line.
  var isIndented = false
}

/// Python text as words; what is no word becomes a fault, and reading goes on.
struct PythonLexer {
  private let text: [Unicode.Scalar]
  private let file: String
  private var place = 0
  private var line = 1
  private var lineStart = 0
  private var depth = 0
  private var tokens: [PythonToken] = []

  /// The words of a text.
  static func tokens(_ text: String, file: String) -> [PythonToken] {
    var lexer = PythonLexer(text: Array(text.unicodeScalars), file: file)
    lexer.run()
    return lexer.tokens
  }

  private init(text: [Unicode.Scalar], file: String) { (self.text, self.file) = (text, file) }

  private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
    let index = place + offset
    return index < text.count ? text[index] : nil
  }

  private var here: SourceLocation { SourceLocation(file: file, line: line, column: place - lineStart + 1) }

  private mutating func add(_ kind: PythonToken.Kind, at location: SourceLocation) {
    let isFirst: Bool
    if case .newline? = tokens.last?.kind { isFirst = true } else { isFirst = tokens.isEmpty }
    tokens.append(PythonToken(kind: kind, location: location, isIndented: isFirst && location.column > 1))
  }

  private mutating func run() {
    while let scalar = peek() {
      let location = here
      switch scalar {
      case "\n":
        if depth == 0 { add(.newline, at: location) }
        advanceLine()
      case " ", "\t", "\r", "\u{c}": place += 1
      case "#": while let next = peek(), next != "\n" { place += 1 }
      case "\\":
        place += 1
        if peek() == "\r" { place += 1 }
        if peek() == "\n" { advanceLine() } else { add(.fault("a backslash within a line"), at: location) }
      case "'", "\"": string(prefix: "", at: location)
      case "0"..."9": number(at: location)
      case "." where peek(1).map { ("0"..."9").contains($0) } ?? false: number(at: location)
      case _ where scalar == "_" || scalar.properties.isXIDStart: word(at: location)
      default: symbol(scalar, at: location)
      }
    }
    if depth > 0 { add(.fault("a bracket that is not closed"), at: here) }
    add(.newline, at: here)
  }

  private mutating func advanceLine() {
    place += 1
    line += 1
    lineStart = place
  }

  private mutating func word(at location: SourceLocation) {
    var name = ""
    while let next = peek(), next == "_" || next.properties.isXIDContinue {
      name.unicodeScalars.append(next)
      place += 1
    }
    if let quote = peek(), quote == "'" || quote == "\"", name.count <= 2,
      name.lowercased().allSatisfy({ "rbuf".contains($0) })
    {
      string(prefix: name.lowercased(), at: location)
    } else {
      add(.name(name), at: location)
    }
  }

  private mutating func number(at location: SourceLocation) {
    var number = ""
    while let next = peek() {
      let isSign = (next == "+" || next == "-") && (number.hasSuffix("e") || number.hasSuffix("E"))
      let isHex = number.lowercased().hasPrefix("0x")
      guard next == "." || next == "_" || next.properties.isXIDContinue || (isSign && !isHex) else { break }
      number.unicodeScalars.append(next)
      place += 1
    }
    add(
      PythonNumber.yaml(number).map { .number($0) } ?? .fault("'\(number.shown)' is no number"), at: location)
  }

  private static let pairs = [
    "**", "//", "+=", "-=", "*=", "/=", "==", "!=", "<=", ">=", ":=", "->", "<<", ">>",
  ]

  private mutating func symbol(_ scalar: Unicode.Scalar, at location: SourceLocation) {
    if scalar == "{", peek(1) == "{", let path = baseReference() {
      add(.base(path: path), at: location)
      return
    }
    if let next = peek(1), Self.pairs.contains(String(Character(scalar)) + String(Character(next))) {
      place += 2
      add(.symbol(String(Character(scalar)) + String(Character(next))), at: location)
      return
    }
    place += 1
    switch scalar {
    case "(", "[", "{": depth += 1
    case ")", "]", "}":
      guard depth > 0 else {
        add(.fault("'\(scalar)' closes no bracket"), at: location)
        return
      }
      depth -= 1
    case _ where "+-*/%~@=.,:;<>!&|^".unicodeScalars.contains(scalar): break
    default:
      add(.fault("'\(String(Character(scalar)).shown)' is no part of a config"), at: location)
      return
    }
    add(.symbol(String(Character(scalar))), at: location)
  }

  /// The path of `{{ _base_.path }}` at this place, which is passed over; nil for anything else.
  private mutating func baseReference() -> String? {
    var index = place + 2
    var inner = ""
    while index < text.count, text[index] != "}", text[index] != "\n", inner.unicodeScalars.count < 1000 {
      inner.unicodeScalars.append(text[index])
      index += 1
    }
    guard index + 1 < text.count, text[index] == "}", text[index + 1] == "}",
      let path = PythonTemplate.basePath(inner)
    else { return nil }
    place = index + 2
    return path
  }

  // MARK: Texts

  private mutating func string(prefix: String, at location: SourceLocation) {
    guard let quote = peek() else { return }
    let isTriple = peek(1) == quote && peek(2) == quote
    place += isTriple ? 3 : 1
    var value = ""
    var fault: String?
    while true {
      guard let next = peek(), isTriple || next != "\n" else {
        fault = "a text that is not closed"
        break
      }
      if next == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
        place += isTriple ? 3 : 1
        break
      }
      if next == "\\" {
        if let problem = escape(isRaw: prefix.contains("r"), into: &value) { fault = problem }
        continue
      }
      value.unicodeScalars.append(next)
      if next == "\n" { advanceLine() } else { place += 1 }
    }
    if prefix.contains("b") { fault = fault ?? "bytes" }
    if let fault {
      add(.fault(fault), at: location)
    } else if prefix.contains("f") {
      add(
        PythonTemplate.parts(value).map { .format($0) }
          ?? .fault("an f-text of more than names: it would have to be run"), at: location)
    } else {
      add(.text(value), at: location)
    }
  }

  /// Reads a backslash and what follows; says what is wrong.
  private mutating func escape(isRaw: Bool, into value: inout String) -> String? {
    place += 1
    guard let next = peek() else { return nil }
    if isRaw {
      value += "\\"
      value.unicodeScalars.append(next)
      if next == "\n" { advanceLine() } else { place += 1 }
      return nil
    }
    if next == "\n" {
      advanceLine()
      return nil
    }
    place += 1
    let simple: [Unicode.Scalar: String] = [
      "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}",
      "f": "\u{c}", "v": "\u{b}",
    ]
    if let text = simple[next] {
      value += text
      return nil
    }
    let digits: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
    if let count = digits[next] {
      let end = min(text.count, place + count)
      let hex = String(String.UnicodeScalarView(text[min(place, end)..<end]))
      guard hex.unicodeScalars.count == count, let code = UInt32(hex, radix: 16),
        let scalar = Unicode.Scalar(code)
      else { return "'\\\(next)' without \(count) hexadecimal digits of a letter" }
      value.unicodeScalars.append(scalar)
      place = end
      return nil
    }
    if ("0"..."7").contains(next) || next == "N" { return "an escape '\\\(next)' in a text" }
    value += "\\"
    value.unicodeScalars.append(next)
    return nil
  }
}

/// Numbers as Python writes them.
enum PythonNumber {
  /// The number as YAML has it: `.5` is 0.5, `1.` is 1.0, `0x10` is 16; nil for no number.
  static func yaml(_ text: String) -> String? {
    let plain = text.replacing("_", with: "").lowercased()
    guard plain.utf8.count <= 400, !text.hasSuffix("_"), !text.hasPrefix("_"), plain.allSatisfy(\.isASCII)
    else { return nil }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where plain.hasPrefix(prefix) {
      return Int(plain.dropFirst(2), radix: radix).flatMap {
        plain.dropFirst(2).first?.isHexDigit == true ? "\($0)" : nil
      }
    }
    if plain.allSatisfy(\.isNumber) {
      let digits = plain.drop { $0 == "0" }
      guard plain.first != "0" || digits.isEmpty else { return nil }
      return Int(plain).map { "\($0)" }
    }
    guard plain.allSatisfy({ $0.isNumber || ".e+-".contains($0) }) else { return nil }
    let parts = plain.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
    var mantissa = String(parts[0])
    if mantissa.hasPrefix(".") { mantissa = "0" + mantissa }
    if mantissa.hasSuffix(".") { mantissa += "0" }
    let whole = parts.count == 2 ? "\(mantissa)e\(parts[1])" : mantissa
    guard let value = Double(whole), value.isFinite else { return nil }
    return whole
  }
}

/// What mm puts into texts: `{{ _base_.a.b }}`, and names in an f-text.
enum PythonTemplate {
  /// The path behind `_base_.` of what stands between two braces; nil for anything else.
  static func basePath(_ inner: some StringProtocol) -> String? {
    let path = inner.split(whereSeparator: \.isWhitespace)
    guard path.count == 1, path[0].hasPrefix("_base_.") else { return nil }
    let rest = path[0].dropFirst("_base_.".count)
    let steps = rest.split(separator: ".", omittingEmptySubsequences: false)
    guard steps.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } })
    else {
      return nil
    }
    return String(rest)
  }

  /// A text in pieces: those outside of double braces, and what stands between two.
  static func pieces(_ text: String) -> [(text: String, isInner: Bool)] {
    var pieces: [(text: String, isInner: Bool)] = []
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      pieces.append((String(rest[..<open.lowerBound]), false))
      pieces.append((String(rest[open.upperBound..<close.lowerBound]), true))
      rest = rest[close.upperBound...]
    }
    pieces.append((String(rest), false))
    return pieces.filter { $0.isInner || !$0.text.isEmpty }
  }

  /// The parts of an f-text; nil where braces hold more than a dotted name.
  static func parts(_ text: String) -> [PythonToken.FormatPart]? {
    var parts: [PythonToken.FormatPart] = []
    var plain = ""
    var rest = Array(text)[...]
    while let next = rest.popFirst() {
      if next == "{" || next == "}" {
        if rest.first == next {
          rest.removeFirst()
          plain.append(next)
          continue
        }
        guard next == "{", let end = rest.firstIndex(of: "}") else { return nil }
        let name = String(rest[..<end])
        guard let first = name.first, first.isLetter || first == "_",
          name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
        else { return nil }
        if !plain.isEmpty { parts.append(.text(plain)) }
        parts.append(.name(name))
        plain = ""
        rest = rest[rest.index(after: end)...]
        continue
      }
      plain.append(next)
    }
    if !plain.isEmpty { parts.append(.text(plain)) }
    return parts
  }
}
