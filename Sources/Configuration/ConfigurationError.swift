/// Where something was written. Command-line values have the file `--cfg-options`.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
  /// Path of the file.
  public var file: String
  /// From 1; 0 when the whole file is meant.
  public var line: Int
  /// From 1.
  public var column: Int

  /// A place in a file.
  public init(file: String, line: Int = 0, column: Int = 0) {
    (self.file, self.line, self.column) = (file, line, column)
  }

  /// `file:line:column`
  public var description: String { line > 0 ? "\(file):\(line):\(column)" : file }
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

  /// An error about one place.
  public init(location: SourceLocation? = nil, keyPath: String = "", message: String, hint: String? = nil) {
    (self.location, self.keyPath, self.message, self.hint) = (location, keyPath, message, hint)
  }

  /// `file:line:column: key.path: message`, and the hint on a line of its own.
  public var description: String {
    [location.map { "\($0): " }, keyPath.isEmpty ? nil : "\(keyPath): ", message, hint.map { "\n  \($0)" }]
      .compactMap { $0 }.joined()
  }
}
