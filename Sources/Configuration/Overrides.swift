/// One `KEY=VALUE` of `--cfg-options`.
struct Override {
  /// A step of the key's path, and where it begins in the argument.
  private struct Step {
    var name: String
    var column: Int
  }

  private let steps: [Step]
  private let value: ConfigurationNode
  private let place: SourceLocation

  /// Reads an argument.
  ///
  /// - Parameter number: Which of the arguments it is, from 1.
  /// - Throws: `ConfigurationError` with the argument and the column.
  init(_ argument: String, number: Int) throws {
    let place = SourceLocation(file: "--cfg-options[\(number)]", line: 1, column: 1, argument: argument)
    func failure(_ message: String, column: Int) -> ConfigurationError {
      ConfigurationError(
        location: place.at(column), message: message,
        hint: "Write it as key.path=value, such as model.backbone.depths=[2,2,9,2].")
    }
    self.place = place
    var steps: [Step] = []
    let characters = Array(argument)
    var index = 0
    repeat {
      let start = index
      var name = ""
      if index < characters.count, characters[index] == "'" || characters[index] == "\"" {
        // A step in quotes may hold dots and equals signs.
        let quote = characters[index]
        index += 1
        while index < characters.count, characters[index] != quote {
          name.append(characters[index])
          index += 1
        }
        guard index < characters.count else { throw failure("a quote that is not closed", column: start + 1) }
        index += 1
        guard index == characters.count || "=.".contains(characters[index]) else {
          throw failure("a '.' or '=' is expected behind the quote", column: index + 1)
        }
      } else {
        while index < characters.count, !"=.".contains(characters[index]) {
          name.append(characters[index])
          index += 1
        }
      }
      guard index < characters.count else { throw failure("no '='", column: index + 1) }
      guard !name.isEmpty else { throw failure("an empty step in the key", column: start + 1) }
      steps.append(Step(name: name, column: start + 1))
      index += 1
    } while characters[index - 1] == "."
    self.steps = steps
    let text = String(characters[index...])
    let offset = index
    do {
      value = try ConfigurationNode.parse(text.isEmpty ? "\"\"" : text, file: place.file)
        .placed { $0.line <= 1 ? place.at(offset + max(1, $0.column)) : place.at(offset + 1) }
    } catch let error as ConfigurationError {
      // A place behind the first line, or none, is that of the value's beginning.
      let column = error.location.map { $0.line == 1 ? $0.column : 1 } ?? 1
      throw failure(error.message, column: offset + min(max(1, column), max(1, text.count + 1)))
    }
    if let odd = value.firstUnbalanced {
      throw failure("a parenthesis without its other one", column: odd.column)
    }
  }

  /// The tree with the value in its place.
  ///
  /// - Throws: `ConfigurationError` where the path leads nowhere.
  func applied(to node: ConfigurationNode) throws -> ConfigurationNode { try applied(to: node, steps[...]) }

  private func applied(to node: ConfigurationNode, _ rest: ArraySlice<Step>) throws -> ConfigurationNode {
    guard let step = rest.first else { return try node.merged(with: value) }
    func failure(_ message: String, _ hint: String? = nil) -> ConfigurationError {
      ConfigurationError(
        location: place.at(step.column), keyPath: steps.map(\.name).joined(separator: "."), message: message,
        hint: hint)
    }
    switch node.value {
    case .sequence(var elements):
      guard let index = Int(step.name), elements.indices.contains(index) else {
        throw failure("'\(step.name)' is no position in a list of \(elements.count)")
      }
      elements[index] = try applied(to: elements[index], rest.dropFirst())
      return ConfigurationNode(.sequence(elements), at: node.location)
    case .mapping, .scalar:
      if case .scalar = node.value, !node.isNull {
        throw failure("'\(step.name)' is below \(node.kind), which holds no keys")
      }
      if let inner = node[step.name] {
        return node.setting(step.name, to: try applied(to: inner, rest.dropFirst()))
      }
      let joined = (1...rest.count).map { rest.prefix($0).map(\.name).joined(separator: ".") }
      if let dotted = joined.first(where: { node[$0] != nil }) {
        throw failure("the key '\(dotted)' holds a dot", "Put it in quotes: \"\(dotted)\".")
      }
      let inner = ConfigurationNode(.mapping([]), at: value.location)
      return node.setting(step.name, to: rest.count == 1 ? value : try applied(to: inner, rest.dropFirst()))
    }
  }
}

extension SourceLocation {
  /// The same argument at another column.
  fileprivate func at(_ column: Int) -> SourceLocation {
    SourceLocation(file: file, line: line, column: column, argument: argument)
  }
}

extension ConfigurationNode {
  /// The same tree with other places.
  fileprivate func placed(_ place: (SourceLocation) -> SourceLocation) -> ConfigurationNode {
    switch value {
    case .scalar: ConfigurationNode(value, at: place(location))
    case .sequence(let elements):
      ConfigurationNode(.sequence(elements.map { $0.placed(place) }), at: place(location))
    case .mapping(let entries):
      ConfigurationNode(
        .mapping(
          entries.map { Entry(key: $0.key, location: place($0.location), value: $0.value.placed(place)) }),
        at: place(location))
    }
  }

  /// Where a text without quotes has one half of a pair of parentheses: most likely a tuple of Python's, cut up by YAML.
  fileprivate var firstUnbalanced: SourceLocation? {
    switch value {
    case .scalar(let text, let isQuoted):
      let depth = text.reduce(0) { $1 == "(" ? $0 + 1 : $1 == ")" ? $0 - 1 : $0 }
      return isQuoted || depth == 0 ? nil : location
    case .sequence(let elements): return elements.lazy.compactMap(\.firstUnbalanced).first
    case .mapping(let entries): return entries.lazy.compactMap(\.value.firstUnbalanced).first
    }
  }
}
