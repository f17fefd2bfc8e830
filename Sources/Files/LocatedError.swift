/// Where an error belongs: what does not apply is nil.
public struct ErrorPlace: Hashable, Sendable, Encodable {
  /// The file at fault, as the user named it.
  public var file: String?
  /// The line, from 1.
  public var line: Int?
  /// The column, from 1.
  public var column: Int?
  /// The key of a config, as a path from the top: `model.backbone.type`.
  public var key: String?

  /// A place; what does not apply is left out.
  public init(file: String? = nil, line: Int? = nil, column: Int? = nil, key: String? = nil) {
    (self.file, self.line, self.column, self.key) = (file, line, column, key)
  }
}

/// An error that knows where it belongs: what every room throws, and what the command prints as text and as JSON.
public protocol LocatedError: Error, CustomStringConvertible, Sendable {
  /// What is wrong and what would be right, without the place.
  var message: String { get }
  /// Where it belongs.
  var place: ErrorPlace { get }
  /// All of them, where one error stands for several; else none.
  var parts: [any LocatedError] { get }
}

extension LocatedError {
  /// An error on its own.
  public var parts: [any LocatedError] { [] }
}
