/// Where something was written.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
  /// Path of the file; of a value on the command line which one it is, such as `--cfg-options[2]`.
  public var file: String
  /// From 1; 0 when the whole file is meant.
  public var line: Int
  /// From 1.
  public var column: Int
  /// The text of the argument, where it was written on the command line.
  public var argument: String?

  /// A place in a file.
  public init(file: String, line: Int = 0, column: Int = 0, argument: String? = nil) {
    (self.file, self.line, self.column, self.argument) = (file, line, column, argument)
  }

  /// `file:line:column`; of an argument `--cfg-options[2] 'model.x=1':9`, the column in the argument.
  public var description: String {
    if let argument { return "\(file) '\(argument.shown)':\(column)" }
    return line > 0 ? "\(file):\(line):\(column)" : file
  }
}

/// What is wrong in a config: where, which key, what was found, what is legal.
public struct ConfigurationError: Error, CustomStringConvertible, Sendable {
  /// Where it was written.
  public var location: SourceLocation?
  /// The key, as a path from the top: `model.backbone.type`.
  public var keyPath: String
  /// What was found.
  public var message: String
  /// What is legal, or the nearest names.
  public var hint: String?
  /// The key that is missing, where that is what is wrong.
  var missingKey: String?
  /// Whether the value was read, but breaks a rule of its component.
  var isRule = false
  /// What else is wrong in the same mapping, where it was found at the same time.
  var others: [ConfigurationError] = []

  /// An error about one place.
  public init(location: SourceLocation? = nil, keyPath: String = "", message: String, hint: String? = nil) {
    (self.location, self.keyPath, self.message, self.hint) = (location, keyPath, message, hint)
  }

  /// `file:line:column: key.path: message`, an argument with a caret under the column, and the hint on a line of its
  /// own.
  public var description: String {
    let first = [
      location.map { "\($0): " }, keyPath.isEmpty ? nil : "\(keyPath.shown(Self.limit)): ",
      message.shown(Self.limit),
    ]
    return first.compactMap { $0 }.joined() + caret + (hint.map { "\n  \($0.shown(Self.limit))" } ?? "")
  }

  /// Letters of a part of a message: what a config holds may be of any length.
  private static var limit: Int { 4000 }

  private var caret: String {
    guard let location, let argument = location.argument, location.column > 0 else { return "" }
    // Of a long argument, what is around the place.
    let start = max(0, location.column - 1 - 150)
    let window = argument.dropFirst(start).prefix(300)
    let shown = window.map { $0.isNewline || $0 == "\t" ? " " : String($0) }.joined()
    return "\n  \(shown)\n  \(String(repeating: " ", count: location.column - 1 - start))^"
  }
}

/// All that is wrong in a config, in the order of its places.
public struct ConfigurationErrors: Error, CustomStringConvertible, Sendable {
  /// The mistakes, two or more.
  public let errors: [ConfigurationError]

  /// As many are shown.
  private static let limit = 30

  /// Throws what is wrong: nothing, the one mistake, or all of them together.
  ///
  /// - Throws: `ConfigurationError`, or `ConfigurationErrors` when there are more.
  public static func report(_ errors: [ConfigurationError]) throws {
    var seen: Set<String> = []
    let sorted = errors.enumerated().filter { seen.insert($0.element.description).inserted }
      .sorted { a, b in (place(a.element), a.offset) < (place(b.element), b.offset) }.map(\.element)
    switch sorted.count {
    case 0: return
    case 1: throw sorted[0]
    default: throw ConfigurationErrors(errors: sorted)
    }
  }

  private static func place(_ error: ConfigurationError) -> Place {
    Place(
      file: error.location?.file ?? "", line: error.location?.line ?? 0, column: error.location?.column ?? 0)
  }

  private struct Place: Comparable {
    var file: String
    var line, column: Int

    static func < (a: Place, b: Place) -> Bool { (a.file, a.line, a.column) < (b.file, b.line, b.column) }
  }

  /// How many there are, and each on a line of its own.
  public var description: String {
    let shown = errors.prefix(Self.limit).map { "\n\($0)" }.joined()
    let rest = errors.count > Self.limit ? "\n… and \(errors.count - Self.limit) more" : ""
    return "\(errors.count) mistakes in the config:\(shown)\(rest)"
  }
}
