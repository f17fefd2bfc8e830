import CLibYAML

extension ConfigurationNode {
  /// Limits of what is read (own; a config is far below them).
  enum Limit {
    static let bytes = 4 << 20
    static let depth = 100
    static let nodes = 100_000
  }

  /// Reads YAML text, and so JSON text, which errors call `file`.
  ///
  /// - Throws: `ConfigurationError` with line and column.
  public static func parse(_ text: String, file: String) throws -> ConfigurationNode {
    try parse(Array(text.utf8), file: file)
  }

  static func parse(_ bytes: [UInt8], file: String) throws -> ConfigurationNode {
    guard bytes.count <= Limit.bytes else {
      throw ConfigurationError(
        location: SourceLocation(file: file),
        message: "\(bytes.count) bytes, more than the \(Limit.bytes) a config may have")
    }
    if let position = bytes.firstIndex(of: 0) {
      throw ConfigurationError(
        location: SourceLocation(file: file), message: "a NUL byte at byte \(position)",
        hint: "Save it as UTF-8.")
    }
    if let position = invalidUTF8(bytes) {
      throw ConfigurationError(
        location: SourceLocation(file: file), message: "not UTF-8 at byte \(position)",
        hint: "Save it as UTF-8.")
    }
    // Windows' editors write a mark before UTF-8; it is no part of the text.
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    var reader = YAMLReader(bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes, file: file)
    return try reader.document().rooted(at: "")
  }

  private static func invalidUTF8(_ bytes: [UInt8]) -> Int? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    var parser = Unicode.UTF8.ForwardParser()
    var rest = bytes.makeIterator()
    var position = 0
    while case .valid(let scalar) = parser.parseScalar(from: &rest) { position += scalar.count }
    return position
  }
}

/// libyaml's events, made into nodes.
private struct YAMLReader {
  private let bytes: [UInt8]
  private let file: String
  private var anchors: [String: (node: ConfigurationNode, size: Int, depth: Int)] = [:]
  private var openAnchors: Set<String> = []
  private var nodes = 0
  /// The deepest level of the value that is being read.
  private var deepest = 0

  init(_ bytes: [UInt8], file: String) { (self.bytes, self.file) = (bytes, file) }

  /// An event, copied out of libyaml's.
  private struct Event {
    enum Kind {
      case streamStart, streamEnd, documentStart, documentEnd, alias(String), sequenceEnd, mappingEnd
      case scalar(text: String, isQuoted: Bool, anchor: String?, tag: String?)
      case sequenceStart(anchor: String?, tag: String?)
      case mappingStart(anchor: String?, tag: String?)
    }
    var kind: Kind
    var location: SourceLocation
  }

  mutating func document() throws -> ConfigurationNode {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else {
      throw ConfigurationError(location: SourceLocation(file: file), message: "out of memory")
    }
    defer { yaml_parser_delete(&parser) }
    return try bytes.withUnsafeBufferPointer { buffer in
      yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      _ = try next(&parser)
      let start = try next(&parser)
      guard case .documentStart = start.kind else {
        throw ConfigurationError(
          location: SourceLocation(file: file), message: "is empty",
          hint: "One document, a mapping, is expected.")
      }
      let root = try node(try next(&parser), &parser, depth: 1)
      _ = try next(&parser)
      let end = try next(&parser)
      guard case .streamEnd = end.kind else {
        throw ConfigurationError(
          location: end.location, message: "a second document begins here", hint: "One document is expected.")
      }
      return root
    }
  }

