import Files

/// What is wrong with a checkpoint file, or between it and a model.
public struct CheckpointError: LocatedError {
  /// The file.
  public let file: String
  /// What was found and what would be right.
  public let message: String

  /// An error about one file.
  public init(file: String, _ message: String) {
    self.file = file
    self.message = message
  }

  /// File and message.
  public var description: String { "\(file.printedWhole): \(message)" }
  /// The file.
  public var place: ErrorPlace { ErrorPlace(file: file) }
}
