import Foundation

/// Works out the values of a Python config from what was assigned before. Nothing is run: names, members, texts put
/// together and numbers reckoned with are all there is.
struct PythonEvaluator {
  /// What a name stands for.
  enum Known {
    case value(ConfigurationNode)
    /// It was assigned in a line that could not be read, or is not of this file.
    case unreadable(line: Int)
  }

  /// By name.
  var names: [String: Known] = [:]
  /// What the bases give, which `_base_.x` refers to.
  private(set) var base: ConfigurationNode?
  /// The path of the file, for mm's `{{ fileBasename }}`.
  let file: String
  /// Values made so far, with references counted in full.
  private var count = 0

  init(base: ConfigurationNode?, file: String) { (self.base, self.file) = (base, file) }

  /// Letters of one text.
  private static let textLimit = 1 << 20

  /// The value of an expression, no deeper and no larger than a config may be.
  ///
  /// - Throws: `ConfigurationError` with the place of what cannot be read.
  mutating func value(of expression: PythonExpression) throws(ConfigurationError) -> ConfigurationNode {
    let node = try evaluate(expression)
    guard node.levels <= ConfigurationNode.Limit.depth else {
      throw ConfigurationError(
        location: expression.location,
        message: "nested deeper than \(ConfigurationNode.Limit.depth) levels, names put in")
    }
    return node
  }

  private mutating func evaluate(_ expression: PythonExpression) throws(ConfigurationError)
    -> ConfigurationNode
  {
    let place = expression.location
    switch expression.form {
    case .none: return try made(.scalar(text: "null", isQuoted: false), at: place)
    case .truth(let truth):
      return try made(.scalar(text: truth ? "true" : "false", isQuoted: false), at: place)
    case .number(let text): return try made(.scalar(text: text, isQuoted: false), at: place)
    case .text(let text): return try template(text, at: place)
    case .format(let parts): return try format(parts, at: place)
    case .base(let path): return try ofBase(path, at: place)
    case .list(let expressions):
      var elements: [ConfigurationNode] = []
      for expression in expressions { elements.append(try evaluate(expression)) }
      return try made(.sequence(elements), at: place)
    case .dictionary(let entries): return try dictionary(entries, at: place)
    case .name(let name): return try known(name, at: place)
    case .member(let value, let index):
      return try member(index, of: try evaluate(value), value.spelling, at: place)
    case .negative(let value):
      let node = try evaluate(value)
      guard let number = PythonReckoning.Number(node), let result = PythonReckoning.negative(number) else {
        throw failure("'-' before \(node.kind)", at: place)
      }
      return try made(.scalar(text: result.text, isQuoted: false), at: place)
    case .operation(let sign, let left, let right):
      return try operation(sign, try evaluate(left), try evaluate(right), at: place)
    case .comprehension(let element, let name, let values):
      let node = try evaluate(values)
      guard let all = node.elements else {
        throw failure("a list is expected, not \(node.kind)", at: values.location)
      }
      let outer = names[name]
      defer { names[name] = outer }
      var elements: [ConfigurationNode] = []
      for value in all {
        names[name] = .value(value)
        elements.append(try evaluate(element))
      }
      return try made(.sequence(elements), at: place)
    }
  }

  private func failure(_ message: String, at place: SourceLocation) -> ConfigurationError {
    ConfigurationError(location: place, message: message)
  }

  private mutating func made(
    _ value: ConfigurationNode.Value, at place: SourceLocation
  ) throws(ConfigurationError) -> ConfigurationNode {
    var weight = 1
    if case .scalar(let text, _) = value {
      guard text.utf8.count <= Self.textLimit else {
        throw failure("a text of more than \(Self.textLimit) bytes", at: place)
      }
      // Long texts weigh as much as several values.
      weight += text.utf8.count / 256
    }
    try add(weight, at: place)
    return ConfigurationNode(value, at: place)
  }

  private mutating func add(_ weight: Int, at place: SourceLocation) throws(ConfigurationError) {
    count += weight
    guard count <= ConfigurationNode.Limit.nodes else {
      throw failure("more than \(ConfigurationNode.Limit.nodes) values, names put in", at: place)
    }
  }

  private mutating func text(_ text: String, at place: SourceLocation) throws(ConfigurationError)
    -> ConfigurationNode
  {
    // Quoted where it would be something else without quotes.
    let isPlain =
      (try? Scalar.number(text)) == nil && Scalar.truth(text) == nil && text != "None"
      && !Scalar.nulls.contains(text)
    return try made(.scalar(text: text, isQuoted: !isPlain), at: place)
  }

