/// A Python config of mm with all that its `_base_` names: the literal subset that such configs are written in. No code
/// runs.
///
/// Read are assignments of literals, `dict(...)`, lists and tuples, names assigned before, members of them, f-texts of
/// names, arithmetic, lists of `[... for x in values]`, and `_base_` with what mm puts in for `{{_base_.x}}` and
/// `_base_.x`.
struct PythonConfig {
  /// All assignments, over those of the bases.
  private(set) var node: ConfigurationNode
  /// What cannot be read, in the order of files and lines.
  private(set) var mistakes: [ConfigurationError] = []

  /// Reads a file and its bases.
  ///
  /// - Throws: `ConfigurationError` for a file that cannot be opened, is no text, or names itself as a base.
  init(file path: String) throws {
    try self.init(path, chain: [], at: SourceLocation(file: path))
  }

  private init(_ path: String, chain: [String], at here: SourceLocation) throws {
    let subject = chain.isEmpty ? "" : "\(path): "
    func failure(_ message: String) -> ConfigurationError {
      ConfigurationError(location: here, message: subject + message)
    }
    if chain.contains(where: { ConfigurationNode.normalized($0) == ConfigurationNode.normalized(path) }) {
      throw failure("a cycle of _base_")
    }
    guard chain.count <= ConfigurationNode.baseDepth else {
      throw failure("_base_ is nested deeper than \(ConfigurationNode.baseDepth)")
    }
    let bytes = try ConfigurationNode.contents(of: path, failure: failure)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("is no UTF-8 text") }
    let lines = PythonLine.lines(PythonLexer.tokens(text, file: path))
    var base: ConfigurationNode?
    node = ConfigurationNode(.mapping([]), at: SourceLocation(file: path))
    var evaluator = PythonEvaluator(base: nil, file: path)
    for line in lines {
      guard case .assignment(let names, let expression) = line.form, names.map(\.text) == ["_base_"] else {
        continue
      }
      do {
        for (file, place) in try Self.bases(try evaluator.value(of: expression)) {
          let other = try Self(ConfigurationNode.relative(file, to: path), chain: chain + [path], at: place)
          mistakes += other.mistakes
          base = try base.map { try $0.merged(with: other.node) } ?? other.node
        }
      } catch let error as ConfigurationError { mistakes.append(error) }
    }
    evaluator = PythonEvaluator(base: base, file: path)
    var own: [ConfigurationNode.Entry] = []
    for line in lines {
      do {
        guard let (names, value) = try line.assigned(by: &evaluator) else { continue }
        for name in names {
          evaluator.names[name.text] = .value(value)
          own.removeAll { $0.key == name.text }
          own.append(ConfigurationNode.Entry(key: name.text, location: name.location, value: value))
        }
      } catch {
        mistakes.append(error)
        for name in line.names { evaluator.names[name] = .unreadable(line: error.location?.line ?? 0) }
      }
    }
    base = evaluator.base
    let mine = ConfigurationNode(.mapping(own), at: SourceLocation(file: path, line: 1, column: 1))
    node = (try base.map { try $0.merged(with: mine) } ?? mine.withoutDeletionMarks()).rooted(at: "")
  }

  /// The paths of `_base_`, one or a list of them, with their places.
  private static func bases(_ node: ConfigurationNode) throws -> [(String, SourceLocation)] {
    try (node.elements ?? [node]).map { base in
      guard let path = base.string else {
        throw ConfigurationError(location: base.location, message: "a path is expected, not \(base.kind)")
      }
      guard !path.contains("::") else {
        throw ConfigurationError(
          location: base.location, message: "'\(path.shown)' is a file of an installed package",
          hint: "Give the path of the file, relative to this one.")
      }
      return (path, base.location)
    }
  }
}

/// A logical line of a Python config.
struct PythonLine {
  /// A word with its place.
  struct Name {
    var text: String
    var location: SourceLocation
  }

  /// What it does.
  enum Form {
    case assignment([Name], PythonExpression)
    /// `name += value`.
    case change(Name, String, PythonExpression)
    /// `_base_.a['b'] = value`.
    case baseChange(PythonExpression, PythonExpression)
    /// A text that stands alone, `pass`, an import that nothing may refer to.
    case nothing
    case mistake(ConfigurationError)
  }

  var form: Form
  /// What its names stand for is not known where it cannot be read.
  var names: [String]
  private var place: SourceLocation

  /// What is assigned, if anything.
  ///
  /// - Throws: `ConfigurationError` for what cannot be read.
  func assigned(
    by evaluator: inout PythonEvaluator
  ) throws(ConfigurationError) -> (names: [Name], value: ConfigurationNode)? {
    switch form {
    case .assignment(let names, let expression):
      guard names.map(\.text) != ["_base_"] else { return nil }
      return (names, try evaluator.value(of: expression))
    case .change(let name, let sign, let expression):
      let old = PythonExpression(form: .name(name.text), location: name.location)
      let whole = PythonExpression(form: .operation(sign, old, expression), location: expression.location)
      return ([name], try evaluator.value(of: whole))
    case .baseChange(let target, let expression):
      try evaluator.changeBase(target, to: try evaluator.value(of: expression))
      return nil
    case .nothing:
      for name in names { evaluator.names[name] = .unreadable(line: place.line) }
      return nil
    case .mistake(let error): throw error
    }
  }

