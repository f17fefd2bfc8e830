import Foundation

/// What a run says: on the terminal, unless quiet, and in the log file.
public final class RunLog {
  private let file: AppendedFile?
  private let isQuiet: Bool
  private let progress: ProgressLine
  private let formatter: DateFormatter

  /// A log.
  ///
  /// - Parameter path: The log file; nil for none.
  /// - Throws: `TrainingError` when the file cannot be opened.
  init(path: String?, isQuiet: Bool, progress: ProgressLine) throws {
    file = try path.map { try AppendedFile(path: $0) }
    self.isQuiet = isQuiet
    self.progress = progress
    formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy/MM/dd HH:mm:ss"
  }

  /// A line with the time in front.
  public func info(_ text: String) { plain("\(formatter.string(from: Date())) - dense - INFO - \(text)") }

  /// A warning with the time in front.
  public func warning(_ text: String) {
    plain("\(formatter.string(from: Date())) - dense - WARNING - \(text)")
  }

  /// A line as it is.
  public func plain(_ text: String) {
    file?.write(line: text)
    guard !isQuiet else { return }
    progress.clear()
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }
}