  private mutating func known(_ name: String, at place: SourceLocation) throws(ConfigurationError)
    -> ConfigurationNode
  {
    switch names[name] {
    case .value(let node):
      try add(node.weight, at: place)
      return node
    case .unreadable(let line):
      throw failure("'\(name.shown)' is of line \(line), which cannot be read", at: place)
    case nil:
      if name == "_base_" {
        guard let base else { throw failure("'_base_' names no file", at: place) }
        try add(base.weight, at: place)
        return base
      }
      throw failure("'\(name.shown)' is not assigned before this line", at: place)
    }
  }

  // MARK: Members

  /// Sets a value of the bases.
  ///
  /// - Parameter target: `_base_.a['b'][0]`.
  mutating func changeBase(
    _ target: PythonExpression, to value: ConfigurationNode
  ) throws(ConfigurationError) {
    guard let base, let steps = target.steps(below: "_base_") else {
      throw failure("'_base_' names no file", at: target.location)
    }
    var texts: [String] = []
    for step in steps {
      guard case .scalar(let text, _) = try evaluate(step).value else {
        throw failure("a key or a place in a list is expected", at: step.location)
      }
      texts.append(text)
    }
    guard let changed = base.changing(texts[...], to: value) else {
      throw failure("no base has '\(texts.joined(separator: ".").shown)'", at: target.location)
    }
    self.base = changed
  }

  private mutating func member(
    _ index: PythonExpression, of node: ConfigurationNode, _ name: String, at place: SourceLocation
  ) throws(ConfigurationError) -> ConfigurationNode {
    let key = try evaluate(index)
    guard case .scalar(let text, _) = key.value else {
      throw failure("a key or a place in a list is expected, not \(key.kind)", at: index.location)
    }
    if node.entries != nil {
      guard let found = node[text] else { throw failure("\(name) has no '\(text.shown)'", at: place) }
      return found
    }
    guard let elements = node.elements, let number = key.int else {
      throw failure("\(name) has no '\(text.shown)'", at: place)
    }
    let (sum, isBeyond) = number.addingReportingOverflow(number < 0 ? elements.count : 0)
    guard !isBeyond, elements.indices.contains(sum) else {
      throw failure("\(name) has \(elements.count) elements, and none at place \(number)", at: place)
    }
    return elements[sum]
  }

  private mutating func ofBase(_ path: String, at place: SourceLocation) throws(ConfigurationError)
    -> ConfigurationNode
  {
    guard let base else { throw failure("'_base_' names no file", at: place) }
    guard let found = base.node(at: path) else { throw failure("no base has '\(path.shown)'", at: place) }
    try add(found.weight, at: place)
    return found
  }

  private mutating func dictionary(
    _ entries: [PythonExpression.Entry], at place: SourceLocation
  ) throws(ConfigurationError) -> ConfigurationNode {
    var result: [ConfigurationNode.Entry] = []
    var places: [String: Int] = [:]
    func set(_ entry: ConfigurationNode.Entry) {
      if let index = places[entry.key] {
        result[index] = entry
      } else {
        places[entry.key] = result.count
        result.append(entry)
      }
    }
    for entry in entries {
      let value = try evaluate(entry.value)
      guard let expression = entry.key else {
        guard let others = value.entries else {
          throw failure("a dictionary is expected, not \(value.kind)", at: entry.value.location)
        }
        for other in others { set(other) }
        continue
      }
      let key = try evaluate(expression)
      guard case .scalar(let text, _) = key.value else {
        throw failure("a key is a text or a number, not \(key.kind)", at: expression.location)
      }
      set(ConfigurationNode.Entry(key: text, location: expression.location, value: value))
    }
    return try made(.mapping(result), at: place)
  }

  // MARK: Texts

  /// A text with what mm puts in for double braces; nothing else is in it.
  private mutating func template(_ whole: String, at place: SourceLocation) throws(ConfigurationError)
    -> ConfigurationNode
  {
    guard whole.contains("{{") else { return try text(whole, at: place) }
    let pieces = PythonTemplate.pieces(whole)
    if pieces.count == 1, pieces[0].isInner, let path = PythonTemplate.basePath(pieces[0].text) {
      return try ofBase(path, at: place)
    }
    var result = ""
    for piece in pieces {
      guard piece.isInner else {
        result += piece.text
        continue
      }
      if let path = PythonTemplate.basePath(piece.text) {
        result += try spelled(try ofBase(path, at: place), at: place)
      } else if let fact = fileFact(piece.text) {
        result += fact
      } else {
        throw failure("'{{\(piece.text.shown)}}' is not known", at: place)
      }
    }
    return try text(result, at: place)
  }