  /// The lines of a file. Of a block that would have to be run only the first line counts.
  static func lines(_ tokens: [PythonToken]) -> [PythonLine] {
    var lines: [PythonLine] = []
    var isInBlock = false
    for words in tokens.split(whereSeparator: { $0.kind == .newline || $0.kind == .symbol(";") }) {
      guard let first = words.first else { continue }
      if first.isIndented {
        if isInBlock { continue }
        lines.append(PythonLine(mistake: "is indented without a block around it", words))
        continue
      }
      let line = PythonLine(words)
      isInBlock = words.last?.kind == .symbol(":") || first.kind.isBlock
      lines.append(line)
    }
    return lines
  }

  private init(mistake: String, _ words: ArraySlice<PythonToken>) {
    place = words.first?.location ?? SourceLocation(file: "")
    form = .mistake(ConfigurationError(location: place, message: mistake))
    names = []
  }

  private init(_ words: ArraySlice<PythonToken>) {
    place = words.first?.location ?? SourceLocation(file: "")
    names = []
    form = .nothing
    if case .name(let word)? = words.first?.kind {
      switch word {
      case "import", "from":
        // The names behind it, whatever their dots and commas.
        names = words.dropFirst().compactMap { if case .name(let name) = $0.kind { name } else { nil } }
        return
      case "pass": return
      case "with" where words.contains(where: { $0.kind == .name("read_base") }):
        form = .mistake(
          ConfigurationError(
            location: place, message: "'read_base' is mm's newer form of configs, which are programs",
            hint: "Take the config of the same name in the older form, with _base_ = [...]."))
        return
      case _ where words.first?.kind.isBlock == true || Self.statements.contains(word):
        form = .mistake(
          ConfigurationError(location: place, message: "'\(word)' is code, and no code is run"))
        return
      default: break
      }
    }
    if words.first?.kind == .symbol("@") {
      form = .mistake(ConfigurationError(location: place, message: "'@' is code, and no code is run"))
      return
    }
    if words.count == 1, case .text = words.first?.kind { return }
    if words.count == 1, case .fault(let message) = words.first?.kind {
      form = .mistake(ConfigurationError(location: place, message: message))
      return
    }
    read(words)
  }

  private static let statements: Set<String> = [
    "del", "assert", "raise", "return", "global", "nonlocal", "lambda",
  ]

  /// `a = b = value`, or `a += value`.
  private mutating func read(_ words: ArraySlice<PythonToken>) {
    var targets: [Name] = []
    var rest = words
    while case .name(let name)? = rest.first?.kind, let sign = rest.dropFirst().first?.kind {
      let target = Name(text: name, location: rest[rest.startIndex].location)
      if sign == .symbol("=") {
        targets.append(target)
        rest = rest.dropFirst(2)
        continue
      }
      guard targets.isEmpty, case .symbol(let operation) = sign,
        ["+=", "-=", "*=", "/="].contains(operation)
      else { break }
      names = [name]
      parse(rest.dropFirst(2)) { .change(target, String(operation.dropLast()), $0) }
      return
    }
    if targets.isEmpty, readBaseChange(words) { return }
    guard !targets.isEmpty else {
      let member = Self.changedName(words)
      names = member.map { [$0] } ?? []
      form = .mistake(
        ConfigurationError(
          location: place,
          message: member.map { "'\($0.shown)' is changed here, which would have to be run" }
            ?? "no assignment, and no code is run",
          hint: member == nil ? nil : "Write the value whole where it is assigned."))
      return
    }
    names = targets.map(\.text)
    parse(rest) { .assignment(targets, $0) }
  }

  /// `_base_.a.b = value`, which sets a value of the bases; false for anything else.
  private mutating func readBaseChange(_ words: ArraySlice<PythonToken>) -> Bool {
    guard words.first?.kind == .name("_base_"),
      let sign = words.firstIndex(where: { $0.kind == .symbol("=") }),
      sign > words.startIndex + 1
    else { return false }
    var target = PythonParser(words[..<sign])
    guard let place = try? target.whole(), place.steps(below: "_base_") != nil else { return false }
    parse(words[(sign + 1)...]) { .baseChange(place, $0) }
    return true
  }

  private mutating func parse(_ words: ArraySlice<PythonToken>, _ made: (PythonExpression) -> Form) {
    guard !words.isEmpty else {
      form = .mistake(ConfigurationError(location: place, message: "a value is expected, but the line ends"))
      return
    }
    var parser = PythonParser(words)
    do { form = made(try parser.whole()) } catch { form = .mistake(error) }
  }

  /// The name that a line changes a part of: of `model['a'] = 1`, `x.update(...)`, `a, b = ...`.
  private static func changedName(_ words: ArraySlice<PythonToken>) -> String? {
    guard case .name(let name)? = words.first?.kind else { return nil }
    let signs: [PythonToken.Kind] = [".", "[", ",", ":"].map { .symbol($0) }
    guard let next = words.dropFirst().first?.kind, signs.contains(next) else { return nil }
    return name
  }
}

extension PythonToken.Kind {
  /// Whether a block begins with it.
  fileprivate var isBlock: Bool {
    switch self {
    case .symbol("@"): true
    case .name(let word):
      ["if", "for", "while", "with", "def", "class", "try", "async", "elif", "else", "except", "finally"]
        .contains(word)
    default: false
    }
  }
}
