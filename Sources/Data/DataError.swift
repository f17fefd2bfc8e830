import Files

/// Something wrong with the data: names the file, says what is wrong and what would be right.
public struct DataError: LocatedError, Equatable {
  /// The file that the message is about, if there is one.
  public let file: String?
  /// What is wrong.
  public let message: String

  /// An error about a file.
  public init(file: String?, _ message: String) {
    self.file = file
    self.message = message
  }

  /// File and message.
  public var description: String { file.map { "\($0.printedWhole): \(message)" } ?? message }
  /// The file, if there is one.
  public var place: ErrorPlace { ErrorPlace(file: file) }
}
