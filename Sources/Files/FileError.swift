/// Why a file cannot be read or written.
public struct FileError: Error, Equatable, CustomStringConvertible, Sendable {
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
  public var description: String { "\(file): \(message)" }
}