  /// mm's names for the file's own.
  private func fileFact(_ name: String) -> String? {
    let url = URL(fileURLWithPath: file)
    return switch name.trimmingCharacters(in: .whitespaces) {
    case "fileDirname": url.deletingLastPathComponent().path
    case "fileBasename": url.lastPathComponent
    case "fileBasenameNoExtension": url.deletingPathExtension().lastPathComponent
    case "fileExtname": ".\(url.pathExtension)"
    default: nil
    }
  }

  private mutating func format(
    _ parts: [PythonToken.FormatPart], at place: SourceLocation
  ) throws(ConfigurationError) -> ConfigurationNode {
    var result = ""
    for part in parts {
      switch part {
      case .text(let text): result += text
      case .name(let dotted):
        let steps = dotted.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        var node = try known(steps[0], at: place)
        for step in steps.dropFirst() {
          node = try member(
            PythonExpression(form: .text(step), location: place), of: node, "'\(steps[0].shown)'", at: place)
        }
        result += try spelled(node, at: place)
      }
      guard result.utf8.count <= Self.textLimit else {
        throw failure("a text of more than \(Self.textLimit) bytes", at: place)
      }
    }
    return try text(result, at: place)
  }

  /// A scalar as Python writes it into a text.
  private func spelled(_ node: ConfigurationNode, at place: SourceLocation) throws(ConfigurationError)
    -> String
  {
    guard case .scalar(let text, let isQuoted) = node.value else {
      throw failure("\(node.kind) within a text", at: place)
    }
    if isQuoted { return text }
    return ["null": "None", "true": "True", "false": "False"][text] ?? text
  }

  // MARK: Operations

  private mutating func operation(
    _ sign: String, _ left: ConfigurationNode, _ right: ConfigurationNode, at place: SourceLocation
  ) throws(ConfigurationError) -> ConfigurationNode {
    if let a = PythonReckoning.Number(left), let b = PythonReckoning.Number(right) {
      guard let result = PythonReckoning.result(sign, a, b) else {
        throw failure("\(a.text) \(sign) \(b.text) is no number that can be held", at: place)
      }
      return try made(.scalar(text: result.text, isQuoted: false), at: place)
    }
    switch (sign, left.value, right.value) {
    case ("+", .sequence(let a), .sequence(let b)): return try made(.sequence(a + b), at: place)
    case ("+", .scalar(let a, _), .scalar(let b, _)) where left.isText && right.isText:
      return try text(a + b, at: place)
    case ("*", .sequence(let elements), _):
      if let times = right.int { return try repeated(elements, times, at: place) }
    case ("*", _, .sequence(let elements)):
      if let times = left.int { return try repeated(elements, times, at: place) }
    default: break
    }
    throw failure("\(left.kind) \(sign) \(right.kind) would have to be run", at: place)
  }

  private mutating func repeated(
    _ elements: [ConfigurationNode], _ times: Int, at place: SourceLocation
  ) throws(ConfigurationError) -> ConfigurationNode {
    let times = max(0, times)
    let weight = elements.reduce(1) { $0 + $1.weight }
    let (all, isBeyond) = weight.multipliedReportingOverflow(by: times)
    try add(
      isBeyond ? ConfigurationNode.Limit.nodes + 1 : min(all, ConfigurationNode.Limit.nodes + 1), at: place)
    return try made(.sequence((0..<times).flatMap { _ in elements }), at: place)
  }
}

extension PythonExpression {
  /// The keys and places behind a name, the first first; nil for anything else.
  func steps(below root: String) -> [PythonExpression]? {
    switch form {
    case .name(root): []
    case .member(let value, let index): value.steps(below: root).map { $0 + [index] }
    default: nil
    }
  }
}

extension ConfigurationNode {
  /// The tree with another value at a path, whose last step may be a new key; nil where the path leads nowhere.
  fileprivate func changing(_ steps: ArraySlice<String>, to new: ConfigurationNode) -> ConfigurationNode? {
    guard let step = steps.first else { return new }
    let rest = steps.dropFirst()
    if entries != nil {
      guard let inner = self[step] else { return rest.isEmpty ? setting(step, to: new) : nil }
      return inner.changing(rest, to: new).map { setting(step, to: $0) }
    }
    guard var elements, let number = Int(step) else { return nil }
    let (place, isBeyond) = number.addingReportingOverflow(number < 0 ? elements.count : 0)
    guard !isBeyond, elements.indices.contains(place), let inner = elements[place].changing(rest, to: new)
    else {
      return nil
    }
    elements[place] = inner
    return ConfigurationNode(.sequence(elements), at: location, keyPath: keyPath)
  }