  private func next(_ parser: inout yaml_parser_t) throws -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(&parser, &event) == 1 else {
      let problem = parser.problem.map { String(cString: $0) } ?? "not valid YAML"
      let mark = parser.problem_mark
      let location = SourceLocation(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
      throw ConfigurationError(location: location, message: problem, hint: excerpt(location))
    }
    defer { yaml_event_delete(&event) }
    func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
      pointer.map { String(cString: $0) }
    }
    let location = SourceLocation(
      file: file, line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1)
    let kind: Event.Kind
    switch event.type {
    case YAML_STREAM_START_EVENT: kind = .streamStart
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_ALIAS_EVENT: kind = .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart(
        anchor: text(event.data.sequence_start.anchor), tag: text(event.data.sequence_start.tag))
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart(
        anchor: text(event.data.mapping_start.anchor), tag: text(event.data.mapping_start.tag))
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = scalar.value.map {
        String(decoding: UnsafeBufferPointer(start: $0, count: Int(scalar.length)), as: UTF8.self)
      }
      kind = .scalar(
        text: value ?? "", isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE, anchor: text(scalar.anchor),
        tag: text(scalar.tag))
    default: kind = .documentEnd
    }
    return Event(kind: kind, location: location)
  }

  private mutating func node(
    _ event: Event, _ parser: inout yaml_parser_t, depth: Int
  ) throws -> ConfigurationNode {
    guard depth <= ConfigurationNode.Limit.depth else {
      throw failure(event, "nested deeper than \(ConfigurationNode.Limit.depth) levels")
    }
    try count(1, event)
    let before = nodes
    let outside = deepest
    deepest = depth
    defer { deepest = max(deepest, outside) }
    switch event.kind {
    case .alias(let name):
      guard !openAnchors.contains(name) else {
        throw failure(event, "the alias *\(name.shown) refers to itself")
      }
      guard let (node, size, levels) = anchors[name] else {
        throw failure(event, "no anchor &\(name.shown) before this alias")
      }
      try count(size, event)
      guard depth + levels - 1 <= ConfigurationNode.Limit.depth else {
        throw failure(event, "nested deeper than \(ConfigurationNode.Limit.depth) levels, aliases put in")
      }
      deepest = max(deepest, depth + levels - 1)
      return node
    case .scalar(let text, let isQuoted, let anchor, let tag):
      let isText = try check(tag, event, allowed: ["str", "int", "float", "bool", "null"]) == "str"
      let node = ConfigurationNode(.scalar(text: text, isQuoted: isQuoted || isText), at: event.location)
      if let anchor { anchors[anchor] = (node, 1, 1) }
      return node
    case .sequenceStart(let anchor, let tag):
      // A tuple is a list, as mmengine writes it when it dumps a config.
      try check(tag, event, allowed: ["seq", "python/tuple"])
      if let anchor { openAnchors.insert(anchor) }
      var elements: [ConfigurationNode] = []
      while true {
        let event = try next(&parser)
        if case .sequenceEnd = event.kind { break }
        elements.append(try node(event, &parser, depth: depth + 1))
      }
      return close(
        ConfigurationNode(.sequence(elements), at: event.location), anchor, size: nodes - before + 1, depth)
    case .mappingStart(let anchor, let tag):
      try check(tag, event, allowed: ["map"])
      if let anchor { openAnchors.insert(anchor) }
      let entries = try mapping(&parser, depth: depth)
      return close(
        ConfigurationNode(.mapping(entries), at: event.location), anchor, size: nodes - before + 1, depth)
    case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
      throw failure(event, "a value is expected here")
    }
  }

  private mutating func mapping(
    _ parser: inout yaml_parser_t, depth: Int
  ) throws -> [ConfigurationNode.Entry] {
    var entries: [ConfigurationNode.Entry] = []
    var places: [String: SourceLocation] = [:]
    var merged: [ConfigurationNode.Entry] = []
    while true {
      let event = try next(&parser)
      if case .mappingEnd = event.kind { break }
      guard case .scalar(let key, let isQuoted, _, _) = event.kind else {
        throw failure(event, "a key must be a word, not a list, mapping or alias")
      }
      let value = try node(try next(&parser), &parser, depth: depth + 1)
      if key == "<<", !isQuoted {
        for source in value.elements ?? [value] {
          guard let more = source.entries else {
            throw failure(event, "'<<' merges mappings, not \(source.kind)")
          }
          merged += more
        }
        continue
      }
      if let first = places[key] {
        throw failure(event, "the key '\(key.shown)' stands in this mapping already, at line \(first.line)")
      }
      places[key] = event.location
      entries.append(.init(key: key, location: event.location, value: value))
    }
    for entry in merged where places[entry.key] == nil {
      places[entry.key] = entry.location
      entries.append(entry)
    }
    return entries
  }

  private mutating func close(
    _ node: ConfigurationNode, _ anchor: String?, size: Int, _ depth: Int
  ) -> ConfigurationNode {
    if let anchor {
      openAnchors.remove(anchor)
      anchors[anchor] = (node, size, deepest - depth + 1)
    }
    return node
  }

  private mutating func count(_ more: Int, _ event: Event) throws {
    nodes += more
    guard nodes <= ConfigurationNode.Limit.nodes else {
      throw failure(event, "more than \(ConfigurationNode.Limit.nodes) values, aliases counted in full")
    }
  }

  /// The core tag's short name; other tags are refused.
  @discardableResult
  private func check(_ tag: String?, _ event: Event, allowed: [String]) throws -> String? {
    guard let tag, tag != "!" else { return nil }
    let prefix = "tag:yaml.org,2002:"
    guard tag.hasPrefix(prefix), allowed.contains(String(tag.dropFirst(prefix.count))) else {
      throw failure(
        event, "the tag '\(tag.shown)' is not used in configs",
        hint: "Write the value itself, without a tag: text, numbers, true, false, null, lists and mappings.")
    }
    return String(tag.dropFirst(prefix.count))
  }

  private func failure(_ event: Event, _ message: String, hint: String? = nil) -> ConfigurationError {
    ConfigurationError(location: event.location, message: message, hint: hint)
  }

  /// The line with a caret under the column.
  private func excerpt(_ location: SourceLocation) -> String? {
    let lines = bytes.split(separator: 0x0a, maxSplits: location.line, omittingEmptySubsequences: false)
    guard location.line >= 1, location.line <= lines.count else { return nil }
    let text = lines[location.line - 1].prefix(200)
    let line = String(decoding: text.last == 0x0d ? text.dropLast() : text, as: UTF8.self)
    guard location.column <= line.count + 1 else { return nil }
    let shown = line.replacing("\t", with: "→")
    return shown + "\n  " + String(repeating: " ", count: max(0, location.column - 1)) + "^"
  }
}
