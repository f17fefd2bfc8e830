import Files

/// Why a run cannot start or cannot go on.
public struct TrainingError: LocatedError {
  /// What was found and what would be right.
  public let message: String

  /// An error with its message.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
  /// It belongs to no place in a file.
  public var place: ErrorPlace { ErrorPlace() }
}
