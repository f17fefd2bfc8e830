import Files

/// A fault in an annotation file, in a result file, or in what is asked of them.
public struct CocoError: Error, Sendable, Equatable {
  /// The file at fault, as the user named it.
  public var file: String?
  /// The line, from 1, where the text itself is at fault.
  public var line: Int?
  /// The byte within the line, from 1.
  public var column: Int?
  /// What is wrong, and what would be right.
  public var message: String

  /// An error with a message, and where it belongs to one, in a file.
  public init(_ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil) {
    self.message = message
    self.file = file
    self.line = line
    self.column = column
  }
}

extension CocoError: LocatedError {
  /// The file, and the place in it.
  public var place: ErrorPlace { ErrorPlace(file: file, line: line, column: column) }

  /// `file:line:column: message`, as far as they are known.
  public var description: String {
    let place = [file?.printedWhole, line.map(String.init), column.map(String.init)].compactMap { $0 }
    return (place + [" " + message]).joined(separator: ":").trimmingPrefix(" ").description
  }
}

extension CocoError {
  /// The first ten of many ids, for a message: "3, 7, 12, ... (40 in all)".
  static func list(_ ids: some Collection<Int>) -> String {
    let shown = ids.prefix(10).map(String.init).joined(separator: ", ")
    return ids.count > 10 ? "\(shown), ... (\(ids.count) in all)" : shown
  }
}