  /// Values in it, long texts counted several times.
  fileprivate var weight: Int {
    switch value {
    case .scalar(let text, _): 1 + text.utf8.count / 256
    case .sequence(let elements): elements.reduce(1) { $0 + $1.weight }
    case .mapping(let entries): entries.reduce(1) { $0 + 1 + $1.value.weight }
    }
  }

  /// How deep it is nested; a scalar has one level.
  fileprivate var levels: Int {
    switch value {
    case .scalar: 1
    case .sequence(let elements): 1 + (elements.map(\.levels).max() ?? 0)
    case .mapping(let entries): 1 + (entries.map(\.value.levels).max() ?? 0)
    }
  }

  /// Whether it is a Python text, no number, truth value or None.
  fileprivate var isText: Bool {
    guard case .scalar(let text, let isQuoted) = value else { return false }
    return isQuoted || (double == nil && bool == nil && !Scalar.nulls.contains(text))
  }
}

/// Arithmetic as Python has it.
enum PythonReckoning {
  /// A whole number or one with a fraction.
  enum Number {
    case whole(Int)
    case real(Double)

    /// The number of an unquoted scalar.
    init?(_ node: ConfigurationNode) {
      guard case .scalar(let text, false) = node.value else { return nil }
      if let whole = Int(text) {
        self = .whole(whole)
      } else if let real = node.double {
        self = .real(real)
      } else {
        return nil
      }
    }

    var value: Double {
      switch self {
      case .whole(let number): Double(number)
      case .real(let number): number
      }
    }

    /// As YAML has it.
    var text: String {
      switch self {
      case .whole(let number): "\(number)"
      case .real(let number): "\(number)"
      }
    }
  }

  static func negative(_ number: Number) -> Number? {
    switch number {
    case .whole(let number):
      let (result, isBeyond) = Int(0).subtractingReportingOverflow(number)
      return isBeyond ? nil : .whole(result)
    case .real(let number): return .real(-number)
    }
  }

  /// Nil where there is no such number.
  static func result(_ sign: String, _ a: Number, _ b: Number) -> Number? {
    if case .whole(let x) = a, case .whole(let y) = b, sign != "/" { return whole(sign, x, y) }
    let (x, y) = (a.value, b.value)
    let result: Double
    switch sign {
    case "+": result = x + y
    case "-": result = x - y
    case "*": result = x * y
    case "/": result = x / y
    case "//": result = (x / y).rounded(.down)
    case "%": result = x - y * (x / y).rounded(.down)
    case "**": result = pow(x, y)
    default: return nil
    }
    return result.isFinite ? .real(result) : nil
  }

  private static func whole(_ sign: String, _ x: Int, _ y: Int) -> Number? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) -> Number? {
      result.overflow ? nil : .whole(result.partialValue)
    }
    switch sign {
    case "+": return checked(x.addingReportingOverflow(y))
    case "-": return checked(x.subtractingReportingOverflow(y))
    case "*": return checked(x.multipliedReportingOverflow(by: y))
    case "//", "%":
      let (quotient, isBeyond) = x.dividedReportingOverflow(by: y)
      guard !isBeyond else { return nil }
      // Towards minus infinity, and a rest with the divisor's sign.
      let rest = x.remainderReportingOverflow(dividingBy: y).partialValue
      let isBelow = rest != 0 && (rest < 0) != (y < 0)
      return .whole(sign == "//" ? quotient - (isBelow ? 1 : 0) : rest + (isBelow ? y : 0))
    case "**":
      guard y >= 0 else {
        let result = pow(Double(x), Double(y))
        return result.isFinite ? .real(result) : nil
      }
      guard abs(Double(x)) > 1 else {
        return .whole(x == 0 ? (y == 0 ? 1 : 0) : (x < 0 && y % 2 == 1 ? -1 : 1))
      }
      guard y < 64 else { return nil }
      var power = 1
      for _ in 0..<y {
        let (next, isBeyond) = power.multipliedReportingOverflow(by: x)
        guard !isBeyond else { return nil }
        power = next
      }
      return .whole(power)
    default: return nil
    }
  }
}
