/// Why a run cannot start or cannot go on.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  /// What was found and what would be right.
  public let message: String

  /// An error with its message.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}
