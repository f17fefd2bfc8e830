/// A value as a Python config writes it.
struct PythonExpression {
  /// What it is.
  indirect enum Form {
    case none
    case truth(Bool)
    case number(String)
    case text(String)
    case format([PythonToken.FormatPart])
    case base(path: String)
    case list([PythonExpression])
    case dictionary([Entry])
    case name(String)
    /// `value.name` or `value[index]`.
    case member(PythonExpression, PythonExpression)
    case operation(String, PythonExpression, PythonExpression)
    case negative(PythonExpression)
    /// `[element for name in values]`.
    case comprehension(element: PythonExpression, name: String, values: PythonExpression)
  }

  /// An entry of a dictionary; without a key the value's own entries, as `**value` gives them.
  struct Entry {
    var key: PythonExpression?
    var value: PythonExpression
  }

  var form: Form
  var location: SourceLocation
}

/// Reads the values of one logical line.
struct PythonParser {
  private var tokens: ArraySlice<PythonToken>
  private let end: SourceLocation
  private var depth = 0

  /// - Parameter tokens: Of the line, without its end; there is one at least.
  init(_ tokens: ArraySlice<PythonToken>) {
    self.tokens = tokens
    end = tokens.last?.location ?? SourceLocation(file: "")
  }

  /// What is wrong at this place.
  private func failure(_ message: String) -> ConfigurationError {
    ConfigurationError(location: tokens.first?.location ?? end, message: message)
  }

  private func isNext(_ symbol: String) -> Bool { tokens.first?.kind == .symbol(symbol) }

  private mutating func take(_ symbol: String) -> Bool {
    guard isNext(symbol) else { return false }
    tokens.removeFirst()
    return true
  }

  private mutating func expect(_ symbol: String, _ what: String) throws(ConfigurationError) {
    try refuseCode()
    guard take(symbol) else { throw failure("'\(symbol)' is expected \(what)\(found)") }
  }

  private var found: String {
    switch tokens.first?.kind {
    case nil, .newline: ", but the line ends"
    case .name(let name): ", not '\(name.shown)'"
    case .symbol(let symbol): ", not '\(symbol)'"
    case .fault(let message): ", not \(message)"
    case .number(let text): ", not '\(text.shown)'"
    case .text, .format, .base: ", not a text"
    }
  }

  /// Words and signs that would have to be run.
  private static let code: Set<String> = [
    "if", "else", "for", "and", "or", "not", "in", "is", "lambda", "await", "yield", "==", "!=", "<", ">",
    "<=",
    ">=", ":=", "&", "|", "^", "<<", ">>", "@", "~",
  ]

  private func refuseCode() throws(ConfigurationError) {
    switch tokens.first?.kind {
    case .name(let word) where Self.code.contains(word), .symbol(let word) where Self.code.contains(word):
      throw failure("'\(word)' is code, and no code is run")
    case .fault(let message): throw failure("\(message)")
    default: break
    }
  }

  /// One value, which is all that is left of the line; several with commas between them are a tuple.
  mutating func whole() throws(ConfigurationError) -> PythonExpression {
    let place = tokens.first?.location ?? end
    let first = try expression()
    var elements = [first]
    var isTuple = false
    while take(",") {
      isTuple = true
      if tokens.isEmpty { break }
      elements.append(try expression())
    }
    try refuseCode()
    guard tokens.isEmpty else { throw failure("the end of the line is expected\(found)") }
    return isTuple ? PythonExpression(form: .list(elements), location: place) : first
  }

  private mutating func expression() throws(ConfigurationError) -> PythonExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ConfigurationNode.Limit.depth else {
      throw failure("nested deeper than \(ConfigurationNode.Limit.depth) levels")
    }
    return try operations(["+", "-"]) { parser throws(ConfigurationError) in
      try parser.operations(["*", "/", "//", "%"]) { parser throws(ConfigurationError) in
        try parser.signed()
      }
    }
  }

  private mutating func operations(
    _ signs: Set<String>,
    _ operand: (inout PythonParser) throws(ConfigurationError) -> PythonExpression
  ) throws(ConfigurationError) -> PythonExpression {
    var left = try operand(&self)
    var count = 0
    while case .symbol(let sign)? = tokens.first?.kind, signs.contains(sign) {
      count += 1
      guard count <= ConfigurationNode.Limit.depth else {
        throw failure("more than \(ConfigurationNode.Limit.depth) operations in a row")
      }
      let place = tokens.removeFirst().location
      left = PythonExpression(form: .operation(sign, left, try operand(&self)), location: place)
    }
    return left
  }

  private mutating func signed() throws(ConfigurationError) -> PythonExpression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ConfigurationNode.Limit.depth else {
      throw failure("nested deeper than \(ConfigurationNode.Limit.depth) levels")
    }
    let place = tokens.first?.location ?? end
    if take("-") { return PythonExpression(form: .negative(try signed()), location: place) }
    if take("+") { return try signed() }
    let base = try members()
    guard take("**") else { return base }
    return PythonExpression(form: .operation("**", base, try signed()), location: place)
  }

  /// A value with `.name`, `[index]` and the brackets of a call behind it.
  private mutating func members() throws(ConfigurationError) -> PythonExpression {
    var value = try atom()
    var count = 0
    while let place = tokens.first?.location {
      count += 1
      guard count <= ConfigurationNode.Limit.depth else {
        throw failure("nested deeper than \(ConfigurationNode.Limit.depth) levels")
      }
      if take(".") {
        guard case .name(let name)? = tokens.first?.kind else { throw failure("a name is expected\(found)") }
        tokens.removeFirst()
        value = PythonExpression(
          form: .member(value, PythonExpression(form: .text(name), location: place)), location: place)
      } else if take("[") {
        let index = try expression()
        try expect("]", "behind an index")
        value = PythonExpression(form: .member(value, index), location: place)
      } else if isNext("(") {
        value = try call(value)
      } else {
        break
      }
    }
    return value
  }

  private mutating func atom() throws(ConfigurationError) -> PythonExpression {
    try refuseCode()
    guard let token = tokens.popFirst() else { throw failure("a value is expected\(found)") }
    func made(_ form: PythonExpression.Form) -> PythonExpression {
      PythonExpression(form: form, location: token.location)
    }
    switch token.kind {
    case .number(let text): return made(.number(text))
    case .base(let path): return made(.base(path: path))
    case .text(let text): return try joined(made(.text(text)))
    case .format(let parts): return try joined(made(.format(parts)))
    case .name("None"): return made(.none)
    case .name("True"): return made(.truth(true))
    case .name("False"): return made(.truth(false))
    case .name(let name): return made(.name(name))
    case .symbol("("):
      let (elements, hasComma) = try elements(until: ")", token.location)
      return elements.count == 1 && !hasComma ? elements[0] : made(.list(elements))
    case .symbol("["):
      let (elements, _) = try elements(until: "]", token.location)
      return elements.count == 1 && elements[0].isComprehension ? elements[0] : made(.list(elements))
    case .symbol("{"): return made(.dictionary(try entries(token.location)))
    default:
      tokens = [token] + tokens
      throw failure("a value is expected\(found)")
    }
  }

  /// Texts beside each other are one.
  private mutating func joined(_ first: PythonExpression) throws(ConfigurationError) -> PythonExpression {
    var whole = first
    while let token = tokens.first {
      let next: PythonExpression
      switch token.kind {
      case .text(let text): next = PythonExpression(form: .text(text), location: token.location)
      case .format(let parts): next = PythonExpression(form: .format(parts), location: token.location)
      default: return whole
      }
      tokens.removeFirst()
      switch (whole.form, next.form) {
      case (.text(let a), .text(let b)): whole.form = .text(a + b)
      case (.text(let a), .format(let b)): whole.form = .format([.text(a)] + b)
      case (.format(let a), .text(let b)): whole.form = .format(a + [.text(b)])
      case (.format(let a), .format(let b)): whole.form = .format(a + b)
      default: return whole
      }
    }
    return whole
  }

  /// Values up to a bracket, or one comprehension.
  private mutating func elements(
    until close: String, _ place: SourceLocation
  ) throws(ConfigurationError) -> (elements: [PythonExpression], hasComma: Bool) {
    var elements: [PythonExpression] = []
    var hasComma = false
    while !take(close) {
      let element = try expression()
      if tokens.first?.kind == .name("for"), elements.isEmpty, close == "]" {
        return ([try comprehension(of: element, place)], false)
      }
      elements.append(element)
      guard take(",") else {
        try expect(close, "here")
        break
      }
      hasComma = true
    }
    return (elements, hasComma)
  }

  /// `for name in values]` behind an element.
  private mutating func comprehension(
    of element: PythonExpression, _ place: SourceLocation
  ) throws(ConfigurationError) -> PythonExpression {
    tokens.removeFirst()
    guard case .name(let name)? = tokens.first?.kind, !Self.code.contains(name) else {
      throw failure("one name is expected behind 'for'\(found)")
    }
    tokens.removeFirst()
    guard tokens.first?.kind == .name("in") else { throw failure("'in' is expected\(found)") }
    tokens.removeFirst()
    let values = try expression()
    try expect("]", "behind the values of a 'for'")
    return PythonExpression(
      form: .comprehension(element: element, name: name, values: values), location: place)
  }

  private mutating func entries(_ place: SourceLocation) throws(ConfigurationError) -> [PythonExpression
    .Entry]
  {
    var entries: [PythonExpression.Entry] = []
    while !take("}") {
      if take("**") {
        entries.append(PythonExpression.Entry(key: nil, value: try expression()))
      } else {
        let key = try expression()
        guard take(":") else {
          try refuseCode()
          throw failure("':' is expected behind a key\(found); a set is no value of a config")
        }
        entries.append(PythonExpression.Entry(key: key, value: try expression()))
      }
      guard take(",") else {
        try expect("}", "here")
        break
      }
    }
    return entries
  }

  /// `dict(...)`, `list(...)` and `tuple(...)`: all other calls would have to be run.
  private mutating func call(_ callee: PythonExpression) throws(ConfigurationError) -> PythonExpression {
    guard case .name(let name) = callee.form, ["dict", "list", "tuple"].contains(name) else {
      throw ConfigurationError(
        location: callee.location, message: "a call of \(callee.spelling), and no code is run",
        hint: "Write its result instead.")
    }
    _ = take("(")
    guard name == "dict" else {
      let (elements, _) = try elements(until: ")", callee.location)
      guard let first = elements.first else {
        return PythonExpression(form: .list([]), location: callee.location)
      }
      guard elements.count == 1 else { throw failure("\(name)() takes one value") }
      // Of a list, a list.
      return PythonExpression(
        form: .comprehension(
          element: PythonExpression(form: .name("_"), location: first.location), name: "_", values: first),
        location: callee.location)
    }
    var entries: [PythonExpression.Entry] = []
    var names: Set<String> = []
    while !take(")") {
      if take("**") {
        entries.append(PythonExpression.Entry(key: nil, value: try expression()))
      } else if case .name(let key)? = tokens.first?.kind, tokens.dropFirst().first?.kind == .symbol("=") {
        let place = tokens[tokens.startIndex].location
        guard names.insert(key).inserted else { throw failure("'\(key.shown)' is given twice") }
        tokens.removeFirst(2)
        entries.append(
          PythonExpression.Entry(
            key: PythonExpression(form: .text(key), location: place), value: try expression()))
      } else {
        // dict(another).
        entries.append(PythonExpression.Entry(key: nil, value: try expression()))
      }
      guard take(",") else {
        try expect(")", "here")
        break
      }
    }
    return PythonExpression(form: .dictionary(entries), location: callee.location)
  }
}

extension PythonExpression {
  fileprivate var isComprehension: Bool { if case .comprehension = form { true } else { false } }

  /// The dotted name, for messages.
  var spelling: String {
    switch form {
    case .name(let name): "'\(name.shown)'"
    case .member(let value, let index):
      if case .text(let name) = index.form {
        "'\(value.spelling.filter { $0 != "'" }).\(name.shown)'"
      } else {
        "a member"
      }
    default: "a value"
    }
  }
}
